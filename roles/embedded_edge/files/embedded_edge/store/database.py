# SPDX-License-Identifier: GPL-3.0-or-later
"""One SQLite file, its schema and its transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FORMAT = 3

SCHEMAS = ("schema.sql", "network.sql", "secrets_store.sql")
"""What each format added to the one before."""

STATE_TABLES = (
    "stored_secrets",
    "secret_stores",
    "connectors",
    "vpc_services",
    "tunnels",
    "dns_records",
    "service_tokens",
    "domains",
    "routes",
    "service_bindings",
    "deployments",
    "version_blobs",
    "versions",
    "scripts",
    "blobs",
)
KV_TABLES = ("kv", "kv_namespaces")


class StateError(Exception):
    """The state file cannot be used; the message says why and what to do."""


class Database:
    """A connection that any thread may use, one statement or transaction at a time."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._depth = 0
        try:
            self._open(path)
        except BaseException as error:
            self._connection.close()
            if not isinstance(error, sqlite3.DatabaseError):
                raise
            remedy = "free some space" if "full" in str(error) else "delete it, or choose another folder"
            raise StateError(f"{path} cannot be used ({error}): {remedy}") from error

    def _open(self, path: Path | str) -> None:
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        found = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        if found == FORMAT:
            return
        if not 0 <= found < FORMAT:
            raise StateError(
                f"{path} has format {found}, this program reads {FORMAT}: delete it to start anew"
            )
        schema = "".join(
            Path(__file__).with_name(name).read_text(encoding="utf-8") for name in SCHEMAS[found:]
        )
        self._connection.executescript(f"BEGIN IMMEDIATE; {schema} PRAGMA user_version = {FORMAT}; COMMIT;")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Run a query and return every row."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Run a query and return the first row."""
        with self._lock:
            found: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
            return found

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement and return how many rows it touched."""
        with self._lock:
            return self._connection.execute(sql, parameters).rowcount

    def many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Run a statement for every set of parameters."""
        with self._lock:
            self._connection.executemany(sql, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside happen or nothing; an inner transaction joins the outer one."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0 and self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._commit()

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
