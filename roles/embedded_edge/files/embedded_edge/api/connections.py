# SPDX-License-Identifier: GPL-3.0-or-later
"""The connections of tunnels, and the local way in for what stands in for cloudflared."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..store.model import Json
from ..store.tunnels import FULL, Connector
from .auth import bearer
from .call import Call, Edge, as_object, parse_json
from .errors import ApiError, answer, bad_request
from .numbers import is_number, is_whole
from .router import Endpoint
from .tunnels import BAD_FIELD, READ, TUNNEL, WRITE, is_uuid, shown_connection, tunnel

CONNECTIONS = f"{TUNNEL}/connections"
LARGEST = 64 * 1024
LONGEST_SILENCE = 3600
MOST_CONNECTORS = 25


def _client(call: Call, connector: Connector) -> Json:
    return {
        "id": connector.id,
        "features": ["ha-origin", "support_datagram_v2"],
        "version": connector.version,
        "arch": connector.arch,
        "config_version": tunnel(call).config_version,
        "run_at": connector.run_at,
        "conns": [shown_connection(connector, item) for item in connector.connections],
    }


async def list_connections(call: Call) -> Response:
    """GET the connectors with their connections."""
    found = call.store.tunnels.connectors(tunnel(call))
    return answer([_client(call, connector) for connector in found])


async def get_connector(call: Call) -> Response:
    """GET one connector."""
    found = call.store.tunnels.connectors(tunnel(call))
    chosen = [connector for connector in found if connector.id == call.params["connector"]]
    if not chosen:
        raise ApiError(404, 1020, "Connector not found")
    return answer(_client(call, chosen[0]))


async def delete_connections(call: Call) -> Response:
    """DELETE the connections of one connector or of all."""
    connector = call.query("client_id")
    if connector is not None and not is_uuid(connector):
        raise bad_request("'client_id' must be a UUID", BAD_FIELD)
    call.store.tunnels.disconnect(tunnel(call), connector)
    return answer({})


async def connector(edge: Edge, request: Request) -> Json:
    """Hold the connections of a connector, which shows its tunnel's token; 0 connections ends them.

    As on the platform, what is connected stays so when the secret is rotated, but nobody connects anew
    with the old one. A connector that promises to call again within `seconds` is dropped when it does not.
    """
    named = edge.store.tunnels.named_by(bearer(request.headers) or "")
    if named is None:
        raise ApiError(401, 0, "Unauthorized: this is no token of a tunnel")
    found, current = named
    body = await _body(request)
    name, count, seconds = body.get("id"), body.get("connections", FULL), body.get("seconds")
    if not is_uuid(name) or not is_whole(count, 0, FULL):
        raise bad_request(f"'id' is a UUID and 'connections' a whole number from 0 to {FULL}")
    if seconds is not None and (not is_number(seconds, 0, LONGEST_SILENCE) or not seconds):
        raise bad_request(f"'seconds' is a number from 0 to {LONGEST_SILENCE}")
    known = {item.id for item in edge.store.tunnels.connectors(found)}
    if not current and name not in known:
        raise ApiError(401, 0, "Unauthorized: the secret of this tunnel was rotated")
    if name not in known and len(known) >= MOST_CONNECTORS:
        raise ApiError(409, 0, f"a tunnel has at most {MOST_CONNECTORS} connectors")
    edge.store.tunnels.connect(found, str(name), str(body.get("version", "stand-in"))[:100], count, seconds)
    return {"tunnel": found.id, "config_version": found.config_version, "config": found.config}


async def _body(request: Request) -> Json:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST:
            raise ApiError(413, 0, f"the body is larger than {LARGEST} bytes")
        chunks.append(chunk)
    content: Any = parse_json(b"".join(chunks))
    return as_object(content)


ENDPOINTS = (
    Endpoint("GET", CONNECTIONS, list_connections, READ),
    Endpoint("DELETE", CONNECTIONS, delete_connections, WRITE),
    Endpoint("GET", f"{TUNNEL}/connectors/{{connector}}", get_connector, READ),
)
