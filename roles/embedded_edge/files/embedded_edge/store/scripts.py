# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts: what a Worker has apart from its versions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from .clock import Stamps, new_id
from .database import Database
from .model import Json, Listed, Script

_LIST = """SELECT s.*, v.etag, v.compatibility_date, v.compatibility_flags, v.handlers, v.extras
  FROM scripts s JOIN versions v ON v.id = s.active_version"""


class Scripts:
    """The Workers of the account."""

    def __init__(self, database: Database, stamps: Stamps) -> None:
        self._db = database
        self._stamps = stamps

    def get(self, name: str) -> Script | None:
        """Find a script by name."""
        row = self._db.row("SELECT * FROM scripts WHERE name = ?", (name,))
        return _script(row) if row else None

    def exists(self, name: str) -> bool:
        """Tell whether there is a script of that name."""
        return self._db.row("SELECT 1 FROM scripts WHERE name = ?", (name,)) is not None

    def listed(self, name: str | None = None) -> list[Listed]:
        """List the deployed scripts, or the one of that name, by name."""
        if name is None:
            return [_listed(row) for row in self._db.rows(f"{_LIST} ORDER BY s.name")]
        return [_listed(row) for row in self._db.rows(f"{_LIST} WHERE s.name = ?", (name,))]

    def ensure(self, name: str) -> Script:
        """Return a script, made when it is not there."""
        now = self._stamps.next()
        self._db.run(
            "INSERT OR IGNORE INTO scripts (name, tag, created_on, modified_on) VALUES (?, ?, ?, ?)",
            (name, new_id(), now, now),
        )
        script = self.get(name)
        assert script is not None
        return script

    def touch(self, name: str, deployed_from: str | None = None) -> None:
        """Move the time of the last change."""
        self._db.run(
            "UPDATE scripts SET modified_on = ?, last_deployed_from = coalesce(?, last_deployed_from)"
            " WHERE name = ?",
            (self._stamps.next(), deployed_from, name),
        )

    def set_tags(self, name: str, tags: Sequence[str]) -> None:
        """Replace the tags."""
        self._db.run("UPDATE scripts SET tags = ? WHERE name = ?", (json.dumps(list(tags)), name))

    def set_settings(self, name: str, settings: Json) -> None:
        """Replace the non-versioned settings."""
        self._db.run("UPDATE scripts SET settings = ? WHERE name = ?", (json.dumps(settings), name))

    def set_subdomain(self, name: str, enabled: bool, previews: bool) -> None:
        """Switch the workers.dev hostname and the version hostnames."""
        self._db.run(
            "UPDATE scripts SET subdomain_enabled = ?, previews_enabled = ? WHERE name = ?",
            (int(enabled), int(previews), name),
        )

    def dependents(self, name: str) -> list[str]:
        """Name the other scripts whose active version has a service binding to this one."""
        rows = self._db.rows(
            "SELECT s.name FROM service_bindings b JOIN scripts s ON s.active_version = b.version"
            " WHERE b.service = ? AND s.name <> ? ORDER BY s.name",
            (name, name),
        )
        return [row["name"] for row in rows]

    def delete(self, name: str) -> None:
        """Delete a script with its versions, deployments, domains, routes and the code nobody else has."""
        with self._db.transaction():
            self._db.run("DELETE FROM scripts WHERE name = ?", (name,))
            self._db.run("DELETE FROM blobs WHERE sha256 NOT IN (SELECT sha256 FROM version_blobs)")


def _script(row: sqlite3.Row) -> Script:
    return Script(
        name=row["name"],
        tag=row["tag"],
        created_on=row["created_on"],
        modified_on=row["modified_on"],
        tags=tuple(json.loads(row["tags"])),
        settings=json.loads(row["settings"]),
        subdomain_enabled=bool(row["subdomain_enabled"]),
        previews_enabled=bool(row["previews_enabled"]),
        last_deployed_from=row["last_deployed_from"],
    )


def _listed(row: sqlite3.Row) -> Listed:
    return Listed(
        script=_script(row),
        etag=row["etag"],
        compatibility_date=row["compatibility_date"],
        compatibility_flags=tuple(json.loads(row["compatibility_flags"])),
        handlers=tuple(json.loads(row["handlers"])),
        extras=json.loads(row["extras"]),
    )
