# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands around tunnels: DNS records, VPC services, Access service tokens."""

from __future__ import annotations

from typing import Any

import pytest

SERVICES = "A/connectivity/directory/services"
TOKENS = "A/access/service_tokens"
TARGET = "f70ff985-a4ef-4643-bbbc-4a0ed4fc8415.cfargotunnel.com"


def codes(answer: Any) -> tuple[int, list[int]]:
    """Return status and codes."""
    return answer.status_code, [error["code"] for error in answer.json()["errors"]]


@pytest.fixture
def records(api: Any) -> str:
    """Return the path of the records of example.com."""
    zone: str = api.result("GET", "/zones?name=example.com")[0]["id"]
    return f"/zones/{zone}/dns_records"


def cname(name: str = "app.example.com", content: str = TARGET, **more: Any) -> dict[str, Any]:
    """Return a proxied CNAME."""
    return {"type": "CNAME", "name": name, "content": content, "proxied": True, **more}


def test_a_record_lives_and_goes(api: Any, records: str) -> None:
    made = api.result("POST", records, json=cname(comment="mine"))
    assert (made["name"], made["ttl"], made["proxied"]) == ("app.example.com", 1, True)
    assert codes(api("POST", records, json=cname())) == (400, [81053])
    changed = api.result(
        "PATCH", f"{records}/{made['id']}", json={"content": "b.example.org", "proxied": False}
    )
    assert (changed["content"], changed["proxied"], changed["comment"]) == ("b.example.org", False, "mine")
    assert api.result("PUT", f"{records}/{made['id']}", json=cname())["comment"] is None
    assert api.result("DELETE", f"{records}/{made['id']}") == {"id": made["id"]}
    assert codes(api("GET", f"{records}/{made['id']}")) == (404, [81044])


def test_records_are_filtered(api: Any, records: str) -> None:
    for name in ("a", "b", "@"):
        api.result("POST", records, json=cname(name, TARGET if name != "b" else "x.example.org"))

    def names(query: str) -> list[str]:
        return [item["name"] for item in api.result("GET", f"{records}?{query}")]

    assert names("") == ["a.example.com", "b.example.com", "example.com"]
    assert names(f"content={TARGET}") == ["a.example.com", "example.com"]
    assert names(f"content.exact={TARGET}&name=a.example.com&type=CNAME") == ["a.example.com"]
    assert names("name.startswith=b&match=all") == ["b.example.com"]
    assert names("type=A") == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (cname(type="A", content="192.0.2.1") | {"type": "A"}, 1004),
        (cname(name=""), 1004),
        (cname(name="a b"), 1004),
        (cname(content="nodots"), 1004),
        (cname(content="$(id).example.com"), 1004),
        (cname(content="app.example.com"), 1004),
        (cname(ttl=5), 1004),
        (cname(ttl=True), 1004),
        (cname(proxied="yes"), 1004),
        (cname(comment="x" * 101), 1004),
        (cname(name="site.example.com"), 81062),
    ],
    ids=str,
)
def test_wrong_records(api: Any, records: str, body: dict[str, Any], code: int) -> None:
    api.upload()
    api.result("PUT", "A/workers/domains", json={"hostname": "site.example.com", "service": "one"})
    assert codes(api("POST", records, json=body)) == (400, [code])


def service(tunnel: str, **more: Any) -> dict[str, Any]:
    """Return an HTTP service behind a tunnel."""
    host = {"ipv4": "127.0.0.1", "network": {"tunnel_id": tunnel}}
    return {"name": "orders", "type": "http", "http_port": 8080, "host": host, **more}


def test_a_service_lives_and_keeps_its_tunnel(api: Any) -> None:
    tunnel = api.result("POST", "A/cfd_tunnel", json={"name": "one"})["id"]
    made = api.result("POST", SERVICES, json=service(tunnel))
    assert codes(api("POST", SERVICES, json=service(tunnel))) == (409, [5102])
    assert codes(api("DELETE", f"A/cfd_tunnel/{tunnel}")) == (400, [1022])
    place = f"{SERVICES}/{made['service_id']}"
    changed = api.result("PUT", place, json=service(tunnel, http_port=9090))
    assert (changed["http_port"], changed["service_id"]) == (9090, made["service_id"])
    assert [item["name"] for item in api.result("GET", f"{SERVICES}?type=http")] == ["orders"]
    assert api.result("GET", f"{SERVICES}?type=tcp") == []
    api.result("DELETE", place)
    assert codes(api("GET", place)) == (404, [5101])
    api.result("DELETE", f"A/cfd_tunnel/{tunnel}")


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"type": "udp"},
        {"tcp_port": 5432},
        {"http_port": 0},
        {"http_port": "80"},
        {"http_port": True},
        {"app_protocol": "mysql"},
        {"tls_settings": {"cert_verification_mode": "sometimes"}},
        {"host": {"ipv4": "127.0.0.1", "network": {"tunnel_id": "none"}}},
        {"host": {"ipv4": "::1", "network": {"tunnel_id": "T"}}},
        {"host": {"network": {"tunnel_id": "T"}}},
        {"host": {"hostname": "a b", "resolver_network": {"tunnel_id": "T"}}},
        {"host": {"hostname": "db", "network": {"tunnel_id": "T"}}},
        {"host": {"hostname": "db", "resolver_network": {"tunnel_id": "T", "resolver_ips": ["x"]}}},
    ],
    ids=str,
)
def test_wrong_services(api: Any, change: dict[str, Any]) -> None:
    tunnel = api.result("POST", "A/cfd_tunnel", json={"name": "one"})["id"]
    for network in ("network", "resolver_network"):
        if change.get("host", {}).get(network, {}).get("tunnel_id") == "T":
            change = {"host": {**change["host"], network: {**change["host"][network], "tunnel_id": tunnel}}}
    assert codes(api("POST", SERVICES, json={**service(tunnel), **change})) == (400, [5100])


def test_a_secret_is_shown_once(api: Any) -> None:
    answer = api("POST", TOKENS, json={"name": "relay"})
    made = answer.json()["result"]
    secret = made["client_secret"]
    assert (answer.status_code, made["duration"]) == (201, "8760h")
    assert secret not in api("GET", TOKENS).text + api("GET", f"{TOKENS}/{made['id']}").text
    assert secret not in api("DELETE", f"{TOKENS}/{made['id']}").text
    assert not api.store.service_tokens.accepts(made["client_id"], secret)


def test_rotation_ends_the_secret_before_at_once_unless_told(api: Any) -> None:
    made = api("POST", TOKENS, json={"name": "relay"}).json()["result"]
    accepts = api.store.service_tokens.accepts
    second = api.result("POST", f"{TOKENS}/{made['id']}/rotate")
    assert not accepts(made["client_id"], made["client_secret"])
    ends = {"previous_client_secret_expires_at": "2027-01-15T09:00:00Z"}
    third = api.result("POST", f"{TOKENS}/{made['id']}/rotate", json=ends)
    assert accepts(made["client_id"], second["client_secret"])
    assert accepts(made["client_id"], third["client_secret"])
    api.clock.now += 3600 * 2
    assert not accepts(made["client_id"], second["client_secret"])
    assert accepts(made["client_id"], third["client_secret"])
    api.result("PUT", f"{TOKENS}/{made['id']}", json={"enabled": False})
    assert not accepts(made["client_id"], third["client_secret"])


def test_validity_begins_anew(api: Any) -> None:
    made = api("POST", TOKENS, json={"name": "relay", "duration": "1h"}).json()["result"]
    api.clock.now += 3599
    assert api.store.service_tokens.accepts(made["client_id"], made["client_secret"])
    first = api.result("GET", f"{TOKENS}/{made['id']}")["expires_at"]
    assert api.result("POST", f"{TOKENS}/{made['id']}/refresh")["expires_at"] > first
    api.clock.now += 3601
    assert not api.store.service_tokens.accepts(made["client_id"], made["client_secret"])
    assert api.result("PUT", f"{TOKENS}/{made['id']}", json={"duration": "forever"})["expires_at"] is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": 5}, 400),
        ({"name": "a", "duration": "1 year"}, 400),
        ({"name": "a", "duration": "9" * 40 + "h"}, 201),
        ({"name": "a", "enabled": 1}, 400),
        ({"name": "a", "duration": "1h30m"}, 201),
    ],
    ids=str,
)
def test_service_tokens_are_checked(api: Any, body: dict[str, Any], status: int) -> None:
    assert api("POST", TOKENS, json=body).status_code == status


def test_there_are_at_most_fifty(api: Any) -> None:
    made = [api("POST", TOKENS, json={"name": "x"}).status_code for _number in range(51)]
    assert made == [201] * 50 + [400]
    place = f"{TOKENS}/{api.result('GET', TOKENS)[0]['id']}/rotate"
    bad = api("POST", place, json={"previous_client_secret_expires_at": "soon"})
    assert codes(bad) == (400, [12130])
