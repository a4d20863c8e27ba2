# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Envelopes: a secret sealed to one Worker's key and signed by the control plane.

HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Everything that says
what the secret is and for whom is bound in C(info), so an envelope that was moved or relabelled does not
open. Base mode does not prove the sender: hence the Ed25519 signature over the same words and the seal.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .model import SecretError

try:
    from cryptography.exceptions import InvalidSignature, InvalidTag
    from cryptography.hazmat.primitives import hpke, serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    MISSING = ""
except ImportError:
    MISSING = (
        "Relayed secrets need the Python library cryptography 47 or newer, which has HPKE; "
        f"install it with: {sys.executable} -m pip install 'cryptography>=47'"
    )

LABEL = "adsengineer.orchestrator sealed secret 1"


@dataclass(frozen=True)
class Context:
    """What a sealed value is, and for whom. ``sequence`` grows with every change of the tenant's secrets."""

    tenant: str
    region: str
    worker: str
    name: str
    version: int
    sequence: int
    key: str

    @property
    def info(self) -> bytes:
        """The words that are bound; none of them can hold a line break."""
        return "\n".join([LABEL, *map(str, asdict(self).values())]).encode()


@dataclass(frozen=True)
class Ring:
    """The keys of one Worker: its pairs by id, as (private in PKCS #8, public), and the signers' public keys.

    All in base64. The store keeps a ring as one secret, and it is what the Worker is given, so that undoing a
    release brings back the keys that belong to it. Envelopes are sealed to the ``current`` one.
    """

    current: str
    keys: Mapping[str, tuple[str, str]] = field(repr=False)
    signers: Mapping[str, str]

    @property
    def public(self) -> bytes:
        return base64.b64decode(self.keys[self.current][1])

    def text(self) -> str:
        """As the Worker takes it."""
        pairs = {name: {"private": pair[0], "public": pair[1]} for name, pair in self.keys.items()}
        data = {"current": self.current, "keys": pairs, "signers": dict(self.signers)}
        return json.dumps(data, sort_keys=True, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Ring:
        """Read one of the store. Raises SecretError without showing any of it."""
        try:
            data = json.loads(text)
            pairs = {name: (pair["private"], pair["public"]) for name, pair in data["keys"].items()}
            found = cls(data["current"], pairs, data["signers"])
            if len(found.public) != 32:
                raise ValueError
            return found
        except (AttributeError, KeyError, TypeError, ValueError):
            raise SecretError("A ring of keys in the store is damaged: rotate the plane's keys.") from None


@dataclass(frozen=True)
class Signer:
    """The control plane's signing key for one tenant and environment."""

    private: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        return bytes(_signing(self.private).public_key().public_bytes_raw())

    @property
    def id(self) -> str:
        return key_id(self.public)

    def text(self) -> str:
        """As the store keeps it."""
        return _text(self.private)

    @classmethod
    def parse(cls, text: str) -> Signer:
        """Read the one of the store."""
        need()
        try:
            return cls(base64.b64decode(text, validate=True))
        except binascii.Error:
            raise SecretError("The signing key in the store is damaged.") from None

    @classmethod
    def made(cls) -> Signer:
        """A new one."""
        need()
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())


def turned(old: Ring | None, signer: Signer) -> Ring:
    """A ring with a new current key; the one before stays, so that what is under way still opens."""
    need()
    private = X25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    pkcs8 = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    left = {old.current: old.keys[old.current]} if old else {}
    return Ring(
        key_id(public),
        {**left, key_id(public): (_text(pkcs8), _text(public))},
        {signer.id: _text(signer.public)},
    )


def key_id(public: bytes) -> str:
    """What a key is called: the beginning of its digest."""
    return hashlib.sha256(public).hexdigest()[:16]


def seal(context: Context, value: str, public: bytes, signer: Signer) -> str:
    """The envelope of a value, as JSON."""
    need()
    sealed = _suite().encrypt(value.encode(), X25519PublicKey.from_public_bytes(public), info=context.info)
    signature = _signing(signer.private).sign(context.info + b"\n" + sealed)
    fields = {"sealed": _text(sealed), "signer": signer.id, "signature": _text(signature)}
    return json.dumps(asdict(context) | fields, separators=(",", ":"))


def opened(context: Context, envelope: str, ring: Ring) -> str:
    """The value, as the Worker opens it. Raises SecretError."""
    need()
    try:
        data = json.loads(envelope)
        if {name: data[name] for name in asdict(context)} != asdict(context):
            raise SecretError("The envelope is for something else.")
        sealed = base64.b64decode(data["sealed"], validate=True)
        signer = Ed25519PublicKey.from_public_bytes(base64.b64decode(ring.signers[data["signer"]]))
        signer.verify(base64.b64decode(data["signature"], validate=True), context.info + b"\n" + sealed)
        private = serialization.load_der_private_key(base64.b64decode(ring.keys[context.key][0]), None)
        return bytes(_suite().decrypt(sealed, private, info=context.info)).decode()
    except (InvalidSignature, InvalidTag, KeyError, TypeError, ValueError):
        raise SecretError("The envelope does not open: it was changed, or made for another key.") from None


def need() -> None:
    """Raise SecretError without the library."""
    if MISSING:
        raise SecretError(MISSING)


def _suite() -> Any:
    return hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def _signing(raw: bytes) -> Any:
    return Ed25519PrivateKey.from_private_bytes(raw)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


__all__ = ["LABEL", "MISSING", "Context", "Ring", "Signer", "key_id", "need", "opened", "seal", "turned"]
