# SPDX-License-Identifier: GPL-3.0-or-later
"""What the store keeps, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..bundle import Module

Json = dict[str, Any]


@dataclass(frozen=True)
class Token:
    """An API token; only the digest of its text is ever stored."""

    id: str
    digest: str
    status: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class Zone:
    """A DNS zone of the account."""

    id: str
    name: str
    created_on: str


@dataclass(frozen=True)
class Script:
    """What a Worker has apart from its versions; `settings` are the non-versioned ones."""

    name: str
    tag: str
    created_on: str
    modified_on: str
    tags: tuple[str, ...] = ()
    settings: Json = field(default_factory=dict)
    subdomain_enabled: bool = False
    previews_enabled: bool = False
    last_deployed_from: str = "api"


@dataclass(frozen=True)
class Version:
    """An uploaded version; `bindings` hold secret values, so `repr` leaves them out."""

    id: str
    script: str
    number: int
    created_on: str
    source: str
    etag: str
    main_module: str
    modules: tuple[tuple[str, str, str], ...]
    """(name, content type, sha256 of the content)"""
    bindings: tuple[Json, ...] = field(repr=False)
    compatibility_date: str
    compatibility_flags: tuple[str, ...]
    annotations: Json
    startup_ms: int
    handlers: tuple[str, ...]
    extras: Json
    """The other versioned settings: placement, limits."""

    def secrets(self) -> dict[str, Json]:
        """Map the names of the secret bindings to them."""
        return {b["name"]: b for b in self.bindings if b["type"] in {"secret_text", "secret_key"}}


@dataclass(frozen=True)
class NewVersion:
    """A version that was checked and is to be stored."""

    etag: str
    main_module: str
    modules: tuple[Module, ...]
    bindings: tuple[Json, ...] = field(repr=False)
    compatibility_date: str
    compatibility_flags: tuple[str, ...]
    annotations: Json
    startup_ms: int
    handlers: tuple[str, ...]
    extras: Json
    source: str


@dataclass(frozen=True)
class Deployment:
    """Which versions get which percentage of the requests."""

    id: str
    script: str
    created_on: str
    source: str
    versions: tuple[tuple[str, float], ...]
    annotations: Json

    def share(self, version_id: str) -> float | None:
        """Return the percentage of a version, or nothing when it is not part of this deployment."""
        return dict(self.versions).get(version_id)


@dataclass(frozen=True)
class Listed:
    """A script with what the script list shows of its active version."""

    script: Script
    etag: str
    compatibility_date: str
    compatibility_flags: tuple[str, ...]
    handlers: tuple[str, ...]
    extras: Json


@dataclass(frozen=True)
class Domain:
    """A custom domain of a Worker."""

    id: str
    hostname: str
    service: str
    zone_id: str
    zone_name: str
    cert_id: str


@dataclass(frozen=True)
class Route:
    """A route pattern of a zone; without a script it switches Workers off there."""

    id: str
    zone_id: str
    pattern: str
    script: str | None


@dataclass(frozen=True)
class Namespace:
    """A KV namespace."""

    id: str
    title: str


@dataclass(frozen=True)
class KvWrite:
    """One key to be written."""

    key: str
    value: bytes
    metadata: Any = None
    expiration: int | None = None


Secrets = Mapping[str, Json]
