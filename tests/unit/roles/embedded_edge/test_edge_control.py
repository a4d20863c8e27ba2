# SPDX-License-Identifier: GPL-3.0-or-later
"""The control endpoint: faults, request log, tokens, rate limit, reset."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from embedded_edge.api.log import Entry, RequestLog
from embedded_edge.api.rates import Rates


def fault(api: Any, **rule: Any) -> None:
    """Add a rule."""
    answer = api("POST", "/_embedded/faults", json=rule)
    assert answer.status_code == 200, answer.text


def statuses(api: Any, times: int, method: str = "GET", path: str = "/user") -> list[int]:
    """Call an endpoint so many times."""
    return [api(method, path).status_code for _turn in range(times)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"fault": "status", "status": 500}, [500, 500, 500, 500]),
        ({"fault": "status", "status": 429, "times": 2}, [429, 429, 200, 200]),
        ({"fault": "status", "status": 500, "skip": 1, "times": 1}, [200, 500, 200, 200]),
        ({"fault": "status", "status": 500, "times": 0}, [200, 200, 200, 200]),
        ({"fault": "status", "match": {"method": "PUT"}}, [200, 200, 200, 200]),
        ({"fault": "status", "match": {"path": "/zones"}}, [200, 200, 200, 200]),
        ({"fault": "status", "match": {"method": "get", "path": "v4/us.r$"}}, [503, 503, 503, 503]),
        ({"fault": "latency", "latency_ms": 1}, [200, 200, 200, 200]),
    ],
    ids=str,
)
def test_which_calls_are_hit(api: Any, rule: dict[str, Any], expected: list[int]) -> None:
    fault(api, **rule)
    assert statuses(api, 4) == expected
    api("DELETE", "/_embedded/faults")
    assert statuses(api, 1) == [200]


def test_the_first_rule_that_takes_a_call_decides(api: Any) -> None:
    rules = [{"fault": "status", "status": status, "times": 1} for status in (500, 502)]
    assert api("POST", "/_embedded/faults", json=rules).status_code == 200
    assert statuses(api, 3) == [500, 502, 200]
    assert [rule["hits"] for rule in api("GET", "/_embedded/faults").json()["faults"]] == [1, 1]


@pytest.mark.parametrize(
    ("rule", "content_type", "text"),
    [
        ({"status": 429, "retry_after": 7}, "application/json", '"code":971'),
        ({"status": 502, "body": "<html>bad gateway</html>"}, "text/html; charset=utf-8", "bad gateway"),
        ({"status": 500, "body": ""}, "text/plain; charset=utf-8", ""),
        ({"status": 500, "body": {"code": 1, "error": "odd"}}, "application/json", '"odd"'),
    ],
)
def test_answers_of_faults(api: Any, rule: dict[str, Any], content_type: str, text: str) -> None:
    fault(api, fault="status", **rule)
    answer = api("GET", "/user")
    assert answer.headers["content-type"] == content_type
    assert text in answer.text
    assert answer.headers.get("retry-after") == ("7" if "retry_after" in rule else None)


@pytest.mark.parametrize(("kind", "effect"), [("drop_before", []), ("drop_after", ["space"])])
def test_cut_connections(api: Any, kind: str, effect: list[str]) -> None:
    fault(api, fault=kind, times=1)
    with pytest.raises(ConnectionAbortedError):
        api("POST", "A/storage/kv/namespaces", json={"title": "space"})
    assert [n["title"] for n in api.result("GET", "A/storage/kv/namespaces")] == effect
    entry = api("GET", "/_embedded/requests").json()["requests"][0]
    assert (entry["status"], entry["fault"]) == (0, kind)


@pytest.mark.parametrize(
    ("keys_fail", "failed"), [(["b", "zz"], ["b"]), (0.5, ["a", "b"]), (1, ["a", "b", "c", "d"])]
)
def test_partial_writes(api: Any, keys_fail: Any, failed: list[str]) -> None:
    space = f"A/storage/kv/namespaces/{api.namespace()}"
    fault(api, fault="partial_kv", keys_fail=keys_fail, times=1, match={"path": "bulk"})
    pairs = [{"key": key, "value": "v"} for key in "abcd"]
    counted = api.result("PUT", f"{space}/bulk", json=pairs)
    assert counted == {"successful_key_count": 4 - len(failed), "unsuccessful_keys": failed}
    left = [key for key in "abcd" if key not in failed]
    assert [entry["name"] for entry in api.result("GET", f"{space}/keys")] == left
    assert api.result("PUT", f"{space}/bulk", json=pairs)["unsuccessful_keys"] == []


@pytest.mark.parametrize(
    "rule",
    [
        [],
        {},
        5,
        {"fault": "earthquake"},
        {"fault": "status", "status": 200},
        {"fault": "status", "status": "500"},
        {"fault": "status", "nonsense": 1},
        {"fault": "status", "times": -1},
        {"fault": "status", "skip": 1.5},
        {"fault": "latency", "latency_ms": 10**9},
        {"fault": "latency", "latency_ms": True},
        {"fault": "status", "match": []},
        {"fault": "status", "match": {"host": "x"}},
        {"fault": "status", "match": {"path": "("}},
        {"fault": "partial_kv", "keys_fail": 2},
        {"fault": "partial_kv", "keys_fail": [1]},
        [{"fault": "status"}, {"fault": "nothing"}],
    ],
    ids=str,
)
def test_rules_without_sense(api: Any, rule: Any) -> None:
    answer = api("POST", "/_embedded/faults", json=rule)
    assert answer.status_code == (200 if rule == [] else 400)
    assert api("GET", "/_embedded/faults").json() == {"faults": []}
    assert statuses(api, 1) == [200]


def test_the_log_has_digests_not_tokens_and_no_bodies(api: Any) -> None:
    ray = api("GET", "/user?page=1").headers["cf-ray"]
    api("POST", "A/storage/kv/namespaces", json={"title": "canary-title"})
    answer = api("GET", "/_embedded/requests")
    first, second = answer.json()["requests"]
    assert (first["method"], first["path"], first["query"], first["status"]) == (
        "GET",
        "/client/v4/user",
        "page=1",
        200,
    )
    assert first["ray"] == ray != second["ray"]
    assert len(first["token"]) == 12
    assert first["token"] == second["token"]
    assert first["ms"] > 0
    assert api.token not in answer.text
    assert "canary-title" not in answer.text
    since = api("GET", f"/_embedded/requests?since={first['seq']}").json()
    assert [entry["seq"] for entry in since["requests"]] == [second["seq"]]
    assert api("DELETE", "/_embedded/requests").json() == {"requests": [], "last": 2}
    api("GET", "/user")
    assert api("GET", "/_embedded/requests").json()["requests"][0]["seq"] == 3


def test_the_log_is_bounded() -> None:
    log = RequestLog(kept=3)
    for _turn in range(10):
        log.add(Entry(0.0, "GET", "/" * 9999, "", 200, "", 1.0, None, ""))
    assert [entry["seq"] for entry in log.since(0)] == [8, 9, 10]
    assert len(log.since(0)[0]["path"]) == 2048


@pytest.mark.parametrize(
    ("method", "name", "status"),
    [
        ("GET", "health", 200),
        ("GET", "faults", 400),
        ("POST", "reset", 400),
        ("GET", "nothing", 400),
    ],
)
def test_only_health_needs_no_token(api: Any, method: str, name: str, status: int) -> None:
    assert api(method, f"/_embedded/{name}", headers={"authorization": "-"}).status_code == status


def test_a_token_for_other_things_does_not_control(api: Any) -> None:
    token = api.store.accounts.add_token(["Workers Scripts Write"])
    answer = api("POST", "/_embedded/reset", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 403


@pytest.mark.parametrize(("method", "name", "status"), [("GET", "nothing", 404), ("PUT", "faults", 405)])
def test_what_the_control_endpoint_lacks(api: Any, method: str, name: str, status: int) -> None:
    assert api(method, f"/_embedded/{name}").status_code == status


@pytest.mark.parametrize(
    "body", [{"scopes": ["All"]}, {"scopes": "x"}, {"scopes": [{}]}, {"status": "gone"}, []]
)
def test_tokens_without_sense(api: Any, body: Any) -> None:
    assert api("POST", "/_embedded/tokens", json=body).status_code == 400


def test_reset_keeps_the_account_and_its_main_token(api: Any) -> None:
    api.upload(bindings=[])
    api.namespace()
    api.result("PUT", "A/workers/domains", json={"hostname": "a.example.com", "service": "one"})
    other = api("POST", "/_embedded/tokens", json={}).json()["token"]
    fault(api, fault="status", match={"path": "zones"})
    api("POST", "/_embedded/settings", json={"rate_limit": {"limit": 1000}})
    assert api("POST", "/_embedded/reset").json() == {"status": "ok"}
    assert api("GET", "/_embedded/requests").json()["requests"] == []
    assert api.result("GET", "A/workers/scripts") == []
    assert api.result("GET", "A/storage/kv/namespaces") == []
    assert len(api.result("GET", "/zones")) == 2
    assert api("GET", "/user", headers={"authorization": f"Bearer {other}"}).status_code == 403
    assert api("GET", "/_embedded/settings").json() == {"rate_limit": None}


def test_the_rate_limit_blocks_everything_for_a_window(api: Any) -> None:
    assert (
        api("POST", "/_embedded/settings", json={"rate_limit": {"limit": 3, "window": 60}}).status_code == 200
    )
    answers = [api("GET", "/user") for _turn in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[0].headers["ratelimit"] == '"default";r=2;t=60'
    assert answers[0].headers["ratelimit-policy"] == '"default";q=3;w=60'
    assert answers[3].headers["retry-after"] == "60"
    assert answers[3].json()["errors"][0]["code"] == 971
    other = api.store.accounts.add_token(["User Details Read"])
    assert api("GET", "/user", headers={"authorization": f"Bearer {other}"}).status_code == 200


def test_the_window_slides_and_the_block_ends() -> None:
    now = 0.0
    rates = Rates(lambda: now)
    assert [rates.spend("t") for _turn in range(2000)] == [None] * 2000
    rates.configure(2, 10)
    assert [rates.spend("t"), rates.spend("t"), rates.spend("t")] == [None, None, 10]
    now = 9.5
    assert rates.spend("t") == 1
    now = 10.0
    assert [rates.spend("t"), rates.spend("t")] == [None, None]
    now = 20.1
    assert rates.spend("t") is None


@pytest.mark.parametrize(
    "body", [{}, {"other": 1}, {"rate_limit": 5}, {"rate_limit": {"limit": -1}}, {"rate_limit": []}]
)
def test_settings_without_sense(api: Any, body: Any) -> None:
    assert api("POST", "/_embedded/settings", json=body).status_code == 400


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (sqlite3.OperationalError("database or disk is full"), 507),
        (sqlite3.IntegrityError("FOREIGN KEY constraint failed"), 409),
        (ZeroDivisionError("secret"), 500),
    ],
)
def test_failures_are_envelopes(
    api: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fails(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(api.store.scripts, "listed", fails)
    answer = api("GET", "A/workers/scripts")
    assert answer.status_code == status
    assert answer.json()["success"] is False
    assert "Traceback" not in answer.text
