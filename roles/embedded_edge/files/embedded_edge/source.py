# SPDX-License-Identifier: GPL-3.0-or-later
"""The store as the runtime sees it."""

from __future__ import annotations

import sqlite3
from typing import Any

from .bundle import Bundle, KvItem, KvPage
from .store import Store
from .store.model import KvWrite


class StoreSource:
    """Answers what the runtime asks; see `bundle.Source`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def route(self, hostname: str, path: str) -> str | None:
        """Name the script that answers for this hostname and path."""
        return self._store.triggers.resolve(hostname.lower().rstrip("."), path)

    def active(self, script: str) -> list[tuple[str, float]]:
        """List (version id, percentage) of the current deployment."""
        deployment = self._store.deployments.active(script)
        return list(deployment.versions) if deployment else []

    def bundle(self, script: str, version_id: str) -> Bundle | None:
        """Return one version with its modules and bindings."""
        return self._store.versions.bundle(script, version_id)

    def kv_get(self, namespace: str, key: str) -> KvItem | None:
        """Return a value that has not expired."""
        return self._store.kv.get(namespace, key)

    def kv_put(self, namespace: str, key: str, value: bytes, metadata: Any, expiration: int | None) -> None:
        """Store a value; a namespace that was deleted since is a LookupError."""
        try:
            self._store.kv.put(namespace, [KvWrite(key, value, metadata, expiration)])
        except sqlite3.IntegrityError as error:
            raise LookupError(f"KV namespace {namespace} does not exist") from error

    def kv_delete(self, namespace: str, key: str) -> None:
        """Delete a value; a missing one is no error."""
        self._store.kv.delete(namespace, [key])

    def kv_list(self, namespace: str, prefix: str, limit: int, cursor: str) -> KvPage:
        """List keys in byte order."""
        return self._store.kv.list(namespace, prefix, limit, cursor)

    def secret(self, store: str, name: str) -> str | None:
        """Return the value of a secret of a Secrets Store that Workers may read."""
        found = self._store.secrets_store.named(store, name)
        return found.value if found and "workers" in found.scopes else None
