# SPDX-License-Identifier: GPL-3.0-or-later
"""The types that join the REST API with the runtime that executes what was deployed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Module:
    """One file of a Worker."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Bundle:
    """One immutable version of a Worker; `bindings` hold secret values, so it never prints them."""

    script: str
    version_id: str
    number: int
    created_on: str
    tag: str
    message: str
    main_module: str
    modules: tuple[Module, ...]
    bindings: tuple[dict[str, Any], ...]
    compatibility_date: str
    compatibility_flags: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Bundle(script={self.script!r}, version_id={self.version_id!r}, number={self.number})"


@dataclass(frozen=True)
class KvItem:
    """A stored value; `expiration` is in seconds since 1970."""

    value: bytes
    metadata: Any
    expiration: int | None


@dataclass(frozen=True)
class KvPage:
    """One page of a key list; each key is {name, expiration?, metadata?}."""

    keys: tuple[dict[str, Any], ...]
    cursor: str
    complete: bool


@dataclass(frozen=True)
class Check:
    """What the runtime says of a bundle: does it compile and start, and what does it handle."""

    ok: bool
    message: str
    handlers: tuple[str, ...]
    startup_ms: int


class Source(Protocol):
    """What the runtime asks of the API's store."""

    def route(self, hostname: str, path: str) -> str | None:
        """Name the script that answers for this hostname and path."""

    def active(self, script: str) -> list[tuple[str, float]]:
        """List (version id, percentage) of the current deployment."""

    def bundle(self, script: str, version_id: str) -> Bundle | None:
        """Return one version with its modules and bindings."""

    def kv_get(self, namespace: str, key: str) -> KvItem | None:
        """Return a value that has not expired."""

    def kv_put(self, namespace: str, key: str, value: bytes, metadata: Any, expiration: int | None) -> None:
        """Store a value."""

    def kv_delete(self, namespace: str, key: str) -> None:
        """Delete a value; a missing one is no error."""

    def kv_list(self, namespace: str, prefix: str, limit: int, cursor: str) -> KvPage:
        """List keys in byte order."""

    def secret(self, store: str, name: str) -> str | None:
        """Return the value of a secret of a Secrets Store that Workers may read."""
