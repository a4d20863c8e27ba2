# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC services: origins behind a tunnel that a Worker may bind."""

from __future__ import annotations

import ipaddress
import re
import sqlite3
from typing import Any

from starlette.responses import Response

from ..store.model import Json
from ..store.vpc_services import VpcService
from .call import Call, as_object, text_field
from .errors import ApiError, answer, bad_request
from .numbers import is_whole
from .paging import requested
from .router import Endpoint

READ, WRITE = "Connectivity Directory Read", "Connectivity Directory Write"
SERVICES = "/accounts/{account}/connectivity/directory/services"
SERVICE = f"{SERVICES}/{{service}}"
MOST = 1000
MODES = ("verify_full", "verify_ca", "disabled")
PORTS = {"http": ("http_port", "https_port"), "tcp": ("tcp_port",)}
BAD, NOT_FOUND, TAKEN, TOO_MANY = 5100, 5101, 5102, 5103
_HOST = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}")


def _service(call: Call) -> VpcService:
    found = call.store.vpc_services.get(call.params["service"])
    if found is None:
        raise ApiError(404, NOT_FOUND, "connectivity service not found")
    return found


def _shown(item: VpcService) -> Json:
    return {
        "service_id": item.id,
        **item.body,
        "created_at": item.created_at,
        "updated_at": item.updated_at,
    }


async def list_services(call: Call) -> Response:
    """GET services, of one type when named."""
    kind = call.query("type")
    found = [item for item in call.store.vpc_services.all() if kind in (None, item.body["type"])]
    page = requested(call, 20, 1000)
    shown = [_shown(item) for item in page.of(found)]
    return answer(shown, info=page.info(len(shown), len(found)))


async def create_service(call: Call) -> Response:
    """POST a service."""
    body, tunnel = _checked(call, await call.object())
    if len(call.store.vpc_services.all()) >= MOST:
        raise ApiError(400, TOO_MANY, f"an account has at most {MOST} services")
    return answer(_shown(_put(call, body, tunnel)))


async def get_service(call: Call) -> Response:
    """GET a service."""
    return answer(_shown(_service(call)))


async def put_service(call: Call) -> Response:
    """PUT a whole service."""
    old = _service(call)
    body, tunnel = _checked(call, await call.object())
    return answer(_shown(_put(call, body, tunnel, old)))


async def delete_service(call: Call) -> Response:
    """DELETE a service."""
    call.store.vpc_services.delete(_service(call).id)
    return answer({})


def _put(call: Call, body: Json, tunnel: str, old: VpcService | None = None) -> VpcService:
    try:
        return call.store.vpc_services.put(body, tunnel, old)
    except sqlite3.IntegrityError:
        raise ApiError(409, TAKEN, f"a service named '{body['name']}' exists already") from None


def _checked(call: Call, body: Json) -> tuple[Json, str]:
    """Return the service as it is kept, and its tunnel."""
    name, kind = text_field(body, "name", 255, BAD), body.get("type")
    if kind not in PORTS:
        raise bad_request("'type' is http or tcp", BAD)
    foreign = {port for other in PORTS for port in PORTS[other] if body.get(port) is not None} - set(
        PORTS[kind]
    )
    if foreign:
        raise bad_request(f"'{min(foreign)}' does not belong to a service of type {kind}", BAD)
    ports = {port: _port(body, port) for port in PORTS[kind] if body.get(port) is not None}
    host, tunnel = _host(call, as_object(body.get("host")))
    kept: Json = {"name": name, "type": kind, "host": host, **ports}
    if body.get("app_protocol") is not None:
        if kind != "tcp" or body["app_protocol"] not in ("postgresql", "mysql"):
            raise bad_request("'app_protocol' is postgresql or mysql, and for type tcp only", BAD)
        kept["app_protocol"] = body["app_protocol"]
    if body.get("tls_settings") is not None:
        mode = as_object(body["tls_settings"]).get("cert_verification_mode")
        if mode not in MODES:
            raise bad_request(f"'cert_verification_mode' is one of {', '.join(MODES)}", BAD)
        kept["tls_settings"] = {"cert_verification_mode": mode}
    return kept, tunnel


def _port(body: Json, name: str) -> int:
    value = body[name]
    if not is_whole(value, 1, 65535):
        raise bad_request(f"'{name}' must be a port from 1 to 65535", BAD)
    return value


def _host(call: Call, host: Json) -> tuple[Json, str]:
    if "hostname" in host:
        if unknown := set(host) - {"hostname", "resolver_network"}:
            raise bad_request(f"a host with 'hostname' has no '{min(unknown)}'", BAD)
        name, network = host["hostname"], as_object(host.get("resolver_network"))
        if not isinstance(name, str) or not _HOST.fullmatch(name.lower()):
            raise bad_request("'hostname' must be a DNS name", BAD)
        for address in network.get("resolver_ips") or []:
            _address(address, "resolver_ips", (4, 6))
    else:
        if set(host) - {"ipv4", "ipv6", "network"} or not {"ipv4", "ipv6"} & set(host):
            raise bad_request("'host' has 'ipv4' or 'ipv6' with 'network', or 'hostname'", BAD)
        for family, version in (("ipv4", 4), ("ipv6", 6)):
            if family in host:
                _address(host[family], family, (version,))
        network = as_object(host.get("network"))
    tunnel = call.store.tunnels.get(str(network.get("tunnel_id")))
    if tunnel is None or tunnel.deleted_at is not None:
        raise bad_request("'tunnel_id' names no tunnel of this account", BAD)
    return host, tunnel.id


def _address(value: Any, field: str, versions: tuple[int, ...]) -> None:
    try:
        if isinstance(value, str) and ipaddress.ip_address(value).version in versions:
            return
    except ValueError:
        pass
    raise bad_request(f"'{field}' must be an address of IPv{' or IPv'.join(map(str, versions))}", BAD)


ENDPOINTS = (
    Endpoint("GET", SERVICES, list_services, READ),
    Endpoint("POST", SERVICES, create_service, WRITE),
    Endpoint("GET", SERVICE, get_service, READ),
    Endpoint("PUT", SERVICE, put_service, WRITE),
    Endpoint("DELETE", SERVICE, delete_service, WRITE),
)
