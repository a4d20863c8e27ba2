# SPDX-License-Identifier: GPL-3.0-or-later
"""What a relay is told at its start: a file that anybody may read, and one with the secrets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.adsengineer.orchestrator.plugins.module_utils._relay.keys import (
    public_key,
    sealing_key,
    thumbprint,
)

from .addresses import AddressRefused
from .connector import Connector, connector

FORMAT = 1


class ConfigError(Exception):
    """The files can't be used. The text names the file and the place, and no secret."""


@dataclass(frozen=True)
class Key:
    """A public key and the plane whose it is."""

    plane: str
    verify: Any


@dataclass(frozen=True)
class Config:
    """Of one tenant in one environment. C(connectors) are by plane, then by name.

    C(digest) is the SHA-256 of the public file, which has a keyed digest of the secrets.
    """

    tenant: str
    environment: str
    listen: str
    authority: str
    keys: Mapping[str, Key]
    connectors: Mapping[str, Mapping[str, Connector]]
    sealing: tuple[bytes, ...] = field(repr=False)
    largest: int
    digest: str


def load(public: Path, private: Path) -> Config:
    """Read both files. Raises ConfigError."""
    content = _bytes(public)
    said, secret = _parsed(public, content), _parsed(private, _bytes(private))
    for name in ("tenant", "environment"):
        if said.get(name) != secret.get(name):
            raise ConfigError(f"{private} holds the secrets of another {name} than {public} is for")
    try:
        return _config(said, secret, public, hashlib.sha256(content).hexdigest())
    except KeyError as error:
        raise ConfigError(f"{public} or {private} has no {error.args[0]!r}") from None
    except (TypeError, AttributeError):
        raise ConfigError(f"{public} or {private} has something of another kind than is expected") from None


def _config(said: Mapping[str, Any], secret: Mapping[str, Any], place: Path, digest: str) -> Config:
    planes = said["planes"]
    connectors = {
        plane: {
            name: _connector(place, plane, name, data, secret["secrets"])
            for name, data in about["connectors"].items()
        }
        for plane, about in planes.items()
    }
    every = [one for some in connectors.values() for one in some.values()]
    return Config(
        tenant=said["tenant"],
        environment=said["environment"],
        listen=said["listen"],
        authority=said["authority"],
        keys=dict(_key(place, plane, jwk) for plane, about in planes.items() for jwk in about["keys"]),
        connectors=connectors,
        sealing=tuple(sealing_key(text) for text in secret["reference_keys"]),
        largest=max((one.max_request_bytes for one in every), default=0),
        digest=digest,
    )


def _connector(
    place: Path, plane: str, name: str, data: Mapping[str, Any], secrets: Mapping[str, str]
) -> Connector:
    try:
        return connector(name, data, secrets)
    except (ValueError, KeyError, AddressRefused) as error:
        raise ConfigError(f"{place}: planes.{plane}.connectors.{name}: {error}") from None


def _key(place: Path, plane: str, jwk: Mapping[str, str]) -> tuple[str, Key]:
    try:
        key = public_key(jwk["x"])
    except ValueError:
        raise ConfigError(f"{place}: planes.{plane}.keys: x is no Ed25519 key") from None
    return thumbprint(key.public_bytes_raw()), Key(plane, key.verify)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from None


def _parsed(path: Path, content: bytes) -> dict[str, Any]:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        # Without the cause, which may quote a secret.
        raise ConfigError(f"{path} is no JSON") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ConfigError(f"{path} is of another release of this collection: run the play again")
    return data
