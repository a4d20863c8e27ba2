# SPDX-License-Identifier: GPL-3.0-or-later
"""Access service tokens: the client secret is in the answer to creation and rotation, and nowhere else."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from ..store.clock import EPOCH
from ..store.model import Json
from ..store.service_tokens import ServiceToken
from .call import Call, as_object, boolean_field, parse_json, text_field
from .errors import ApiError, answer, bad_request
from .paging import requested
from .router import Endpoint

READ, WRITE = "Access: Service Tokens Read", "Access: Service Tokens Write"
TOKENS = "/accounts/{account}/access/service_tokens"
TOKEN = f"{TOKENS}/{{token}}"
YEAR = "8760h"
FOREVER = "forever"
MOST = 50
LONGEST_NAME = 350
LARGEST = 64 * 1024
BAD, NOT_FOUND, TOO_MANY = 12130, 11021, 12131
_DURATION = re.compile(r"([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_LATEST = 250_000_000_000


def _token(call: Call) -> ServiceToken:
    found = call.store.service_tokens.get(call.params["token"])
    if found is None:
        raise ApiError(404, NOT_FOUND, "access.api.error.not_found: there is no such service token")
    return found


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return (EPOCH + timedelta(seconds=min(seconds, _LATEST))).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(item: ServiceToken) -> Json:
    return {
        "id": item.id,
        "name": item.name,
        "client_id": item.client_id,
        "duration": item.duration,
        "enabled": item.enabled,
        "expires_at": _moment(item.expires),
        "created_at": item.created_at,
        "updated_at": item.updated_at,
        "client_secret_version": item.secret_version,
        "previous_client_secret_expires_at": _moment(item.previous_expires),
    }


def _with_secret(made: tuple[ServiceToken, str]) -> Json:
    token, secret = made
    names = ("id", "name", "client_id", "duration", "enabled", "expires_at")
    return {name: _shown(token)[name] for name in names} | {"client_secret": secret}


def _seconds(duration: str) -> float | None:
    """Return how long a token is valid; nothing for a token that never expires."""
    if duration == FOREVER:
        return None
    if not _DURATION.fullmatch(duration) or len(duration) > 60:
        raise bad_request("'duration' must be such as 8760h or 2h45m, or forever", BAD)
    total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(duration))
    return min(total, _LATEST)


async def list_tokens(call: Call) -> Response:
    """GET the tokens, by name when asked."""
    name, search = call.query("name"), (call.query("search") or "").lower()
    found = [
        item
        for item in call.store.service_tokens.all()
        if name in (None, item.name) and search in item.name.lower()
    ]
    page = requested(call, 25, 1000)
    shown = [_shown(item) for item in page.of(found)]
    return answer(shown, info=page.info(len(shown), len(found)))


async def create_token(call: Call) -> Response:
    """POST a token."""
    body = await call.object()
    name = text_field(body, "name", LONGEST_NAME, BAD)
    duration = str(body.get("duration") or YEAR)
    enabled = boolean_field(body, "enabled", True, BAD)
    seconds = _seconds(duration)
    if len(call.store.service_tokens.all()) >= MOST:
        raise ApiError(400, TOO_MANY, f"an account has at most {MOST} service tokens")
    made = call.store.service_tokens.create(name, duration, seconds, enabled)
    return answer(_with_secret(made), status=201)


async def get_token(call: Call) -> Response:
    """GET a token, without its secret."""
    return answer(_shown(_token(call)))


async def put_token(call: Call) -> Response:
    """PUT name, duration or whether it is enabled."""
    found, body = _token(call), await call.object()
    name = text_field(body, "name", LONGEST_NAME, BAD) if "name" in body else found.name
    duration = str(body.get("duration") or found.duration)
    enabled = boolean_field(body, "enabled", found.enabled, BAD)
    changed = call.store.service_tokens.edit(found, name, duration, _seconds(duration), enabled)
    return answer(_shown(changed))


async def delete_token(call: Call) -> Response:
    """DELETE a token."""
    found = _token(call)
    call.store.service_tokens.delete(found.id)
    return answer(_shown(found))


async def rotate_token(call: Call) -> Response:
    """POST a rotation; the secret before is accepted until the time given, or not any more."""
    found = _token(call)
    raw = await call.body(LARGEST)
    body = as_object(parse_json(raw)) if raw.strip() else {}
    ends = _until(body.get("previous_client_secret_expires_at"), call.store.clock())
    return answer(_with_secret(call.store.service_tokens.rotate(found, ends)))


def _until(value: object, now: float) -> float:
    if value is None:
        return now
    try:
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise bad_request("'previous_client_secret_expires_at' must be a time of RFC 3339", BAD) from None


async def refresh_token(call: Call) -> Response:
    """POST a refresh: the validity begins anew."""
    found = _token(call)
    return answer(_shown(call.store.service_tokens.refresh(found, _seconds(found.duration))))


ENDPOINTS = (
    Endpoint("GET", TOKENS, list_tokens, READ),
    Endpoint("POST", TOKENS, create_token, WRITE),
    Endpoint("GET", TOKEN, get_token, READ),
    Endpoint("PUT", TOKEN, put_token, WRITE),
    Endpoint("DELETE", TOKEN, delete_token, WRITE),
    Endpoint("POST", f"{TOKEN}/rotate", rotate_token, WRITE),
    Endpoint("POST", f"{TOKEN}/refresh", refresh_token, WRITE),
)
