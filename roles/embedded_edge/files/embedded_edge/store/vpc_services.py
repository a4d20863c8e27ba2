# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC services: private origins behind a tunnel that Workers may bind."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from .clock import Stamps, new_uuid
from .database import Database
from .model import Json


@dataclass(frozen=True)
class VpcService:
    """A service; `body` is what was declared."""

    id: str
    name: str
    tunnel: str
    body: Json
    created_at: str
    updated_at: str


class VpcServices:
    """The services of the account."""

    def __init__(self, database: Database, stamps: Stamps) -> None:
        self._db = database
        self._stamps = stamps

    def all(self) -> list[VpcService]:
        """List the services by name."""
        return [_service(row) for row in self._db.rows("SELECT * FROM vpc_services ORDER BY name")]

    def get(self, service_id: str) -> VpcService | None:
        """Find a service by id."""
        row = self._db.row("SELECT * FROM vpc_services WHERE id = ?", (service_id,))
        return _service(row) if row else None

    def put(self, body: Json, tunnel: str, old: VpcService | None = None) -> VpcService:
        """Make a service or replace one; a name that is taken is an integrity error."""
        now = self._stamps.next()
        made = VpcService(
            old.id if old else new_uuid(), body["name"], tunnel, body, old.created_at if old else now, now
        )
        self._db.run(
            "INSERT INTO vpc_services VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " name = excluded.name, tunnel = excluded.tunnel, body = excluded.body,"
            " updated_at = excluded.updated_at",
            (made.id, made.name, tunnel, json.dumps(body), made.created_at, now),
        )
        return made

    def delete(self, service_id: str) -> None:
        """Delete a service."""
        self._db.run("DELETE FROM vpc_services WHERE id = ?", (service_id,))


def _service(row: sqlite3.Row) -> VpcService:
    return VpcService(**{**dict(row), "body": json.loads(row["body"])})
