# SPDX-License-Identifier: GPL-3.0-or-later
"""The official Python SDK, strict, on tunnels, DNS records, VPC services and Access service tokens."""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Iterator
from typing import Any

import cloudflare
import httpx
import pytest


@pytest.fixture
def sdk(clean_edge: Any) -> Iterator[cloudflare.Cloudflare]:
    """Return the SDK beside an embedded edge with nothing in it."""
    with cloudflare.Cloudflare(
        api_token=clean_edge.token,
        base_url=clean_edge.base_url,
        max_retries=0,
        _strict_response_validation=True,
    ) as client:
        yield client


@pytest.fixture
def account(clean_edge: Any) -> str:
    """Return the id of the account."""
    found: str = clean_edge.account_id
    return found


def connect(edge: Any, token: str) -> httpx.Response:
    """Call as a connector with the tunnel's token does."""
    url, body = f"{edge.control.base_url}connector", {"id": str(uuid.uuid4())}
    return httpx.post(url, json=body, headers={"authorization": f"Bearer {token}"})


def test_tunnel_life(sdk: cloudflare.Cloudflare, account: str, clean_edge: Any) -> None:
    api = sdk.zero_trust.tunnels.cloudflared
    made = api.create(account_id=account, name="cp", config_src="cloudflare")
    assert (made.status, made.config_src, made.remote_config) == ("inactive", "cloudflare", True)
    with pytest.raises(cloudflare.ConflictError, match="1013"):
        api.create(account_id=account, name="cp")
    ident = str(made.id)
    here: Any = {"tunnel_id": ident, "account_id": account}
    assert [t.id for t in api.list(account_id=account, name="cp", is_deleted=False)] == [ident]
    assert list(api.list(account_id=account, is_deleted=True)) == []

    # The SDK insists on a hostname in every rule; the API takes an empty one for the last.
    ingress: Any = [
        {
            "hostname": "a.example.com",
            "service": "http://localhost:80",
            "origin_request": {"connect_timeout": 9},
        },
        {"hostname": "", "service": "http_status:404"},
    ]
    put = api.configurations.update(**here, config={"ingress": ingress})
    assert put.version == 1
    got = api.configurations.get(**here)
    assert got.config is not None
    assert got.config.ingress is not None
    assert got.config.ingress[0].origin_request is not None
    assert got.config.ingress[0].origin_request.connect_timeout == 9
    with pytest.raises(cloudflare.BadRequestError, match="1056"):
        api.configurations.update(**here, config={"ingress": ingress[:1]})

    token = str(api.token.get(**here))
    assert connect(clean_edge, token).status_code == 200
    assert api.get(**here).status == "healthy"
    connector = next(iter(api.connections.get(**here)))
    assert len(connector.conns or []) == 4
    assert api.connectors.get(str(connector.id), **here).config_version == 1
    with pytest.raises(cloudflare.BadRequestError, match="1022"):
        api.delete(**here)

    secret = base64.b64encode(os.urandom(32)).decode()
    assert api.edit(**here, tunnel_secret=secret, name="cp-eu").name == "cp-eu"
    assert connect(clean_edge, token).status_code == 401
    api.connections.delete(**here, client_id=str(connector.id))
    assert api.get(**here).status == "down"
    assert api.delete(**here).deleted_at is not None
    with pytest.raises(cloudflare.NotFoundError):
        api.token.get(**here)


def test_dns_records(sdk: cloudflare.Cloudflare, clean_edge: Any) -> None:
    zone = next(iter(sdk.zones.list(name=clean_edge.zone))).id
    target = f"{uuid.uuid4()}.cfargotunnel.com"
    name = f"app.{clean_edge.zone}"
    fields: Any = {"type": "CNAME", "name": name, "content": target, "proxied": True, "ttl": 1}
    made = sdk.dns.records.create(zone_id=zone, **fields)
    assert made is not None
    with pytest.raises(cloudflare.BadRequestError, match="81053"):
        sdk.dns.records.create(zone_id=zone, **fields)
    listed = sdk.dns.records.list(zone_id=zone, content={"exact": target}, type="CNAME")
    assert [record.id for record in listed] == [made.id]
    edited = sdk.dns.records.edit(made.id, zone_id=zone, **(fields | {"comment": "c"}))
    assert edited is not None
    assert edited.comment == "c"
    assert sdk.dns.records.update(made.id, zone_id=zone, **fields) is not None
    found = sdk.dns.records.get(made.id, zone_id=zone)
    assert found is not None
    assert found.name == name
    gone = sdk.dns.records.delete(made.id, zone_id=zone)
    assert gone is not None
    assert gone.id == made.id
    assert list(sdk.dns.records.list(zone_id=zone)) == []


def test_vpc_services(sdk: cloudflare.Cloudflare, account: str) -> None:
    tunnel = sdk.zero_trust.tunnels.cloudflared.create(account_id=account, name="cp", config_src="cloudflare")
    api = sdk.connectivity.directory.services
    network = {"tunnel_id": str(tunnel.id)}
    http: Any = {
        "name": "web",
        "type": "http",
        "http_port": 80,
        "host": {"ipv4": "10.0.0.1", "network": network},
    }
    made: Any = api.create(account_id=account, **http)
    tcp: Any = {
        "name": "db",
        "type": "tcp",
        "tcp_port": 5432,
        "app_protocol": "postgresql",
        "host": {"hostname": "db.internal", "resolver_network": network | {"resolver_ips": ["10.0.0.53"]}},
        "tls_settings": {"cert_verification_mode": "verify_ca"},
    }
    assert api.create(account_id=account, **tcp) is not None
    assert [service.name for service in api.list(account_id=account)] == ["db", "web"]
    service: Any = api.get(made.service_id, account_id=account)
    assert service.http_port == 80
    changed: Any = api.update(made.service_id, account_id=account, **(http | {"http_port": 8080}))
    assert changed.http_port == 8080
    with pytest.raises(cloudflare.BadRequestError, match="5100"):
        api.create(account_id=account, **(http | {"name": "x", "http_port": 0}))
    api.delete(made.service_id, account_id=account)
    assert [service.name for service in api.list(account_id=account, type="http")] == []


def test_service_tokens(sdk: cloudflare.Cloudflare, account: str) -> None:
    api = sdk.zero_trust.access.service_tokens
    made = api.create(account_id=account, name="relay", duration="24h")
    assert made is not None
    assert made.client_secret
    ident = str(made.id)
    listed = list(api.list(account_id=account))
    assert [token.client_id for token in listed] == [made.client_id]
    shown = api.get(ident, account_id=account)
    assert shown is not None
    assert made.client_secret not in shown.to_json() + listed[0].to_json()
    turned = api.rotate(ident, account_id=account)
    assert turned is not None
    assert turned.client_secret not in (None, made.client_secret)
    assert api.rotate(ident, account_id=account, previous_client_secret_expires_at="2030-01-01T00:00:00Z")
    fresh = api.refresh(ident, account_id=account)
    assert fresh is not None
    assert fresh.duration == "24h"
    edited = api.update(ident, account_id=account, name="relay", duration="forever", enabled=False)
    assert edited is not None
    assert (edited.enabled, edited.expires_at) == (False, None)
    api.delete(ident, account_id=account)
    with pytest.raises(cloudflare.NotFoundError):
        api.get(ident, account_id=account)
