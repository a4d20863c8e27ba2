# SPDX-License-Identifier: GPL-3.0-or-later
"""Tunnels of the embedded edge: their life, what they serve, and who serves them."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import pytest
from embedded_edge.store import Store

ROOT = "A/cfd_tunnel"
ALL = {"service": "http_status:404"}
CONNECTOR = "/_embedded/connector"


def codes(answer: Any) -> tuple[int, list[int]]:
    """Return status and codes."""
    return answer.status_code, [error["code"] for error in answer.json()["errors"]]


def make(api: Any, name: str = "one", **more: Any) -> Any:
    """Make a tunnel that is configured by the API."""
    return api.result("POST", ROOT, json={"name": name, "config_src": "cloudflare", **more})


def connect(api: Any, token: str, connector: str = "", **more: Any) -> Any:
    """Call as a connector does, which has the tunnel's token and no other."""
    body = {"id": connector or str(uuid.uuid4()), **more}
    return api("POST", CONNECTOR, json=body, headers={"authorization": f"Bearer {token}"})


def test_a_tunnel_lives_and_goes(api: Any) -> None:
    made = make(api)
    token = json.loads(base64.b64decode(made["token"]))
    assert token == {"a": api.account, "t": made["id"], "s": made["credentials_file"]["TunnelSecret"]}
    assert len(base64.b64decode(token["s"])) == 32
    shown = api.result("GET", f"{ROOT}/{made['id']}")
    assert (shown["status"], shown["remote_config"], shown["deleted_at"]) == ("inactive", True, None)
    assert api.result("GET", f"{ROOT}/{made['id']}/token") == made["token"]
    assert made["credentials_file"]["TunnelSecret"] not in json.dumps(shown)
    assert codes(api("POST", ROOT, json={"name": "one"})) == (409, [1013])
    gone = api.result("DELETE", f"{ROOT}/{made['id']}")
    assert gone["deleted_at"]
    for method, tail in (("GET", "/token"), ("PATCH", ""), ("DELETE", ""), ("GET", "/connections")):
        options = {"json": {"name": "x"}} if method == "PATCH" else {}
        assert codes(api(method, f"{ROOT}/{made['id']}{tail}", **options)) == (404, [1003])
    assert make(api)["id"] != made["id"], "the name is free again"


def test_lists_are_filtered(api: Any) -> None:
    ids = {name: make(api, name)["id"] for name in ("one", "two", "three")}
    api.result("DELETE", f"{ROOT}/{ids['three']}")

    def names(query: str) -> set[str]:
        return {item["name"] for item in api.result("GET", f"{ROOT}?{query}")}

    assert names("") == {"one", "two", "three"}
    assert names("is_deleted=false") == {"one", "two"}
    assert names("is_deleted=true") == {"three"}
    assert names("name=two&is_deleted=false") == {"two"}
    assert names(f"uuid={ids['one']}") == {"one"}
    assert names("status=inactive&is_deleted=false&per_page=1") == {"two"}
    assert names("status=healthy") == set()
    assert codes(api("GET", f"{ROOT}?status=well")) == (400, [1001])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 1001),
        ({"name": ""}, 1001),
        ({"name": 5}, 1001),
        ({"name": "x" * 101}, 1001),
        ({"name": "a", "config_src": "here"}, 1001),
        ({"name": "a", "tunnel_secret": base64.b64encode(b"x" * 31).decode()}, 1001),
        ({"name": "a", "tunnel_secret": "not base64 at all, not at all, not at all!"}, 1001),
        ({"name": "a", "tunnel_secret": 5}, 1001),
    ],
    ids=str,
)
def test_wrong_tunnels(api: Any, body: dict[str, Any], code: int) -> None:
    assert codes(api("POST", ROOT, json=body)) == (400, [code])


@pytest.mark.parametrize(
    ("ingress", "word"),
    [
        ([ALL], None),
        ([{"hostname": "", "service": "http_status:404"}], None),
        ([{"hostname": "a.example.com", "service": "http://localhost:8080"}, ALL], None),
        ([{"hostname": "*.example.com", "path": "^/a", "service": "unix:/run/x.sock"}, ALL], None),
        ([{"hostname": "a.example.com", "service": "ssh://localhost:22"}, {**ALL, "hostname": "*"}], None),
        ([{"hostname": "a.example.com", "service": "http://[::1]:80"}, ALL], None),
        ([], "'ingress'"),
        (None, "'ingress'"),
        ([{"hostname": "a.example.com", "service": "http://localhost"}], "last rule"),
        ([{"path": "/x", "service": "http://localhost"}], "last rule"),
        ([ALL, ALL], "rule 1 matches every"),
        ([{"hostname": "a.example.com"}, ALL], "no 'service'"),
        ([{"hostname": "a.*.com", "service": "http://localhost"}, ALL], "'hostname' of rule 1"),
        ([{"hostname": "a.example.com", "service": "localhost:80"}, ALL], "'service' of rule 1"),
        ([{"hostname": "a.example.com", "service": "ftp://x"}, ALL], "'service' of rule 1"),
        ([{"hostname": "a.example.com", "service": "http://x:99999"}, ALL], "no address"),
        ([{"hostname": "a.example.com", "service": "http://x/path"}, ALL], "must not have a path"),
        ([{"hostname": "a.example.com", "path": "(", "service": "http://x"}, ALL], "regular expression"),
        ([{"service": "http_status:999"}], "'service' of rule 1"),
        ([{**ALL, "originRequest": {"connectTimeout": "30s"}}], "whole number of seconds"),
        ([{**ALL, "originRequest": {"connectTimeout": 30, "access": {"teamName": "t"}}}], "audTag"),
        ([{**ALL, "originRequest": []}], "originRequest"),
        (["x"], "must be an object"),
    ],
    ids=str,
)
def test_configurations(api: Any, ingress: Any, word: str | None) -> None:
    place = f"{ROOT}/{make(api)['id']}/configurations"
    assert api.result("GET", place)["config"] is None
    answer = api("PUT", place, json={"config": {"ingress": ingress}})
    if word is not None:
        assert codes(answer) == (400, [1056])
        assert word in answer.json()["errors"][0]["message"]
        assert api.result("GET", place)["version"] == 0
        return
    found = api.result("GET", place)
    assert (found["version"], found["config"], found["source"]) == (1, {"ingress": ingress}, "cloudflare")


def test_a_local_tunnel_takes_no_configuration(api: Any) -> None:
    made = api.result("POST", ROOT, json={"name": "local"})
    answer = api("PUT", f"{ROOT}/{made['id']}/configurations", json={"config": {"ingress": [ALL]}})
    assert codes(answer) == (400, [1001])


def test_connectors_decide_the_status(api: Any) -> None:
    made, first, second = make(api), str(uuid.uuid4()), str(uuid.uuid4())
    place = f"{ROOT}/{made['id']}"

    def status() -> str:
        found: str = api.result("GET", place)["status"]
        return found

    assert connect(api, made["token"], first, connections=2).json()["config_version"] == 0
    assert status() == "degraded"
    connect(api, made["token"], first, connections=4, version="2026.8.2")
    connect(api, made["token"], second)
    assert status() == "healthy"
    found = api.result("GET", f"{place}/connections")
    assert {item["id"]: len(item["conns"]) for item in found} == {first: 4, second: 4}
    assert api.result("GET", f"{place}/connectors/{first}")["version"] == "2026.8.2"
    assert codes(api("GET", f"{place}/connectors/{uuid.uuid4()}")) == (404, [1020])
    assert codes(api("DELETE", place)) == (400, [1022])
    api.result("DELETE", f"{place}/connections?client_id={first}")
    assert [item["id"] for item in api.result("GET", f"{place}/connections")] == [second]
    assert codes(api("DELETE", f"{place}/connections?client_id=x")) == (400, [1001])
    api.result("DELETE", f"{place}/connections")
    assert status() == "down"
    connect(api, made["token"], first)
    assert api.result("DELETE", f"{place}?cascade=true")["deleted_at"]
    assert connect(api, made["token"], first).status_code == 401


def test_a_silent_connector_is_dropped(api: Any) -> None:
    made = make(api)
    connect(api, made["token"], seconds=10)
    api.clock.now += 9
    assert api.result("GET", f"{ROOT}/{made['id']}")["status"] == "healthy"
    api.clock.now += 2
    assert api.result("GET", f"{ROOT}/{made['id']}")["status"] == "down"


def test_after_a_rotation_only_what_is_connected_stays(api: Any) -> None:
    made, first, second = make(api), str(uuid.uuid4()), str(uuid.uuid4())
    place = f"{ROOT}/{made['id']}"
    connect(api, made["token"], first)
    secret = base64.b64encode(b"n" * 32).decode()
    rotated = api.result("PATCH", place, json={"tunnel_secret": secret})
    assert rotated["token"] != made["token"]
    assert rotated["name"] == "one"
    assert connect(api, made["token"], first).status_code == 200
    assert connect(api, made["token"], second).status_code == 401
    api.result("DELETE", f"{place}/connections")
    assert connect(api, made["token"], first).status_code == 401
    assert connect(api, rotated["token"], first).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "bm8=", base64.b64encode(b'{"t": 5, "s": []}').decode()])
def test_what_is_no_token_of_a_tunnel(api: Any, token: str) -> None:
    assert connect(api, token).status_code == 401
    assert connect(api, api.token).status_code == 401


@pytest.mark.parametrize(
    "body",
    [{"id": "x"}, {"connections": 5}, {"connections": True}, {"seconds": 0}, {"seconds": "9"}],
    ids=str,
)
def test_wrong_calls_of_a_connector(api: Any, body: dict[str, Any]) -> None:
    assert (
        connect(
            api, make(api)["token"], **({"connector": body.pop("id")} if "id" in body else {}), **body
        ).status_code
        == 400
    )


SCOPED = {
    ("GET", ROOT): "Cloudflare Tunnel Read",
    ("POST", ROOT): "Cloudflare Tunnel Write",
    ("GET", f"{ROOT}/x/token"): "Cloudflare Tunnel Write",
    ("GET", "/zones/{zone}/dns_records"): "DNS Read",
    ("POST", "/zones/{zone}/dns_records"): "DNS Write",
    ("GET", "A/connectivity/directory/services"): "Connectivity Directory Read",
    ("POST", "A/connectivity/directory/services"): "Connectivity Directory Write",
    ("GET", "A/access/service_tokens"): "Access: Service Tokens Read",
    ("POST", "A/access/service_tokens/x/rotate"): "Access: Service Tokens Write",
}


@pytest.mark.parametrize(("call", "scope"), SCOPED.items(), ids=str)
def test_each_call_asks_for_its_permission(api: Any, call: tuple[str, str], scope: str) -> None:
    zone = api.result("GET", "/zones?name=example.com")[0]["id"]
    path = call[1].replace("{zone}", zone)
    other = "Cloudflare Tunnel Read" if "Tunnel" not in scope else "DNS Write"
    for scopes, allowed in (([scope], True), ([other], False)):
        token = api.store.accounts.add_token(scopes)
        answer = api(call[0], path, json={}, headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code != 403) is allowed, answer.text


def test_an_older_state_gets_the_new_tables_and_keeps_the_rest(tmp_path: Any) -> None:
    path = tmp_path / "state.sqlite"
    store = Store(path)
    store.kv.create("kept")
    for table in (
        "stored_secrets",
        "secret_stores",
        "connectors",
        "vpc_services",
        "tunnels",
        "dns_records",
        "service_tokens",
    ):
        store.database.run(f"DROP TABLE {table}")
    store.database.run("PRAGMA user_version = 1")
    store.close()
    again = Store(path)
    assert again.kv.count() == 1
    assert again.tunnels.all() == []
    tunnel = again.tunnels.create("one", "cloudflare", None)
    again.close()
    third = Store(path)
    found = third.tunnels.get(tunnel.id)
    assert found is not None
    assert third.tunnels.token(found) == again.tunnels.token(tunnel)
    assert tunnel.secret not in repr(found)
    third.close()
