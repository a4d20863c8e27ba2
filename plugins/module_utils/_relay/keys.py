# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys of the relay, each derived from one random text of the store of secrets.

A plane signs with Ed25519 (RFC 8032); its key id is the JWK thumbprint of RFC 7638 with RFC 8037. References
are sealed with a key that the control plane alone has.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    MISSING = ""
except ImportError:
    MISSING = "The Python of Ansible has no cryptography: install ansible-core with it."

SIGNING, SEALING = b"adsengineer relay signing key", b"adsengineer relay reference key"
#: How long the random text has to be.
LEAST = 40


class KeyTextError(Exception):
    """The text in the store is too short to be a key. No part of it is in the message."""


def public_jwk(text: str) -> dict[str, str]:
    """What the relay knows of a plane's key: C(kid) and C(x)."""
    raw = _signing_key(text).public_key().public_bytes_raw()
    return {"kid": thumbprint(raw), "x": base64url(raw)}


def private_jwk(text: str) -> dict[str, str]:
    """What a plane is given: the key as a JWK (RFC 8037), with its id."""
    seed = _signing_key(text).private_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", **public_jwk(text), "d": base64url(seed)}


def sealing_key(text: str) -> bytes:
    """The key of :mod:`reference`: 64 bytes, for AES-256-SIV."""
    return hashlib.sha512(_checked(text, SEALING)).digest()


def public_key(x: str) -> Any:
    """The public key that a JWK's C(x) holds. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(unbase64url(x))


def thumbprint(raw: bytes) -> str:
    """The key id of a public key: its JWK thumbprint by SHA-256."""
    members = f'{{"crv":"Ed25519","kty":"OKP","x":"{base64url(raw)}"}}'
    return base64url(hashlib.sha256(members.encode()).digest())


def base64url(raw: bytes) -> str:
    """Base64 for URLs without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unbase64url(text: str) -> bytes:
    """The bytes, if the text is the one way to write them. Raises ValueError."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(raw) != text:
        raise ValueError("not base64url as it is written here")
    return raw


def _signing_key(text: str) -> Any:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(_checked(text, SIGNING)).digest())


def _checked(text: str, purpose: bytes) -> bytes:
    if len(text) < LEAST:
        raise KeyTextError(
            f"A key needs a random text of {LEAST} characters or more: rotate it with generate."
        )
    return purpose + b"\0" + text.encode()
