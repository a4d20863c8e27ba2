# SPDX-License-Identifier: GPL-3.0-or-later
"""Access service tokens; of a client secret only the digest is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from dataclasses import dataclass, field, replace

from .clock import Clock, Stamps, new_uuid
from .database import Database


@dataclass(frozen=True)
class ServiceToken:
    """A service token; times are Unix times, none of them for ever."""

    id: str
    name: str
    client_id: str
    secret_digest: str = field(repr=False)
    secret_version: int
    previous_digest: str | None = field(repr=False)
    previous_expires: float | None
    duration: str
    expires: float | None
    enabled: bool
    created_at: str
    updated_at: str


class ServiceTokens:
    """The service tokens of the account."""

    def __init__(self, database: Database, stamps: Stamps, clock: Clock) -> None:
        self._db = database
        self._stamps = stamps
        self._clock = clock

    def all(self) -> list[ServiceToken]:
        """List the tokens, oldest first."""
        return [_token(row) for row in self._db.rows("SELECT * FROM service_tokens ORDER BY created_at")]

    def get(self, token_id: str) -> ServiceToken | None:
        """Find a token by id."""
        row = self._db.row("SELECT * FROM service_tokens WHERE id = ?", (token_id,))
        return _token(row) if row else None

    def create(
        self, name: str, duration: str, seconds: float | None, enabled: bool
    ) -> tuple[ServiceToken, str]:
        """Make a token; its secret is in this answer and nowhere else."""
        now, secret = self._stamps.next(), secrets.token_hex(32)
        made = ServiceToken(
            id=new_uuid(),
            name=name,
            client_id=f"{secrets.token_hex(16)}.access",
            secret_digest=_digest(secret),
            secret_version=1,
            previous_digest=None,
            previous_expires=None,
            duration=duration,
            expires=self._end(seconds),
            enabled=enabled,
            created_at=now,
            updated_at=now,
        )
        self._write(made)
        return made, secret

    def rotate(self, token: ServiceToken, previous_expires: float) -> tuple[ServiceToken, str]:
        """Give a token another secret; the one before is accepted until the time given."""
        secret = secrets.token_hex(32)
        made = replace(
            token,
            secret_digest=_digest(secret),
            secret_version=token.secret_version + 1,
            previous_digest=token.secret_digest,
            previous_expires=previous_expires,
        )
        return self._write(made), secret

    def refresh(self, token: ServiceToken, seconds: float | None) -> ServiceToken:
        """Let the validity begin anew."""
        return self._write(replace(token, expires=self._end(seconds)))

    def edit(
        self, token: ServiceToken, name: str, duration: str, seconds: float | None, enabled: bool
    ) -> ServiceToken:
        """Change what is not secret; another duration counts from now."""
        expires = token.expires if duration == token.duration else self._end(seconds)
        changed = replace(token, name=name, duration=duration, expires=expires, enabled=enabled)
        return self._write(changed)

    def accepts(self, client_id: str, secret: str) -> bool:
        """Tell whether Access would let a request with these headers in."""
        token = next((item for item in self.all() if item.client_id == client_id), None)
        now = self._clock()
        if token is None or not token.enabled or (token.expires is not None and token.expires <= now):
            return False
        valid = [token.secret_digest]
        if token.previous_digest and (token.previous_expires or 0) > now:
            valid.append(token.previous_digest)
        return any(hmac.compare_digest(digest, _digest(secret)) for digest in valid)

    def delete(self, token_id: str) -> None:
        """Delete a token."""
        self._db.run("DELETE FROM service_tokens WHERE id = ?", (token_id,))

    def _end(self, seconds: float | None) -> float | None:
        return None if seconds is None else self._clock() + seconds

    def _write(self, token: ServiceToken) -> ServiceToken:
        token = replace(token, updated_at=self._stamps.next())
        self._db.run(
            "INSERT OR REPLACE INTO service_tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            tuple(int(value) if isinstance(value, bool) else value for value in vars(token).values()),
        )
        return token


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _token(row: sqlite3.Row) -> ServiceToken:
    return ServiceToken(**{**dict(row), "enabled": bool(row["enabled"])})
