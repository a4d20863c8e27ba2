# SPDX-License-Identifier: GPL-3.0-or-later
"""The account, its tokens and its zones."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterable

from .clock import Stamps, new_id, stable_id
from .database import Database
from .model import Token, Zone

DEFAULT_SUBDOMAIN = "embedded"


def digest(token: str) -> str:
    """Return the digest under which a token is known."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


class Accounts:
    """The one account of an embedded edge."""

    def __init__(self, database: Database, stamps: Stamps) -> None:
        self._db = database
        self._stamps = stamps
        self.id = self._setting("account_id", new_id())
        self.created_on = self._setting("created_on", stamps.next())
        self.user_id = stable_id("user", self.id)
        self.email = "embedded@edge.localhost"

    def _setting(self, key: str, default: str) -> str:
        self._db.run("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, default))
        row = self._db.row("SELECT value FROM meta WHERE key = ?", (key,))
        assert row is not None
        return str(row["value"])

    @property
    def subdomain(self) -> str:
        """Return the account's label under workers.dev."""
        return self._setting("subdomain", DEFAULT_SUBDOMAIN)

    def set_subdomain(self, name: str) -> None:
        """Change the account's label under workers.dev."""
        self._db.run("INSERT OR REPLACE INTO meta VALUES ('subdomain', ?)", (name,))

    def token(self, text: str) -> Token | None:
        """Find a token by its text."""
        row = self._db.row("SELECT * FROM tokens WHERE digest = ?", (digest(text),))
        return _token(row) if row else None

    def add_token(self, scopes: Iterable[str], status: str = "active") -> str:
        """Make a token and return its text, the only time it is seen."""
        return self._add_token(scopes, status, main=False)

    def add_main_token(self, scopes: Iterable[str]) -> str:
        """Make the token that a reset keeps, in place of the one before."""
        with self._db.transaction():
            self._db.run("DELETE FROM tokens WHERE main = 1")
            return self._add_token(scopes, "active", main=True)

    def _add_token(self, scopes: Iterable[str], status: str, main: bool) -> str:
        text = secrets.token_urlsafe(30)
        values = (digest(text), new_id(), status, json.dumps(sorted(scopes)), int(main))
        self._db.run("INSERT INTO tokens VALUES (?, ?, ?, ?, ?)", values)
        return text

    def drop_tokens(self) -> None:
        """Delete every token but the main one."""
        self._db.run("DELETE FROM tokens WHERE main = 0")

    def add_zone(self, name: str) -> None:
        """Add a zone unless it is there."""
        values = (stable_id("zone", name), name, self._stamps.next())
        self._db.run("INSERT OR IGNORE INTO zones VALUES (?, ?, ?)", values)

    def zones(self) -> list[Zone]:
        """List the zones by name."""
        return [Zone(**dict(row)) for row in self._db.rows("SELECT * FROM zones ORDER BY name")]

    def zone(self, zone_id: str) -> Zone | None:
        """Find a zone by id."""
        return next((zone for zone in self.zones() if zone.id == zone_id), None)

    def zone_of(self, hostname: str) -> Zone | None:
        """Find the zone that a hostname belongs to, the longest name first."""
        inside = [
            zone for zone in self.zones() if hostname == zone.name or hostname.endswith(f".{zone.name}")
        ]
        return max(inside, key=lambda zone: len(zone.name), default=None)


def _token(row: sqlite3.Row) -> Token:
    return Token(row["id"], row["digest"], row["status"], frozenset(json.loads(row["scopes"])))
