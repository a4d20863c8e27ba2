# SPDX-License-Identifier: GPL-3.0-or-later
"""Planted values, and the search for them in everything that a run leaves behind."""

from __future__ import annotations

import base64
import secrets
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Canary:
    """A value that nothing but this run knows. Its text needs quoting in URLs, JSON and shells."""

    name: str
    value: str = field(default_factory=lambda: f"cn/{secrets.token_urlsafe(24)}+=&\"'end")

    @classmethod
    def token(cls, value: str) -> Canary:
        return cls("api token", value)

    def forms(self) -> dict[str, bytes]:
        """What the value looks like when it was carried raw, URL-encoded, in hex, or in base64.

        In base64 the neighbours shift the text by up to two bytes, so three cuts are looked for.
        """
        raw = self.value.encode()
        found = {
            "raw": raw,
            "url": urllib.parse.quote(self.value, safe="").encode(),
            "form": urllib.parse.quote_plus(self.value).encode(),
            "hex": raw.hex().encode(),
            "HEX": raw.hex().upper().encode(),
            "escaped": self.value.replace('"', '\\"').encode(),
        }
        for shift in range(3):
            text = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
            cut = text[4 if shift else 0 : -2]
            found[f"base64+{shift}"] = cut.encode()
            found[f"base64url+{shift}"] = cut.replace("+", "-").replace("/", "_").encode()
        return found


@dataclass(frozen=True)
class Leak:
    """A planted value in a file. Its text names the form, never the value."""

    canary: str
    form: str
    place: str


def leaks(canaries: Iterable[Canary], places: Iterable[Path], *, skip: Iterable[Path] = ()) -> list[Leak]:
    """Every planted value in the files below ``places``, in file names too."""
    wanted = [(canary.name, form, text) for canary in canaries for form, text in canary.forms().items()]
    skipped = {path.resolve() for path in skip}
    return [
        Leak(name, form, str(path))
        for path in _files(places)
        if path.resolve() not in skipped
        for content in (path.read_bytes() + b"\n" + bytes(path),)
        for name, form, text in wanted
        if text in content
    ]


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_file():
            yield place
        else:
            yield from (path for path in place.rglob("*") if path.is_file() and not path.is_symlink())
