# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes: patterns of hostname and path that lead to Workers."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from starlette.responses import Response

from ..store.model import Json, Route, Zone
from . import shapes
from .call import Call
from .errors import ApiError, answer, bad_request, forbidden, no_script
from .router import Endpoint
from .scripts import SCRIPT

ROUTES_READ, ROUTES_WRITE = "Workers Routes Read", "Workers Routes Write"
ZONE_ROUTES = "/zones/{zone}/workers/routes"
PATTERN = re.compile(r"(https?://)?[*a-z0-9._-]+(:[0-9]+)?(/[\x21-\x7e]*)?", re.IGNORECASE)
NO_ROUTE, ROUTE_TAKEN, BAD_PATTERN = 10019, 10020, 10022
MOST_AT_ONCE = 1000


def _zone(call: Call) -> Zone:
    zone = call.store.accounts.zone(call.params["zone"])
    if zone is None:
        raise forbidden()
    return zone


async def list_routes(call: Call) -> Response:
    """GET the routes of a zone."""
    return answer([shapes.route(route) for route in call.store.triggers.routes(_zone(call).id)])


async def create_route(call: Call) -> Response:
    """POST a route."""
    zone = _zone(call)
    return answer(shapes.route(_put_route(call, zone, await call.object())))


async def update_route(call: Call) -> Response:
    """PUT a route."""
    zone, found = _zone(call), _route(call)
    return answer(shapes.route(_put_route(call, zone, await call.object(), found.id)))


def _put_route(call: Call, zone: Zone, body: Json, route_id: str | None = None) -> Route:
    pattern = _pattern(body.get("pattern"), zone)
    script = body.get("script")
    if script is not None and (not isinstance(script, str) or not call.store.scripts.exists(script)):
        raise no_script(str(script)[:255])
    try:
        return call.store.triggers.put_route(zone.id, pattern, script, route_id)
    except sqlite3.IntegrityError:
        raise ApiError(409, ROUTE_TAKEN, "A route with the same pattern already exists.") from None


def _pattern(value: Any, zone: Zone) -> str:
    if not isinstance(value, str) or len(value) > 2048 or not PATTERN.fullmatch(value):
        raise bad_request("'pattern' must be such as example.com/* or *.example.com/api/*", BAD_PATTERN)
    host = re.sub(r"^https?://", "", value, flags=re.IGNORECASE).partition("/")[0].partition(":")[0].lower()
    bare = host.removeprefix("*").removeprefix(".")
    if "*" in bare or (bare != zone.name and not bare.endswith(f".{zone.name}")):
        raise bad_request(
            f"Route pattern must include your zone ({zone.name}); '*' may only start its host", BAD_PATTERN
        )
    return value


def _route(call: Call) -> Route:
    found = next(
        (r for r in call.store.triggers.routes(_zone(call).id) if r.id == call.params["route"]), None
    )
    if found is None:
        raise ApiError(404, NO_ROUTE, "This route does not exist.")
    return found


async def get_route(call: Call) -> Response:
    """GET a route."""
    return answer(shapes.route(_route(call)))


async def delete_route(call: Call) -> Response:
    """DELETE a route."""
    found = _route(call)
    call.store.triggers.delete_route(found.id)
    return answer({"id": found.id})


async def script_routes(call: Call) -> Response:
    """GET the routes of a script in every zone."""
    return answer([shapes.route(route) for route in call.store.triggers.routes(script=call.script().name)])


async def put_script_routes(call: Call) -> Response:
    """PUT all routes of a script, in place of those it had."""
    script = call.script()
    body = await call.json()
    if not isinstance(body, list) or len(body) > MOST_AT_ONCE:
        raise bad_request("a list of routes is expected")
    wanted = [_script_route(call, item) for item in body]
    with call.store.database.transaction():
        for route in call.store.triggers.routes(script=script.name):
            call.store.triggers.delete_route(route.id)
        made = [
            _put_route(call, zone, {"pattern": pattern, "script": script.name}) for zone, pattern in wanted
        ]
    return answer([shapes.route(route) for route in made])


def _script_route(call: Call, item: Any) -> tuple[Zone, str]:
    fields = {"pattern": item} if isinstance(item, str) else item
    if not isinstance(fields, dict) or not isinstance(fields.get("pattern"), str):
        raise bad_request("each route needs a 'pattern'", BAD_PATTERN)
    host = re.sub(r"^https?://", "", fields["pattern"]).partition("/")[0].partition(":")[0]
    zone = call.store.accounts.zone_of(host.lower().removeprefix("*").removeprefix("."))
    if (
        zone is None
        or fields.get("zone_id", zone.id) != zone.id
        or fields.get("zone_name", zone.name) != zone.name
    ):
        raise bad_request(
            f"route '{fields['pattern'][:200]}' belongs to no zone of this account", BAD_PATTERN
        )
    return zone, _pattern(fields["pattern"], zone)


ENDPOINTS = (
    Endpoint("GET", ZONE_ROUTES, list_routes, ROUTES_READ),
    Endpoint("POST", ZONE_ROUTES, create_route, ROUTES_WRITE),
    Endpoint("GET", f"{ZONE_ROUTES}/{{route}}", get_route, ROUTES_READ),
    Endpoint("PUT", f"{ZONE_ROUTES}/{{route}}", update_route, ROUTES_WRITE),
    Endpoint("DELETE", f"{ZONE_ROUTES}/{{route}}", delete_route, ROUTES_WRITE),
    Endpoint("GET", f"{SCRIPT}/routes", script_routes, ROUTES_READ),
    Endpoint("PUT", f"{SCRIPT}/routes", put_script_routes, ROUTES_WRITE),
)
