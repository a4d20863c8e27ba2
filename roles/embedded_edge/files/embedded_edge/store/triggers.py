# SPDX-License-Identifier: GPL-3.0-or-later
"""How a hostname and path find their Worker: routes, custom domains, workers.dev."""

from __future__ import annotations

import re
from functools import lru_cache

from .accounts import Accounts
from .clock import new_id, new_uuid
from .database import Database
from .model import Domain, Route, Zone

WORKERS_DEV = "workers.dev"
_DOMAINS = """SELECT d.id, d.hostname, d.service, d.zone_id, z.name AS zone_name, d.cert_id
  FROM domains d JOIN zones z ON z.id = d.zone_id"""


class Triggers:
    """Custom domains and routes."""

    def __init__(self, database: Database, accounts: Accounts) -> None:
        self._db = database
        self._accounts = accounts

    def domains(self) -> list[Domain]:
        """List the custom domains by hostname."""
        return [Domain(**dict(row)) for row in self._db.rows(f"{_DOMAINS} ORDER BY d.hostname")]

    def domain(self, domain_id: str) -> Domain | None:
        """Find a custom domain by id."""
        row = self._db.row(f"{_DOMAINS} WHERE d.id = ?", (domain_id,))
        return Domain(**dict(row)) if row else None

    def put_domain(self, hostname: str, service: str, zone: Zone) -> Domain:
        """Give a hostname to a Worker, whoever had it before."""
        self._db.run(
            "INSERT INTO domains VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (hostname) DO UPDATE SET service = excluded.service, zone_id = excluded.zone_id",
            (new_id(), hostname, service, zone.id, new_uuid()),
        )
        row = self._db.row(f"{_DOMAINS} WHERE d.hostname = ?", (hostname,))
        assert row is not None
        return Domain(**dict(row))

    def delete_domain(self, domain_id: str) -> None:
        """Take a hostname away from its Worker."""
        self._db.run("DELETE FROM domains WHERE id = ?", (domain_id,))

    def routes(self, zone_id: str | None = None, script: str | None = None) -> list[Route]:
        """List routes, of one zone or one script when named."""
        rows = self._db.rows("SELECT * FROM routes ORDER BY pattern")
        found = [Route(**dict(row)) for row in rows]
        return [r for r in found if zone_id in (None, r.zone_id) and script in (None, r.script)]

    def put_route(self, zone_id: str, pattern: str, script: str | None, route_id: str | None = None) -> Route:
        """Make a route, or change the one of that id; a second route of one pattern is an integrity error."""
        route = Route(route_id or new_id(), zone_id, pattern, script)
        self._db.run(
            "INSERT INTO routes VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET pattern = excluded.pattern, script = excluded.script",
            (route.id, route.zone_id, route.pattern, route.script),
        )
        return route

    def delete_route(self, route_id: str) -> None:
        """Delete a route."""
        self._db.run("DELETE FROM routes WHERE id = ?", (route_id,))

    def resolve(self, hostname: str, path: str) -> str | None:
        """Name the script that answers: a route wins over a custom domain, that over workers.dev."""
        matching = [route for route in self.routes() if _matches(route.pattern, hostname, path)]
        if matching:
            best = max(matching, key=lambda route: _specificity(route.pattern))
            if best.script is not None:
                return best.script
        row = self._db.row("SELECT service FROM domains WHERE hostname = ?", (hostname,))
        if row:
            return str(row["service"])
        return self._workers_dev(hostname)

    def _workers_dev(self, hostname: str) -> str | None:
        name, _dot, rest = hostname.partition(".")
        if rest != f"{self._accounts.subdomain}.{WORKERS_DEV}":
            return None
        row = self._db.row("SELECT name FROM scripts WHERE name = ? AND subdomain_enabled = 1", (name,))
        return str(row["name"]) if row else None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    pattern = re.sub(r"^https?://", "", pattern)
    host, slash, path = pattern.partition("/")
    parts = [re.escape(part) for part in (host + (slash + path if slash else "/")).split("*")]
    return re.compile(".*".join(parts), re.DOTALL)


def _matches(pattern: str, hostname: str, path: str) -> bool:
    return _compiled(pattern).fullmatch(f"{hostname}{path or '/'}") is not None


def _specificity(pattern: str) -> tuple[bool, int]:
    return (not pattern.startswith("*"), len(pattern))
