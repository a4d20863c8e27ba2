# SPDX-License-Identifier: GPL-3.0-or-later
"""Custom domains of Workers."""

from __future__ import annotations

import re
from typing import Any

from starlette.responses import Response

from ..store.model import Domain, Json, Zone
from . import shapes
from .call import Call, as_object, boolean_field, text_field
from .errors import ApiError, answer, bad_request, no_script
from .router import Endpoint
from .scripts import READ, SCRIPT, WORKERS, WRITE

HOSTNAME = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)
NO_DOMAIN, TAKEN, NO_ZONE = 100114, 100116, 10048
MOST_AT_ONCE = 100


async def list_domains(call: Call) -> Response:
    """GET custom domains, filtered by hostname, service, zone or environment."""
    filters = {
        name: value for name in ("hostname", "service", "zone_id", "zone_name") if (value := call.query(name))
    }
    if call.query("environment") not in (None, "", "production"):
        return answer([])
    found = [d for d in call.store.triggers.domains() if all(getattr(d, k) == v for k, v in filters.items())]
    return answer([shapes.domain(domain) for domain in found])


async def put_domain(call: Call) -> Response:
    """PUT a custom domain: the hostname leads to the Worker from now on."""
    body = await call.object()
    hostname = _hostname(body)
    service = text_field(body, "service", 255)
    if body.get("environment", "production") != "production":
        raise bad_request("'environment' is deprecated; leave it out")
    if not call.store.scripts.exists(service):
        raise no_script(service)
    zone = _domain_zone(call, body, hostname)
    return answer(shapes.domain(call.store.triggers.put_domain(hostname, service, zone)))


def _hostname(body: Json) -> str:
    hostname = text_field(body, "hostname", 253).lower()
    if not HOSTNAME.fullmatch(hostname):
        raise bad_request("'hostname' must be a full DNS name such as app.example.com")
    return hostname


def _domain_zone(call: Call, body: Json, hostname: str) -> Zone:
    found = call.store.accounts.zone_of(hostname)
    named = (body.get("zone_id"), body.get("zone_name"))
    if found is None or named[0] not in (None, found.id) or named[1] not in (None, found.name):
        zones = ", ".join(zone.name for zone in call.store.accounts.zones())
        raise ApiError(400, NO_ZONE, f"hostname '{hostname}' is not in the zone named; zones: {zones}")
    return found


def _domain(call: Call) -> Domain:
    found = call.store.triggers.domain(call.params["domain"])
    if found is None:
        raise ApiError(404, NO_DOMAIN, "This custom domain does not exist.")
    return found


async def get_domain(call: Call) -> Response:
    """GET a custom domain."""
    return answer(shapes.domain(_domain(call)))


async def delete_domain(call: Call) -> Response:
    """DELETE a custom domain."""
    call.store.triggers.delete_domain(_domain(call).id)
    return answer(None)


async def changeset(call: Call) -> Response:
    """POST the domains a Worker shall have and get what would change, which wrangler asks first."""
    script = call.script().name
    wanted = _origins(call, await call.json())
    known = {domain.hostname: domain for domain in call.store.triggers.domains()}
    added = [
        {"hostname": hostname, "zone_id": zone.id}
        for hostname, zone in wanted.items()
        if hostname not in known
    ]
    updated = [
        {**shapes.domain(known[hostname]), "modified": known[hostname].service != script}
        for hostname in wanted
        if hostname in known
    ]
    mine = [domain for domain in known.values() if domain.service == script]
    removed = [
        shapes.domain(domain)
        for domain in mine
        if domain.hostname not in wanted and call.flag("replace_state")
    ]
    return answer({"added": added, "updated": updated, "removed": removed, "conflicting": []})


async def put_records(call: Call) -> Response:
    """PUT all domains of a Worker at once, in place of those it had when `override_scope` says so."""
    script = call.script().name
    body = await call.object()
    wanted = _origins(call, body.get("origins"))
    known = {domain.hostname: domain for domain in call.store.triggers.domains()}
    foreign = [hostname for hostname in wanted if hostname in known and known[hostname].service != script]
    if foreign and not boolean_field(body, "override_existing_origin", False):
        raise ApiError(
            409, TAKEN, f"hostname '{foreign[0]}' leads to Worker '{known[foreign[0]].service}' already"
        )
    with call.store.database.transaction():
        for domain in known.values() if boolean_field(body, "override_scope", False) else ():
            if domain.service == script and domain.hostname not in wanted:
                call.store.triggers.delete_domain(domain.id)
        made = [call.store.triggers.put_domain(hostname, script, zone) for hostname, zone in wanted.items()]
    return answer([shapes.domain(domain) for domain in made])


def _origins(call: Call, raw: Any) -> dict[str, Zone]:
    if not isinstance(raw, list) or len(raw) > MOST_AT_ONCE:
        raise bad_request(f"a list of at most {MOST_AT_ONCE} domains is expected")
    found: dict[str, Zone] = {}
    for origin in map(as_object, raw):
        hostname = _hostname(origin)
        found[hostname] = _domain_zone(call, origin, hostname)
    return found


ENDPOINTS = (
    Endpoint("GET", f"{WORKERS}/domains", list_domains, READ),
    Endpoint("PUT", f"{WORKERS}/domains", put_domain, WRITE),
    Endpoint("GET", f"{WORKERS}/domains/{{domain}}", get_domain, READ),
    Endpoint("DELETE", f"{WORKERS}/domains/{{domain}}", delete_domain, WRITE),
    Endpoint("GET", f"{WORKERS}/domains/records/{{domain}}", get_domain, READ),
    Endpoint("POST", f"{SCRIPT}/domains/changeset", changeset, WRITE),
    Endpoint("PUT", f"{SCRIPT}/domains/records", put_records, WRITE),
)
