# SPDX-License-Identifier: GPL-3.0-or-later
"""The control endpoint under /_embedded: faults, log, tokens, reset. Nothing of it exists at Cloudflare."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from .auth import SCOPES, authenticate, authorize
from .call import Call, Edge, as_object
from .connections import connector
from .errors import ApiError, bad_request
from .faults import BadRule
from .numbers import is_number
from .rates import LIMIT, WINDOW

PREFIX = "/_embedded"
STATUSES = ("active", "disabled", "expired")

Handler = Callable[[Call], Awaitable[Any]]


async def get_faults(call: Call) -> Any:
    """List the rules with their counters."""
    return {"faults": call.edge.faults.shown()}


async def add_faults(call: Call) -> Any:
    """Add one rule or a list of rules."""
    try:
        call.edge.faults.add(await call.json())
    except BadRule as error:
        raise bad_request(str(error)) from None
    return await get_faults(call)


async def clear_faults(call: Call) -> Any:
    """Take every rule back."""
    call.edge.faults.clear()
    return await get_faults(call)


async def get_requests(call: Call) -> Any:
    """List the requests after number `since`."""
    since = call.integer("since", 0, 0, 10**12 - 1)
    return {"requests": call.edge.log.since(since), "last": call.edge.log.last}


async def clear_requests(call: Call) -> Any:
    """Forget the requests."""
    call.edge.log.clear()
    return {"requests": [], "last": call.edge.log.last}


async def add_token(call: Call) -> Any:
    """Make a token with these permissions; its text is in this answer and nowhere else."""
    body = await call.object()
    scopes, status = body.get("scopes", sorted(SCOPES)), body.get("status", "active")
    if not isinstance(scopes, list) or not set(map(str, scopes)) <= SCOPES:
        raise bad_request(f"'scopes' is a list of {', '.join(sorted(SCOPES))}")
    if status not in STATUSES:
        raise bad_request(f"'status' is one of {', '.join(STATUSES)}")
    return {"token": call.store.accounts.add_token(scopes, status)}


async def reset(call: Call) -> Any:
    """Forget everything but the account, its main token and its zones."""
    call.store.reset()
    call.edge.faults.clear()
    call.edge.log.clear()
    call.edge.rates.configure(None)
    return {"status": "ok"}


async def get_settings(call: Call) -> Any:
    """Show the settings."""
    rates = call.edge.rates
    return {"rate_limit": None if rates.limit is None else {"limit": rates.limit, "window": rates.window}}


async def set_settings(call: Call) -> Any:
    """Switch the rate limit: null, true for the platform's, or {limit, window}."""
    body = await call.object()
    if set(body) != {"rate_limit"}:
        raise bad_request("the one setting is 'rate_limit'")
    wanted = body["rate_limit"]
    if wanted is None or wanted is False:
        call.edge.rates.configure(None)
    else:
        limits = {} if wanted is True else as_object(wanted)
        call.edge.rates.configure(int(_number(limits, "limit", LIMIT)), _number(limits, "window", WINDOW))
    return await get_settings(call)


def _number(body: dict[str, Any], name: str, default: float) -> float:
    value = body.get(name, default)
    if not is_number(value, 0, 1_000_000) or not value:
        raise bad_request(f"'{name}' must be a number from 1 to 1000000")
    return value


HANDLERS: dict[tuple[str, str], Handler] = {
    ("GET", "faults"): get_faults,
    ("POST", "faults"): add_faults,
    ("DELETE", "faults"): clear_faults,
    ("GET", "requests"): get_requests,
    ("DELETE", "requests"): clear_requests,
    ("POST", "tokens"): add_token,
    ("POST", "reset"): reset,
    ("GET", "settings"): get_settings,
    ("POST", "settings"): set_settings,
}


async def control(edge: Edge, request: Request, name: str) -> Response:
    """Answer a call of the control endpoint; health needs no token, a connector shows its tunnel's."""
    if name == "health":
        return _plain({"status": "ok", **edge.facts})
    try:
        if (request.method, name) == ("POST", "connector"):
            return _plain(await connector(edge, request))
        token = authenticate(edge.store, request.headers)
        authorize(token, "Account Settings Read")
        handler = HANDLERS.get((request.method, name))
        if handler is None:
            known = any(name == other for _method, other in HANDLERS)
            raise ApiError(405 if known else 404, 0, f"there is no {request.method} {PREFIX}/{name[:80]}")
        return _plain(await handler(Call(edge, request, {}, token)))
    except ApiError as error:
        return _plain({"error": error.message}, error.status)


def _plain(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, media_type="application/json")
