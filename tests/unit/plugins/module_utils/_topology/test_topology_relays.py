# SPDX-License-Identifier: GPL-3.0-or-later
"""Connectors in a topology: layers, whose relay runs where, and every mistake told with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology import TopologyError
from topology_samples import read

BASE = """\
plugin: adsengineer.orchestrator.topology
name: relays
edge: {zone: example.com}
environments: {production: {}, staging: {}}
regions: {eu: {canary: true}, us: {}}
tenants:
  acme:
    environment: production
    regions: {eu: {}, us: {%(region)s}, lab: {environment: staging}}
    relay: {%(relay)s}
    connectors: {%(connectors)s}
  globex: {environment: production, regions: [eu]}
control_planes:
  cp1: {host: 203.0.113.10, environment: production}
  cp2: {host: 203.0.113.11, environment: staging}
"""
STRIPE: dict[str, Any] = {
    "host": "api.stripe.com",
    "methods": ["POST"],
    "path": "/v1/charges/{id}",
    "credential": {"header": "Authorization", "prefix": "Bearer ", "secret": "stripe_key"},
}
RELAY = "url: https://relay-acme.example.com, control_plane: cp1"


def text(relay: str = RELAY, region: str = "", **connectors: Any) -> str:
    inner = json.dumps(connectors or {"stripe": STRIPE})[1:-1]
    return (BASE % {"relay": relay, "region": region, "connectors": inner}).replace(
        "us: {}}\n", "us: {}, lab: {}}\n"
    )


def problems(content: str) -> list[str]:
    with pytest.raises(TopologyError) as found:
        read(content)
    return [line.partition(": ")[2] for line in str(found.value).splitlines()[1:]]


def test_planes_and_control_planes_know_their_relay() -> None:
    topology = read(text())
    eu, us, lab, other = topology.planes
    assert eu.relay is not None
    assert eu.variables()["relay"] == {
        "url": "https://relay-acme.example.com",
        "listen": "unix:/run/adsengineer-relay-acme/relay.sock",
        "control_plane": "cp1",
        "reference_days": 90,
        "authority": "relay-acme.example.com",
        "connectors": {"stripe": STRIPE},
    }
    assert us.relay == eu.relay
    assert lab.relay is None, "the relay is of the tenant's own environment"
    assert other.relay is None
    (instance,) = topology.control_planes[0].relays
    assert (instance["tenant"], instance["environment"]) == ("acme", "production")
    assert instance["planes"] == {
        name: {"region": name[5:], "connectors": {"stripe": STRIPE}} for name in ("acme-eu", "acme-us")
    }
    assert topology.control_planes[1].relays == ()
    assert json.loads(json.dumps(topology.control_planes[0].variables()))["control_plane"]["relays"] == [
        instance
    ]


def test_a_connector_is_taken_whole_and_null_removes_it() -> None:
    own = json.dumps({"stripe": None, "maps": {**STRIPE, "host": "maps.example.com"}})
    eu, us, *_others = read(text(region=f"connectors: {own}", stripe=STRIPE, maps=STRIPE)).planes
    assert eu.relay is not None
    assert us.relay is not None
    assert {name: one["host"] for name, one in eu.relay.connectors.items()} == dict.fromkeys(
        ("stripe", "maps"), "api.stripe.com"
    )
    assert {name: one["host"] for name, one in us.relay.connectors.items()} == {"maps": "maps.example.com"}


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://relay.example.com", "relay.example.com"),
        ("https://relay.example.com:443", "relay.example.com"),
        ("https://relay.example.com:8443", "relay.example.com:8443"),
        ("http://127.0.0.1:8801", "127.0.0.1:8801"),
    ],
)
def test_authority(url: str, authority: str) -> None:
    relay = read(text(relay=f'url: "{url}"')).planes[0].relay
    assert relay is not None
    assert relay.authority == authority


def stripe(**other: Any) -> str:
    return text(stripe={**STRIPE, **other})


WRONG = [
    (stripe(host="127.0.0.1"), "stripe.host: '127.0.0.1' is not allowed here; use one exact host name"),
    (stripe(host="2130706433"), "stripe.host: '2130706433' is not allowed here; use one exact host name"),
    (stripe(host="0x7f.1"), "stripe.host: '0x7f.1' is not allowed here; use one exact host name"),
    (stripe(host="*.stripe.com"), "stripe.host: '*.stripe.com' is not allowed here; use one exact host name"),
    (
        stripe(host="API.stripe.com"),
        "stripe.host: 'API.stripe.com' is not allowed here; use one exact host name",
    ),
    (stripe(methods=["TRACE"]), "stripe.methods[0]: "),
    (stripe(path="v1"), "stripe.path: 'v1' is not allowed here; use a path such as /v1/charges/{id}"),
    (stripe(path="/v1/{ID}"), "stripe.path: "),
    (stripe(timeout=60), "stripe.timeout: 60 is more than 30"),
    (stripe(prot=1), "stripe.prot: unknown key 'prot'; did you mean port?"),
    (
        stripe(networks=["10.0.0.1/8"]),
        "stripe.networks[0]: '10.0.0.1/8' is no network; use one such as 10.0.0.0/8",
    ),
    (stripe(scheme="http"), "stripe.scheme: http would show the secret to everybody on the way; use https"),
    (
        stripe(credential={"secret": "a"}),
        "stripe.credential: the credential has no kind; use exactly one of header",
    ),
    (
        stripe(credential={"secret": "a", "header": "X", "query": "k"}),
        "stripe.credential: the credential has header and query; use exactly one of header",
    ),
    (stripe(credential={"header": "X"}), "stripe.credential: the key secret is missing"),
    (stripe(credential={"secret": "a", "header": "X: y"}), "stripe.credential.header: "),
    (text(relay="control_plane: cp1"), "tenants.acme.relay: the key url is missing"),
    (text(relay='url: "http://relay.example.com"'), "tenants.acme.relay.url: "),
    (
        text(relay=f"{RELAY}9"),
        "relay.control_plane: control plane 'cp19' is not declared under control_planes; did you mean cp1?",
    ),
    (
        text(relay=f"{RELAY[:-1]}2"),
        "relay.control_plane: control plane 'cp2' is in another environment than tenant 'acme'",
    ),
    (
        text().replace("    relay: ", "    # "),
        "tenants.acme: tenant 'acme' has connectors and no relay; add relay: {url:",
    ),
]


@pytest.mark.parametrize(("content", "expected"), WRONG, ids=[expected for _content, expected in WRONG])
def test_mistakes(content: str, expected: str) -> None:
    found = problems(content)
    assert len(found) == 1
    assert expected in found[0]
