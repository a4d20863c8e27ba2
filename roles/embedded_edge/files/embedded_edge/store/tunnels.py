# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels, their configuration and the connectors that hold their connections."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
import sqlite3
from dataclasses import dataclass, field

from .clock import Clock, Stamps, new_uuid
from .database import Database
from .model import Json

SECRET_BYTES = 32
FULL = 4
"""How many connections a connector has when all is well."""


@dataclass(frozen=True)
class Tunnel:
    """A tunnel; its secret is in no `repr`."""

    id: str
    name: str
    config_src: str
    secret: str = field(repr=False)
    config: Json
    config_version: int
    config_changed_at: str
    created_at: str
    deleted_at: str | None
    active_at: str | None
    inactive_at: str | None


@dataclass(frozen=True)
class Connector:
    """A process that serves a tunnel; a connection is {id, colo_name, opened_at}."""

    tunnel: str
    id: str
    version: str
    arch: str
    run_at: str
    connections: tuple[Json, ...]


class Tunnels:
    """The tunnels of the account."""

    def __init__(self, database: Database, stamps: Stamps, clock: Clock, account: str) -> None:
        self._db = database
        self._stamps = stamps
        self._clock = clock
        self._account = account

    def create(self, name: str, config_src: str, secret: str | None) -> Tunnel:
        """Make a tunnel; a name that is taken is an integrity error."""
        now = self._stamps.next()
        secret = secret or base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        tunnel_id = new_uuid()
        values = (tunnel_id, name, config_src, secret, "{}", 0, now, now, None, None, None)
        self._db.run("INSERT INTO tunnels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
        made = self.get(tunnel_id)
        assert made is not None
        return made

    def all(self) -> list[Tunnel]:
        """List the tunnels, deleted ones too, newest first."""
        return [_tunnel(row) for row in self._db.rows("SELECT * FROM tunnels ORDER BY created_at DESC")]

    def get(self, tunnel_id: str) -> Tunnel | None:
        """Find a tunnel by id, deleted or not."""
        row = self._db.row("SELECT * FROM tunnels WHERE id = ?", (tunnel_id,))
        return _tunnel(row) if row else None

    def edit(self, tunnel: Tunnel, name: str | None, secret: str | None) -> None:
        """Change name or secret; a name that is taken is an integrity error."""
        self._db.run(
            "UPDATE tunnels SET name = ?, secret = ? WHERE id = ?",
            (name or tunnel.name, secret or tunnel.secret, tunnel.id),
        )

    def configure(self, tunnel: Tunnel, config: Json) -> None:
        """Replace the configuration under the next version."""
        self._db.run(
            "UPDATE tunnels SET config = ?, config_version = config_version + 1, config_changed_at = ?"
            " WHERE id = ?",
            (json.dumps(config), self._stamps.next(), tunnel.id),
        )

    def delete(self, tunnel: Tunnel) -> None:
        """Mark a tunnel as deleted, and drop its connectors."""
        with self._db.transaction():
            self.disconnect(tunnel)
            now = self._stamps.next()
            self._db.run("UPDATE tunnels SET deleted_at = ? WHERE id = ?", (now, tunnel.id))

    def token(self, tunnel: Tunnel) -> str:
        """Return the token with which a connector serves this tunnel."""
        content = {"a": self._account, "t": tunnel.id, "s": tunnel.secret}
        return base64.b64encode(json.dumps(content, separators=(",", ":")).encode()).decode()

    def named_by(self, token: str) -> tuple[Tunnel, bool] | None:
        """Return the tunnel that a token names, and whether the token's secret is the present one."""
        try:
            content = json.loads(base64.b64decode(token, validate=True))
            named, secret = str(content["t"]), str(content["s"])
        except (binascii.Error, ValueError, KeyError, TypeError, RecursionError):
            return None
        tunnel = self.get(named)
        if tunnel is None or tunnel.deleted_at is not None:
            return None
        return tunnel, hmac.compare_digest(tunnel.secret.encode(), secret.encode("utf-8", "surrogatepass"))

    def connectors(self, tunnel: Tunnel) -> list[Connector]:
        """List the connectors of a tunnel, those that fell silent left out."""
        self._sweep(tunnel)
        rows = self._db.rows("SELECT * FROM connectors WHERE tunnel = ? ORDER BY run_at, id", (tunnel.id,))
        return [_connector(row) for row in rows]

    def connect(
        self, tunnel: Tunnel, connector: str, version: str, count: int, seconds: float | None
    ) -> None:
        """Let a connector have so many connections; none takes it away."""
        now = self._stamps.next()
        known = {item.id: item for item in self.connectors(tunnel)}.get(connector)
        opened = list(known.connections[:count]) if known else []
        opened += [_connection(now, number) for number in range(len(opened), count)]
        expires = None if seconds is None else self._clock() + seconds
        values = (tunnel.id, connector, version, "linux_amd64", known.run_at if known else now)
        with self._db.transaction():
            self._db.run(
                "DELETE FROM connectors WHERE tunnel = ? AND id = ?",
                (tunnel.id, connector),
            )
            if count:
                self._db.run(
                    "INSERT INTO connectors VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (*values, json.dumps(opened), expires),
                )
            self._note_activity(tunnel)

    def disconnect(self, tunnel: Tunnel, connector: str | None = None) -> int:
        """Drop one connector or all of them; return how many there were."""
        with self._db.transaction():
            gone = self._db.run(
                "DELETE FROM connectors WHERE tunnel = ? AND coalesce(id = ?, 1)", (tunnel.id, connector)
            )
            self._note_activity(tunnel)
        return gone

    def status(self, tunnel: Tunnel) -> str:
        """Return the status in the words of the API."""
        counts = [len(connector.connections) for connector in self.connectors(tunnel)]
        found = self.get(tunnel.id)
        if not counts:
            return "down" if found and (found.active_at or found.inactive_at) else "inactive"
        return "healthy" if max(counts) >= FULL else "degraded"

    def _sweep(self, tunnel: Tunnel) -> None:
        with self._db.transaction():
            gone = self._db.run(
                "DELETE FROM connectors WHERE tunnel = ? AND expires < ?", (tunnel.id, self._clock())
            )
            if gone:
                self._note_activity(tunnel)

    def _note_activity(self, tunnel: Tunnel) -> None:
        row = self._db.row("SELECT count(*) AS n FROM connectors WHERE tunnel = ?", (tunnel.id,))
        active, found, now = bool(row and row["n"]), self.get(tunnel.id), self._stamps.next()
        if found is None:
            return
        if active and found.active_at is None:
            self._db.run(
                "UPDATE tunnels SET active_at = ?, inactive_at = NULL WHERE id = ?", (now, tunnel.id)
            )
        if not active and found.active_at is not None:
            self._db.run(
                "UPDATE tunnels SET active_at = NULL, inactive_at = ? WHERE id = ?", (now, tunnel.id)
            )


def _connection(now: str, number: int) -> Json:
    colo = ("fra03", "ams04")[number % 2]
    return {"id": new_uuid(), "colo_name": colo, "opened_at": now}


def _tunnel(row: sqlite3.Row) -> Tunnel:
    return Tunnel(**{**dict(row), "config": json.loads(row["config"])})


def _connector(row: sqlite3.Row) -> Connector:
    connections = tuple(json.loads(row["connections"]))
    return Connector(row["tunnel"], row["id"], row["version"], row["arch"], row["run_at"], connections)
