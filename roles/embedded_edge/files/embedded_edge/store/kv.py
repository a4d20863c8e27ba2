# SPDX-License-Identifier: GPL-3.0-or-later
"""KV namespaces and their keys, listed in byte order."""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from ..bundle import KvItem, KvPage
from .clock import Clock, new_id
from .database import Database
from .model import KvWrite, Namespace

_ORDER = {"id": "id", "title": "title"}


class BadCursor(ValueError):
    """A cursor that no key list has given out."""


class Kv:
    """The KV storage of the account."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    def namespaces(
        self, offset: int, limit: int, order: str = "title", descending: bool = False
    ) -> list[Namespace]:
        """List namespaces."""
        direction = "DESC" if descending else "ASC"
        rows = self._db.rows(
            f"SELECT id, title FROM kv_namespaces ORDER BY {_ORDER[order]} {direction} LIMIT ? OFFSET ?",
            (limit, offset),
        )
        return [Namespace(**dict(row)) for row in rows]

    def count(self) -> int:
        """Count the namespaces."""
        row = self._db.row("SELECT count(*) AS n FROM kv_namespaces")
        return int(row["n"]) if row else 0

    def namespace(self, namespace_id: str) -> Namespace | None:
        """Find a namespace by id."""
        row = self._db.row("SELECT id, title FROM kv_namespaces WHERE id = ?", (namespace_id,))
        return Namespace(**dict(row)) if row else None

    def create(self, title: str) -> Namespace:
        """Make a namespace; a title that is taken is an integrity error."""
        namespace = Namespace(new_id(), title)
        self._db.run("INSERT INTO kv_namespaces VALUES (?, ?)", (namespace.id, title))
        return namespace

    def rename(self, namespace_id: str, title: str) -> None:
        """Change a title; one that is taken is an integrity error."""
        self._db.run("UPDATE kv_namespaces SET title = ? WHERE id = ?", (title, namespace_id))

    def delete_namespace(self, namespace_id: str) -> None:
        """Delete a namespace with its keys."""
        self._db.run("DELETE FROM kv_namespaces WHERE id = ?", (namespace_id,))

    def get(self, namespace: str, key: str) -> KvItem | None:
        """Return a value that has not expired."""
        row = self._db.row(
            "SELECT value, metadata, expiration FROM kv WHERE namespace = ? AND key = ?"
            " AND (expiration IS NULL OR expiration > ?)",
            (namespace, key.encode(), self._clock()),
        )
        return KvItem(bytes(row["value"]), _metadata(row), row["expiration"]) if row else None

    def put(self, namespace: str, writes: Iterable[KvWrite]) -> None:
        """Write keys, all or none of them; a namespace that is not there is an integrity error."""
        with self._db.transaction():
            self._db.many(
                "INSERT OR REPLACE INTO kv VALUES (?, ?, ?, ?, ?)",
                ((namespace, w.key.encode(), w.value, _dumped(w.metadata), w.expiration) for w in writes),
            )

    def delete(self, namespace: str, keys: Sequence[str]) -> None:
        """Delete keys; a missing one is no error."""
        with self._db.transaction():
            self._db.many(
                "DELETE FROM kv WHERE namespace = ? AND key = ?", ((namespace, key.encode()) for key in keys)
            )

    def list(self, namespace: str, prefix: str, limit: int, cursor: str) -> KvPage:
        """List keys in byte order, one more than asked for to know whether there are others."""
        low = _decoded(cursor) if cursor else b""
        start = prefix.encode()
        rows = self._db.rows(
            "SELECT key, metadata, expiration FROM kv"
            " WHERE namespace = ? AND key >= ? AND key > ? AND key < ?"
            " AND (expiration IS NULL OR expiration > ?) ORDER BY key LIMIT ?",
            (namespace, start, low, _after(start), self._clock(), limit + 1),
        )
        shown = rows[:limit]
        if len(rows) <= limit:
            return KvPage(tuple(map(_listed, shown)), "", True)
        return KvPage(
            tuple(map(_listed, shown)), base64.urlsafe_b64encode(bytes(shown[-1]["key"])).decode(), False
        )

    def sweep(self) -> None:
        """Delete what has expired."""
        self._db.run("DELETE FROM kv WHERE expiration <= ?", (self._clock(),))


def _after(prefix: bytes) -> bytes:
    """Return the smallest byte string after all that start with the prefix; UTF-8 never has the byte 255."""
    return prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else b"\xff"


def _decoded(cursor: str) -> bytes:
    try:
        return base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise BadCursor(cursor) from error


def _dumped(metadata: Any) -> str | None:
    return None if metadata is None else json.dumps(metadata)


def _metadata(row: sqlite3.Row) -> Any:
    return None if row["metadata"] is None else json.loads(row["metadata"])


def _listed(row: sqlite3.Row) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": bytes(row["key"]).decode()}
    if row["expiration"] is not None:
        entry["expiration"] = row["expiration"]
    if row["metadata"] is not None:
        entry["metadata"] = _metadata(row)
    return entry
