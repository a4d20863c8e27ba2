# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions and deployments of Workers."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from ..bundle import Bundle, Module
from .clock import Stamps, new_uuid
from .database import Database
from .model import Deployment, Json, NewVersion, Version

DEPLOYABLE = 100


class Versions:
    """The uploaded versions; they never change."""

    def __init__(self, database: Database, stamps: Stamps) -> None:
        self._db = database
        self._stamps = stamps

    def add(self, script: str, new: NewVersion) -> Version:
        """Store a version under the next number."""
        version_id, created = new_uuid(), self._stamps.next()
        modules = [(m.name, m.content_type, hashlib.sha256(m.content).hexdigest()) for m in new.modules]
        with self._db.transaction():
            number = self._next_number(script)
            values = (version_id, script, number, created, *_columns(new, modules))
            self._db.run("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            self._add_content(version_id, new, modules)
        found = self.get(script, version_id)
        assert found is not None
        return found

    def _next_number(self, script: str) -> int:
        row = self._db.row(
            "SELECT coalesce(max(number), 0) + 1 AS next FROM versions WHERE script = ?", (script,)
        )
        assert row is not None
        return int(row["next"])

    def _add_content(self, version_id: str, new: NewVersion, modules: Sequence[tuple[str, str, str]]) -> None:
        for module, (_name, _type, sha256) in zip(new.modules, modules, strict=True):
            self._db.run("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (sha256, module.content))
            self._db.run("INSERT OR IGNORE INTO version_blobs VALUES (?, ?)", (version_id, sha256))
        for binding in new.bindings:
            if binding["type"] == "service":
                self._db.run(
                    "INSERT OR IGNORE INTO service_bindings VALUES (?, ?)", (version_id, binding["service"])
                )

    def get(self, script: str, version_id: str) -> Version | None:
        """Find a version by id."""
        row = self._db.row("SELECT * FROM versions WHERE id = ? AND script = ?", (version_id, script))
        return _version(row) if row else None

    def latest(self, script: str) -> Version | None:
        """Return the version uploaded last, deployed or not."""
        row = self._db.row("SELECT * FROM versions WHERE script = ? ORDER BY number DESC LIMIT 1", (script,))
        return _version(row) if row else None

    def page(self, script: str, offset: int, limit: int) -> list[Version]:
        """List versions, newest first."""
        rows = self._db.rows(
            "SELECT * FROM versions WHERE script = ? ORDER BY number DESC LIMIT ? OFFSET ?",
            (script, limit, offset),
        )
        return [_version(row) for row in rows]

    def count(self, script: str) -> int:
        """Count the versions of a script."""
        row = self._db.row("SELECT count(*) AS n FROM versions WHERE script = ?", (script,))
        return int(row["n"]) if row else 0

    def deployable(self, script: str) -> list[Version]:
        """List the newest versions, the only ones that a deployment may name."""
        return self.page(script, 0, DEPLOYABLE)

    def modules(self, version: Version) -> tuple[Module, ...]:
        """Read the code of a version."""
        return tuple(
            Module(name, content_type, self._content(sha)) for name, content_type, sha in version.modules
        )

    def _content(self, sha256: str) -> bytes:
        row = self._db.row("SELECT content FROM blobs WHERE sha256 = ?", (sha256,))
        assert row is not None
        return bytes(row["content"])

    def bundle(self, script: str, version_id: str) -> Bundle | None:
        """Return what the runtime needs to run a version."""
        version = self.get(script, version_id)
        if version is None:
            return None
        return Bundle(
            script=script,
            version_id=version.id,
            number=version.number,
            created_on=version.created_on,
            tag=str(version.annotations.get("workers/tag", "")),
            message=str(version.annotations.get("workers/message", "")),
            main_module=version.main_module,
            modules=self.modules(version),
            bindings=version.bindings,
            compatibility_date=version.compatibility_date,
            compatibility_flags=version.compatibility_flags,
        )


def _columns(new: NewVersion, modules: Sequence[tuple[str, str, str]]) -> tuple[Any, ...]:
    return (
        new.source,
        new.etag,
        new.main_module,
        json.dumps(modules),
        json.dumps(new.bindings),
        new.compatibility_date,
        json.dumps(new.compatibility_flags),
        json.dumps(new.annotations),
        new.startup_ms,
        json.dumps(new.handlers),
        json.dumps(new.extras),
    )


class Deployments:
    """The deployments of every script, each newer one replacing the older."""

    def __init__(self, database: Database, stamps: Stamps) -> None:
        self._db = database
        self._stamps = stamps

    def add(
        self, script: str, versions: Sequence[tuple[str, float]], source: str, annotations: Json
    ) -> Deployment:
        """Make a deployment the active one."""
        values = (
            new_uuid(),
            script,
            self._stamps.next(),
            source,
            json.dumps(list(versions)),
            json.dumps(annotations),
        )
        leading = max(versions, key=lambda pair: pair[1])[0]
        with self._db.transaction():
            self._db.run(
                "INSERT INTO deployments (id, script, created_on, source, versions, annotations)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
            self._db.run("UPDATE scripts SET active_version = ? WHERE name = ?", (leading, script))
        return Deployment(values[0], script, values[2], source, tuple(versions), annotations)

    def active(self, script: str) -> Deployment | None:
        """Return the deployment that serves."""
        return next(iter(self.page(script, 0, 1)), None)

    def page(self, script: str, offset: int, limit: int) -> list[Deployment]:
        """List deployments, newest first."""
        rows = self._db.rows(
            "SELECT * FROM deployments WHERE script = ? ORDER BY seq DESC LIMIT ? OFFSET ?",
            (script, limit, offset),
        )
        return [_deployment(row) for row in rows]

    def get(self, script: str, deployment_id: str) -> Deployment | None:
        """Find a deployment by id."""
        row = self._db.row("SELECT * FROM deployments WHERE script = ? AND id = ?", (script, deployment_id))
        return _deployment(row) if row else None

    def delete(self, deployment_id: str) -> None:
        """Forget a deployment."""
        self._db.run("DELETE FROM deployments WHERE id = ?", (deployment_id,))


def _version(row: sqlite3.Row) -> Version:
    return Version(
        id=row["id"],
        script=row["script"],
        number=row["number"],
        created_on=row["created_on"],
        source=row["source"],
        etag=row["etag"],
        main_module=row["main_module"],
        modules=tuple((name, content_type, sha) for name, content_type, sha in json.loads(row["modules"])),
        bindings=tuple(json.loads(row["bindings"])),
        compatibility_date=row["compatibility_date"],
        compatibility_flags=tuple(json.loads(row["compatibility_flags"])),
        annotations=json.loads(row["annotations"]),
        startup_ms=row["startup_ms"],
        handlers=tuple(json.loads(row["handlers"])),
        extras=json.loads(row["extras"]),
    )


def _deployment(row: sqlite3.Row) -> Deployment:
    return Deployment(
        id=row["id"],
        script=row["script"],
        created_on=row["created_on"],
        source=row["source"],
        versions=tuple((version, percentage) for version, percentage in json.loads(row["versions"])),
        annotations=json.loads(row["annotations"]),
    )
