# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels: create, list, rename, rotate, delete, their tokens and their configuration."""

from __future__ import annotations

import base64
import binascii
import re
import sqlite3
from typing import Any

from starlette.responses import Response

from ..store.model import Json
from ..store.tunnels import SECRET_BYTES, Connector, Tunnel
from .call import Call, as_object, text_field
from .errors import ApiError, answer, bad_request
from .ingress import checked_config
from .paging import requested
from .router import Endpoint

READ, WRITE = "Cloudflare Tunnel Read", "Cloudflare Tunnel Write"
TUNNELS = "/accounts/{account}/cfd_tunnel"
TUNNEL = f"{TUNNELS}/{{tunnel}}"
STATUSES = ("inactive", "degraded", "healthy", "down")
MOST = 1000
LONGEST_NAME = 100
NOT_FOUND, NAME_TAKEN, BAD_FIELD, IN_USE, TOO_MANY = 1003, 1013, 1001, 1022, 1014
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def tunnel(call: Call) -> Tunnel:
    """Return the tunnel that the path names; a deleted one is gone."""
    found = call.store.tunnels.get(call.params["tunnel"])
    if found is None or found.deleted_at is not None:
        raise ApiError(404, NOT_FOUND, "Tunnel not found")
    return found


def shown_connection(connector: Connector, item: Json) -> Json:
    """Return a connection as lists show it."""
    return {
        **item,
        "uuid": item["id"],
        "client_id": connector.id,
        "client_version": connector.version,
        "is_pending_reconnect": False,
        "origin_ip": "127.0.0.1",
    }


def _shown(call: Call, item: Tunnel) -> Json:
    connectors = call.store.tunnels.connectors(item)
    fresh = call.store.tunnels.get(item.id) or item
    return {
        "id": item.id,
        "account_tag": call.store.accounts.id,
        "created_at": item.created_at,
        "deleted_at": fresh.deleted_at,
        "name": fresh.name,
        "connections": [shown_connection(found, one) for found in connectors for one in found.connections],
        "conns_active_at": fresh.active_at,
        "conns_inactive_at": fresh.inactive_at,
        "tun_type": "cfd_tunnel",
        "metadata": {},
        "status": call.store.tunnels.status(item),
        "remote_config": item.config_src == "cloudflare",
        "config_src": item.config_src,
    }


def _with_token(call: Call, item: Tunnel) -> Json:
    """Return a tunnel as creation and rotation show it: with what a connector needs."""
    credentials = {
        "AccountTag": call.store.accounts.id,
        "TunnelID": item.id,
        "TunnelName": item.name,
        "TunnelSecret": item.secret,
    }
    return _shown(call, item) | {
        "credentials_file": credentials,
        "token": call.store.tunnels.token(item),
    }


async def list_tunnels(call: Call) -> Response:
    """GET tunnels, filtered by name, deletion, status or id."""
    name, wanted, uuid = call.query("name"), call.query("status"), call.query("uuid")
    deleted = call.query("is_deleted")
    if wanted is not None and wanted not in STATUSES:
        raise bad_request(f"'status' is one of {', '.join(STATUSES)}", BAD_FIELD)
    found = [
        item
        for item in call.store.tunnels.all()
        if name in (None, item.name)
        and uuid in (None, item.id)
        and (deleted is None or call.flag("is_deleted") is (item.deleted_at is not None))
        and wanted in (None, call.store.tunnels.status(item))
    ]
    page = requested(call, 20, 1000)
    shown = [_shown(call, item) for item in page.of(found)]
    return answer(shown, info=page.info(len(shown), len(found)))


async def create_tunnel(call: Call) -> Response:
    """POST a tunnel."""
    body = await call.object()
    name = text_field(body, "name", LONGEST_NAME, BAD_FIELD)
    source = body.get("config_src", "local")
    if source not in ("local", "cloudflare"):
        raise bad_request("'config_src' is local or cloudflare", BAD_FIELD)
    secret = _secret(body)
    if len([item for item in call.store.tunnels.all() if item.deleted_at is None]) >= MOST:
        raise ApiError(400, TOO_MANY, f"an account has at most {MOST} tunnels")
    try:
        made = call.store.tunnels.create(name, source, secret)
    except sqlite3.IntegrityError:
        raise _taken() from None
    return answer(_with_token(call, made))


def _secret(body: Json) -> str | None:
    value = body.get("tunnel_secret")
    if value is None:
        return None
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) < SECRET_BYTES:
        raise bad_request(f"'tunnel_secret' must be base64 of at least {SECRET_BYTES} bytes", BAD_FIELD)
    return str(value)


def _taken() -> ApiError:
    return ApiError(
        409, NAME_TAKEN, "You already have a tunnel with this name: delete that one, or choose another name"
    )


async def get_tunnel(call: Call) -> Response:
    """GET a tunnel, a deleted one too."""
    found = call.store.tunnels.get(call.params["tunnel"])
    if found is None:
        raise ApiError(404, NOT_FOUND, "Tunnel not found")
    return answer(_shown(call, found))


async def edit_tunnel(call: Call) -> Response:
    """PATCH name or secret; connections made with the old secret stay up."""
    found = tunnel(call)
    body = await call.object()
    name = text_field(body, "name", LONGEST_NAME, BAD_FIELD) if "name" in body else None
    try:
        call.store.tunnels.edit(found, name, _secret(body))
    except sqlite3.IntegrityError:
        raise _taken() from None
    return answer(_with_token(call, tunnel(call)))


async def delete_tunnel(call: Call) -> Response:
    """DELETE a tunnel; one with connections only with `cascade`, one with VPC services never."""
    found = tunnel(call)
    if call.store.tunnels.connectors(found) and not call.flag("cascade"):
        raise ApiError(400, IN_USE, "Cannot delete tunnel because it has active connections")
    bound = [service.name for service in call.store.vpc_services.all() if service.tunnel == found.id]
    if bound:
        raise ApiError(400, IN_USE, f"Cannot delete tunnel because VPC service '{bound[0]}' uses it")
    call.store.tunnels.delete(found)
    return answer(_shown(call, call.store.tunnels.get(found.id) or found))


async def get_token(call: Call) -> Response:
    """GET the token of a tunnel: a bare text."""
    return answer(call.store.tunnels.token(tunnel(call)))


def _configuration(call: Call, item: Tunnel) -> Json:
    return {
        "tunnel_id": item.id,
        "account_id": call.store.accounts.id,
        "version": item.config_version,
        "config": item.config or None,
        "source": item.config_src,
        "created_at": item.config_changed_at,
    }


async def get_configuration(call: Call) -> Response:
    """GET the configuration with its version."""
    return answer(_configuration(call, tunnel(call)))


async def put_configuration(call: Call) -> Response:
    """PUT the whole configuration; the connectors have it at once."""
    found = tunnel(call)
    body = await call.object()
    config: Any = checked_config(as_object(body.get("config")))
    if found.config_src != "cloudflare":
        raise bad_request("this tunnel is configured on its own machine (config_src local)", BAD_FIELD)
    call.store.tunnels.configure(found, config)
    return answer(_configuration(call, tunnel(call)))


def is_uuid(value: Any) -> bool:
    """Tell whether a value is a UUID as the API writes them."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


ENDPOINTS = (
    Endpoint("GET", TUNNELS, list_tunnels, READ),
    Endpoint("POST", TUNNELS, create_tunnel, WRITE),
    Endpoint("GET", TUNNEL, get_tunnel, READ),
    Endpoint("PATCH", TUNNEL, edit_tunnel, WRITE),
    Endpoint("DELETE", TUNNEL, delete_tunnel, WRITE),
    Endpoint("GET", f"{TUNNEL}/token", get_token, WRITE),
    Endpoint("GET", f"{TUNNEL}/configurations", get_configuration, READ),
    Endpoint("PUT", f"{TUNNEL}/configurations", put_configuration, WRITE),
)
