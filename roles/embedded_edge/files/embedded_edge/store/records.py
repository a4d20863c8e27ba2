# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS records of zones; only CNAMEs, by which hostnames lead to tunnels."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from .clock import Stamps, new_id
from .database import Database


@dataclass(frozen=True)
class Record:
    """A CNAME."""

    id: str
    zone_id: str
    name: str
    content: str
    proxied: bool
    ttl: int
    comment: str | None
    created_on: str
    modified_on: str


class Records:
    """The records of every zone."""

    def __init__(self, database: Database, stamps: Stamps) -> None:
        self._db = database
        self._stamps = stamps

    def of_zone(self, zone_id: str) -> list[Record]:
        """List the records of a zone by name."""
        rows = self._db.rows("SELECT * FROM dns_records WHERE zone_id = ? ORDER BY name", (zone_id,))
        return [_record(row) for row in rows]

    def get(self, zone_id: str, record_id: str) -> Record | None:
        """Find a record of a zone."""
        return next((record for record in self.of_zone(zone_id) if record.id == record_id), None)

    def put(
        self,
        zone_id: str,
        name: str,
        content: str,
        proxied: bool,
        ttl: int,
        comment: str | None,
        old: Record | None = None,
    ) -> Record:
        """Make a record or change one; a name that is taken is an integrity error."""
        now = self._stamps.next()
        made = Record(
            old.id if old else new_id(),
            zone_id,
            name,
            content,
            proxied,
            ttl,
            comment,
            old.created_on if old else now,
            now,
        )
        self._db.run(
            "INSERT INTO dns_records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " name = excluded.name, content = excluded.content, proxied = excluded.proxied,"
            " ttl = excluded.ttl, comment = excluded.comment, modified_on = excluded.modified_on",
            (made.id, zone_id, name, content, int(proxied), ttl, comment, made.created_on, now),
        )
        return made

    def delete(self, record: Record) -> None:
        """Delete a record."""
        self._db.run("DELETE FROM dns_records WHERE id = ?", (record.id,))


def _record(row: sqlite3.Row) -> Record:
    return Record(**{**dict(row), "proxied": bool(row["proxied"])})
