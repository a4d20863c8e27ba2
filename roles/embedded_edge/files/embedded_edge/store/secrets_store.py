# SPDX-License-Identifier: GPL-3.0-or-later
"""The Secrets Store: secrets of the account, which Workers read by bindings."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field, replace

from .clock import Stamps, new_id
from .database import Database


@dataclass(frozen=True)
class SecretStore:
    """A store of secrets."""

    id: str
    name: str
    created: str
    modified: str


@dataclass(frozen=True)
class StoredSecret:
    """A secret; its value is in no repr."""

    id: str
    store_id: str
    name: str
    value: str = field(repr=False)
    comment: str
    scopes: tuple[str, ...]
    created: str
    modified: str


class SecretsStore:
    """The stores of the account, with their secrets."""

    def __init__(self, database: Database, stamps: Stamps) -> None:
        self._db = database
        self._stamps = stamps

    def stores(self) -> list[SecretStore]:
        """List the stores, oldest first."""
        return [
            SecretStore(**dict(row)) for row in self._db.rows("SELECT * FROM secret_stores ORDER BY created")
        ]

    def store(self, store_id: str) -> SecretStore | None:
        """Find a store by id."""
        return next((store for store in self.stores() if store.id == store_id), None)

    def create_store(self, name: str) -> SecretStore:
        """Make a store; a name that is taken is an integrity error."""
        now = self._stamps.next()
        made = SecretStore(new_id(), name, now, now)
        self._db.run("INSERT INTO secret_stores VALUES (?, ?, ?, ?)", (made.id, name, now, now))
        return made

    def delete_store(self, store_id: str) -> None:
        """Delete a store with its secrets."""
        self._db.run("DELETE FROM secret_stores WHERE id = ?", (store_id,))

    def secrets(self, store_id: str) -> list[StoredSecret]:
        """List the secrets of a store by name."""
        rows = self._db.rows("SELECT * FROM stored_secrets WHERE store_id = ? ORDER BY name", (store_id,))
        return [_secret(row) for row in rows]

    def secret(self, store_id: str, secret_id: str) -> StoredSecret | None:
        """Find a secret by id."""
        return next((item for item in self.secrets(store_id) if item.id == secret_id), None)

    def named(self, store_id: str, name: str) -> StoredSecret | None:
        """Find a secret by name."""
        return next((item for item in self.secrets(store_id) if item.name == name), None)

    def usage(self) -> int:
        """Count the secrets of the account."""
        row = self._db.row("SELECT count(*) AS amount FROM stored_secrets")
        return int(row["amount"]) if row else 0

    def create(
        self, store_id: str, name: str, value: str, comment: str, scopes: tuple[str, ...]
    ) -> StoredSecret:
        """Make a secret; a name that is taken in its store is an integrity error."""
        now = self._stamps.next()
        made = StoredSecret(new_id(), store_id, name, value, comment, scopes, now, now)
        self._db.run("INSERT INTO stored_secrets VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _row(made))
        return made

    def edit(self, secret: StoredSecret, value: str, comment: str, scopes: tuple[str, ...]) -> StoredSecret:
        """Change a secret; Workers read the new value from then on."""
        made = replace(secret, value=value, comment=comment, scopes=scopes, modified=self._stamps.next())
        self._db.run("REPLACE INTO stored_secrets VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _row(made))
        return made

    def delete(self, secret_id: str) -> None:
        """Delete a secret."""
        self._db.run("DELETE FROM stored_secrets WHERE id = ?", (secret_id,))


def _row(item: StoredSecret) -> tuple[str, ...]:
    scopes = json.dumps(item.scopes)
    return (item.id, item.store_id, item.name, item.value, item.comment, scopes, item.created, item.modified)


def _secret(row: sqlite3.Row) -> StoredSecret:
    return StoredSecret(**{**dict(row), "scopes": tuple(json.loads(row["scopes"]))})
