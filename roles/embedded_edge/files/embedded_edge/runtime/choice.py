# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version of a deployment answers a request.

Two request headers of the platform take part, on requests from outside and on those of service bindings:
``Cloudflare-Workers-Version-Overrides: my-worker="<version id>", other="<version id>"`` (an RFC 8941
dictionary) wins when the version is in that Worker's current deployment, be it at 0 %; else
``Cloudflare-Workers-Version-Key: anything`` gives the same caller the same version, for as long as the
percentages only move towards the newer one; else chance decides.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Share", "choose", "parse_overrides", "point_of"]

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_STRING = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_OTHER_ITEM = re.compile(
    r"""-?[0-9]{1,15}(?:\.[0-9]{1,3})?       # integer or decimal
    | [A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*  # token
    | :[A-Za-z0-9+/=]*:                       # byte sequence
    | \?[01]                                  # boolean""",
    re.VERBOSE,
)
_COMMA = re.compile(r"[ \t]*,[ \t]*")


@dataclass(frozen=True)
class Share:
    """One version of a deployment; `number` counts up from the oldest version of the script."""

    version_id: str
    percentage: float
    number: int


def choose(shares: Sequence[Share], override: str | None, point: float) -> str:
    """Pick a version id; `point` in [0, 1) is the caller's place, the newest version takes the first."""
    if override in {share.version_id for share in shares}:
        return str(override)
    newest_first = sorted(shares, key=lambda share: -share.number)
    place = point * sum(share.percentage for share in shares)
    for share in newest_first:
        if place < share.percentage:
            return share.version_id
        place -= share.percentage
    return max(shares, key=lambda share: share.percentage).version_id


def point_of(script: str, key: str) -> float:
    """Map a version key to its place in [0, 1): the same for every request, another for every script."""
    digest = hashlib.sha256(f"{script}\0{key}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def parse_overrides(header: str) -> dict[str, str]:
    """Read the overrides header; one that isn't a valid dictionary counts as absent (RFC 8941, 4.2)."""
    overrides: dict[str, str] = {}
    rest = header.strip(" ")
    while rest:
        member = _member(rest)
        if member is None:
            return {}
        name, value, rest = member
        overrides.pop(name, None)
        if value is not None:
            overrides[name] = value
        comma = _COMMA.match(rest)
        if rest and (comma is None or comma.end() == len(rest)):
            return {}
        rest = rest[comma.end() :] if comma else rest
    return overrides


def _member(text: str) -> tuple[str, str | None, str] | None:
    """Split off one member: its name, its value if that is a string, and what follows."""
    name = _KEY.match(text)
    if name is None:
        return None
    value: str | None = None
    rest = text[name.end() :]
    if rest.startswith("="):
        item = _item(rest[1:])
        if item is None:
            return None
        value, rest = item
    end = _after_parameters(rest)
    return None if end is None else (name[0], value, end)


def _item(text: str) -> tuple[str | None, str] | None:
    string = _STRING.match(text)
    if string:
        return re.sub(r"\\(.)", r"\1", string[1]), text[string.end() :]
    other = _OTHER_ITEM.match(text)
    return (None, text[other.end() :]) if other else None


def _after_parameters(text: str) -> str | None:
    while text.startswith(";"):
        text = text[1:].lstrip(" ")
        name = _KEY.match(text)
        if name is None:
            return None
        text = text[name.end() :]
        if text.startswith("="):
            item = _item(text[1:])
            if item is None:
                return None
            text = item[1]
    return text
