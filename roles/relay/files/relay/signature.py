# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP message signatures (RFC 9421) with content digests (RFC 9530), in the one form that planes send.

    Content-Digest: sha-256=:...:
    Signature-Input: relay=("@method" "@authority" "@path" "@query" "content-digest" "relay-reference" ...);
        created=1700000000;expires=1700000300;nonce="...";keyid="...";alg="ed25519";tag="adsengineer-relay"
    Signature: relay=:...:

The first six components are always covered. Header fields that are to be handed on follow them, sorted; what
is not covered is not handed on. Any other form is refused, so nothing is left to how a parser reads it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature

from .refusal import ALTERED, MALFORMED, STALE, UNKNOWN_KEY, Kind, Refused

COVERED = ("@method", "@authority", "@path", "@query", "content-digest", "relay-reference")
TAG = "adsengineer-relay"
#: Seconds that a clock may differ, and that a signature may be valid.
WINDOW = 300
_NAME = "[a-z0-9-]{1,64}"
_INPUT = re.compile(
    r"relay=(?P<params>\((?P<components>"
    + " ".join(re.escape(f'"{name}"') for name in COVERED)
    + rf'(?: "{_NAME}"){{0,16}})\)'
    r";created=(?P<created>\d{10});expires=(?P<expires>\d{10})"
    r';nonce="(?P<nonce>[A-Za-z0-9_-]{22,64})";keyid="(?P<keyid>[A-Za-z0-9_-]{43})"'
    rf';alg="ed25519";tag="{TAG}")'
)
_SIGNATURE = re.compile(r"relay=:(?P<value>[A-Za-z0-9+/]{86}==):")
_DIGEST = re.compile(r"sha-256=:(?P<value>[A-Za-z0-9+/]{43}=):")


@dataclass(frozen=True)
class Message:
    """A request as it came: path and query still encoded, names of fields in lower case."""

    method: str
    authority: str
    path: str
    query: str
    fields: Sequence[tuple[str, str]]
    body: bytes

    def field(self, name: str) -> str:
        """The value of a field that is there exactly once."""
        found = [value for key, value in self.fields if key == name]
        if len(found) != 1:
            raise Refused(MALFORMED, f"the field {name} has to be there once, not {len(found)} times")
        return found[0].strip(" \t")


@dataclass(frozen=True)
class Claim:
    """What a request says about its signature, before that was checked. Times are seconds since 1970."""

    params: str
    components: tuple[str, ...]
    created: int
    expires: int
    nonce: str
    keyid: str
    signature: bytes


def claimed(message: Message) -> Claim:
    """Read the claim. Raises Refused."""
    found = _match(_INPUT, message, "signature-input", MALFORMED)
    components = tuple(name.strip('"') for name in found["components"].split(" "))
    extra = components[len(COVERED) :]
    if list(extra) != sorted(set(extra) - set(COVERED)):
        raise Refused(MALFORMED, "the covered fields are not in the order of their names, or stand twice")
    return Claim(
        found["params"],
        components,
        int(found["created"]),
        int(found["expires"]),
        found["nonce"],
        found["keyid"],
        _decoded(_match(_SIGNATURE, message, "signature", MALFORMED)["value"]),
    )


def check_time(claim: Claim, now: float) -> None:
    """Raise Refused unless the claim is of these minutes, by a clock that differs by up to WINDOW seconds."""
    skew = claim.created - now
    if abs(skew) > WINDOW:
        raise Refused(
            STALE, f"it was signed {skew:+.0f} s from now; {WINDOW} s are allowed: compare the clocks"
        )
    if not claim.created < claim.expires <= claim.created + WINDOW:
        raise Refused(STALE, f"a signature is valid for 1 to {WINDOW} s")
    if claim.expires <= now:
        raise Refused(STALE, "the signature has expired")


def check_digest(message: Message) -> None:
    """Raise Refused unless the body is the one that Content-Digest names."""
    found = _decoded(_match(_DIGEST, message, "content-digest", MALFORMED)["value"])
    if found != hashlib.sha256(message.body).digest():
        raise Refused(ALTERED, "the body is not the one of content-digest")


def check_signature(message: Message, claim: Claim, verify: Callable[[bytes, bytes], None] | None) -> None:
    """Raise Refused unless this key made the signature. ``verify`` takes signature and base, and raises."""
    if verify is None:
        raise Refused(UNKNOWN_KEY, "no plane of this tenant has this key")
    try:
        verify(claim.signature, base(message, claim.components, claim.params))
    except InvalidSignature:
        raise Refused(
            ALTERED, "the signature does not fit: the request was changed, or the key is another"
        ) from None


def base(message: Message, components: Sequence[str], params: str) -> bytes:
    """The signature base of RFC 9421, section 2.5."""
    derived: Mapping[str, str] = {
        "@method": message.method,
        "@authority": message.authority,
        "@path": message.path,
        "@query": f"?{message.query}",
    }
    lines = [f'"{name}": {derived.get(name) or message.field(name)}' for name in components]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode("latin-1")


def _match(pattern: re.Pattern[str], message: Message, name: str, kind: Kind) -> re.Match[str]:
    found = pattern.fullmatch(message.field(name))
    if found is None:
        raise Refused(kind, f"the field {name} has not the form that is agreed on")
    return found


def _decoded(text: str) -> bytes:
    try:
        raw: Any = base64.b64decode(text, validate=True)
    except binascii.Error:
        raw = None
    if raw is None or base64.b64encode(raw).decode() != text:
        raise Refused(MALFORMED, "a value in base64 is not written in its one form")
    return bytes(raw)
