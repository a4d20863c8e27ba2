# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may call what, and what is answered where there is nothing."""

from __future__ import annotations

from typing import Any

import pytest
from embedded_edge.api.app import MODULES
from embedded_edge.api.auth import SCOPES
from embedded_edge.api.router import Endpoint

ENDPOINTS: list[Endpoint] = [endpoint for module in MODULES for endpoint in module.ENDPOINTS]
VERIFY = "/user/tokens/verify"


def refused(answer: Any, status: int, code: int) -> Any:
    """Insist on a refusal in the envelope."""
    body = answer.json()
    assert answer.status_code == status, answer.text
    assert [error["code"] for error in body["errors"]] == [code], answer.text
    assert body["success"] is False
    return body["errors"][0]


@pytest.mark.parametrize(
    ("header", "path", "status", "code"),
    [
        pytest.param("-", "/user", 400, 9106, id="no header"),
        pytest.param("-", VERIFY, 400, 9106, id="no header, verify"),
        pytest.param("Basic abc", "/user", 400, 6003, id="another scheme"),
        pytest.param("Bearer ", "/user", 400, 6003, id="empty"),
        pytest.param("Bearer short", "/user", 400, 6003, id="too short"),
        pytest.param("Bearer " + "x" * 300, "/user", 400, 6003, id="too long"),
        pytest.param("Bearer " + "x" * 40, "/user", 403, 9109, id="unknown"),
        pytest.param("Bearer " + "x" * 40, VERIFY, 401, 1000, id="unknown, verify"),
        pytest.param("Bearer " + "x" * 40, "A/tokens/verify", 401, 1000, id="unknown, verify for an account"),
    ],
)
def test_bad_tokens(api: Any, header: str, path: str, status: int, code: int) -> None:
    refused(api("GET", path, headers={"authorization": header}), status, code)


@pytest.mark.parametrize("status", ["disabled", "expired"])
def test_a_token_that_is_not_active_may_only_learn_that(api: Any, status: str) -> None:
    token = api("POST", "/_embedded/tokens", json={"status": status}).json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    assert api.result("GET", VERIFY, headers=headers)["status"] == status
    refused(api("GET", "/user", headers=headers), 403, 9109)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: f"{e.method} {e.path}")
def test_every_endpoint_asks_for_its_permission(api: Any, endpoint: Endpoint) -> None:
    if endpoint.scope is None:
        assert endpoint.path.endswith("/tokens/verify")
        return
    lacking = SCOPES - {endpoint.scope, endpoint.scope.replace("Read", "Write")}
    token = api.store.accounts.add_token(lacking)
    path = endpoint.path.replace("{account}", api.account)
    for name in ("zone", "script", "namespace", "version", "deployment", "secret", "domain", "route", "key"):
        path = path.replace(f"{{{name}}}", "0" * 32)
    error = refused(api(endpoint.method, path, headers={"authorization": f"Bearer {token}"}), 403, 10000)
    assert endpoint.scope in error["message"]


def test_write_includes_read(api: Any) -> None:
    token = api.store.accounts.add_token(["Workers Scripts Write"])
    assert api.result("GET", "A/workers/scripts", headers={"authorization": f"Bearer {token}"}) == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        pytest.param("GET", "/nothing", 404, 7003, id="unknown"),
        pytest.param("GET", "/", 404, 7003, id="root"),
        pytest.param("GET", "A/workers/scripts/one/settings/more", 404, 7003, id="too deep"),
        pytest.param("GET", "A/workers/scripts/", 200, 0, id="a slash at the end"),
        pytest.param("GET", "A/workers//scripts", 404, 7003, id="an empty segment"),
        pytest.param("GET", "A/workers/scripts/%ff/settings", 404, 7003, id="no UTF-8"),
        pytest.param("DELETE", "/zones", 405, 7001, id="wrong method"),
        pytest.param("GET", "/accounts/xyz/workers/scripts", 404, 7003, id="no account id"),
        pytest.param("GET", f"/accounts/{'0' * 32}/workers/scripts", 403, 9109, id="account of another"),
        pytest.param("GET", f"/zones/{'0' * 32}", 403, 9109, id="zone of another"),
    ],
)
def test_where_nothing_is(api: Any, method: str, path: str, status: int, code: int) -> None:
    answer = api(method, path)
    assert answer.status_code == status
    if code:
        refused(answer, status, code)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8787", 200),
        ("localhost", 200),
        ("[::1]:8787", 200),
        ("api.edge.localhost:1", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("", 421),
    ],
)
@pytest.mark.parametrize("path", [VERIFY, "/_embedded/health"])
def test_only_loopback_names_are_served(api: Any, host: str, status: int, path: str) -> None:
    assert api("GET", path, headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="empty"),
        pytest.param(b"{", 400, id="cut"),
        pytest.param(b"\xff\xfe", 400, id="no UTF-8"),
        pytest.param(b'{"title": NaN}', 400, id="NaN"),
        pytest.param(b'{"title": 1e999}', 400, id="infinite"),
        pytest.param(b'{"title": "\\ud800"}', 400, id="half a character"),
        pytest.param(b'{"title":' + b"9" * 5000 + b"}", 400, id="a number too long"),
        pytest.param(b"[" * 100_000, 400, id="too deep"),
        pytest.param(b"[]", 400, id="no object"),
        pytest.param(b"x" * (2 * 1024 * 1024 + 1), 413, id="too large"),
    ],
)
def test_bad_json(api: Any, body: bytes, status: int) -> None:
    answer = api("POST", "A/storage/kv/namespaces", content=body)
    refused(answer, status, 6007 if status == 400 else 10027)


def test_who_one_is(api: Any) -> None:
    assert api.result("GET", "/accounts")[0]["id"] == api.account
    assert api.result("GET", "/memberships")[0]["account"]["id"] == api.account
    assert [zone["name"] for zone in api.result("GET", "/zones")] == ["edge.localhost", "example.com"]
    found = api.result("GET", "/zones?name=example.com")
    assert api.result("GET", f"/zones/{found[0]['id']}") == found[0]
    assert api.result("GET", "/zones?page=2") == []
