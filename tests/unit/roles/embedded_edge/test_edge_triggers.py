# SPDX-License-Identifier: GPL-3.0-or-later
"""What leads requests to Workers: workers.dev, custom domains, routes."""

from __future__ import annotations

from typing import Any

import pytest
from embedded_edge.source import StoreSource

HERE = "A/workers/scripts/one"


def codes(answer: Any) -> tuple[int, list[int]]:
    """Return status and codes."""
    return answer.status_code, [error["code"] for error in answer.json()["errors"]]


def zone(api: Any, name: str = "example.com") -> str:
    """Return the id of a zone."""
    found: str = api.result("GET", f"/zones?name={name}")[0]["id"]
    return found


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"hostname": "a.example.com", "service": "one"}, 200, None),
        ({"hostname": "A.Example.com", "service": "one", "zone_name": "example.com"}, 200, None),
        (
            {"hostname": "a.example.com", "service": "one", "zone_id": "ZONE", "environment": "production"},
            200,
            None,
        ),
        ({"service": "one"}, 400, 10021),
        ({"hostname": "a.example.com"}, 400, 10021),
        ({"hostname": "a.example.com", "service": "none"}, 404, 10007),
        ({"hostname": "a.example.org", "service": "one"}, 400, 10048),
        ({"hostname": "a.example.com", "service": "one", "zone_name": "edge.localhost"}, 400, 10048),
        ({"hostname": "a.example.com", "service": "one", "zone_id": "0" * 32}, 400, 10048),
        ({"hostname": "a.example.com", "service": "one", "zone_id": {}}, 400, 10048),
        ({"hostname": "a..example.com", "service": "one"}, 400, 10021),
        ({"hostname": "a.example.com\n", "service": "one"}, 400, 10021),
        ({"hostname": "$(id).example.com", "service": "one"}, 400, 10021),
        ({"hostname": ["a.example.com"], "service": "one"}, 400, 10021),
        ({"hostname": "a.example.com", "service": "one", "environment": "staging"}, 400, 10021),
    ],
    ids=str,
)
def test_custom_domains(api: Any, body: dict[str, Any], status: int, code: int | None) -> None:
    api.upload()
    body = {k: zone(api) if v == "ZONE" else v for k, v in body.items()}
    answer = api("PUT", "A/workers/domains", json=body)
    if code is not None:
        assert codes(answer) == (status, [code])
        return
    made = answer.json()["result"]
    assert made["hostname"] == "a.example.com"
    assert api.result("GET", f"A/workers/domains/{made['id']}") == made
    api.result("DELETE", f"A/workers/domains/{made['id']}")
    assert codes(api("GET", f"A/workers/domains/{made['id']}")) == (404, [100114])


def test_domains_are_filtered_and_moved(api: Any) -> None:
    for name in ("one", "two"):
        api.upload(path=f"A/workers/scripts/{name}")
        api.result("PUT", "A/workers/domains", json={"hostname": f"{name}.example.com", "service": name})

    def hostnames(query: str) -> list[str]:
        return [domain["hostname"] for domain in api.result("GET", f"A/workers/domains{query}")]

    assert hostnames("") == ["one.example.com", "two.example.com"]
    assert hostnames("?service=two") == ["two.example.com"]
    assert hostnames("?hostname=one.example.com&zone_name=example.com") == ["one.example.com"]
    assert hostnames(f"?zone_id={zone(api, 'edge.localhost')}") == []
    api.result("PUT", "A/workers/domains", json={"hostname": "two.example.com", "service": "one"})
    assert hostnames("?service=two") == []


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("example.com/*", None),
        ("*.example.com/api/*", None),
        ("*example.com/*", None),
        ("https://a.example.com/x", None),
        ("a.example.com", None),
        ("example.org/*", 10022),
        ("a.*.example.com/*", 10022),
        ("notexample.com/*", 10022),
        ("", 10022),
        (None, 10022),
        ("example.com/\n", 10022),
        ("example.com/" + "x" * 3000, 10022),
    ],
)
def test_route_patterns(api: Any, pattern: Any, code: int | None) -> None:
    api.upload()
    answer = api("POST", f"/zones/{zone(api)}/workers/routes", json={"pattern": pattern, "script": "one"})
    if code is None:
        assert answer.status_code == 200, answer.text
        assert api.result("GET", f"{HERE}/routes")[0]["pattern"] == pattern
    else:
        assert codes(answer) == (400, [code])


def test_route_life(api: Any) -> None:
    api.upload()
    base = f"/zones/{zone(api)}/workers/routes"
    made = api.result("POST", base, json={"pattern": "example.com/*", "script": "one"})
    assert codes(api("POST", base, json={"pattern": "example.com/*", "script": "one"})) == (409, [10020])
    assert codes(api("POST", base, json={"pattern": "example.com/a", "script": "none"})) == (404, [10007])
    other = api.result("POST", base, json={"pattern": "example.com/b"})
    assert codes(api("PUT", f"{base}/{other['id']}", json={"pattern": "example.com/*"})) == (409, [10020])
    api.result("PUT", f"{base}/{made['id']}", json={"pattern": "example.com/c", "script": "one"})
    assert api.result("GET", f"{base}/{made['id']}")["pattern"] == "example.com/c"
    assert api.result("DELETE", f"{base}/{made['id']}") == {"id": made["id"]}
    assert codes(api("GET", f"{base}/{made['id']}")) == (404, [10019])
    foreign = f"/zones/{zone(api, 'edge.localhost')}/workers/routes/{other['id']}"
    assert codes(api("GET", foreign)) == (404, [10019])


def test_routes_of_a_script_are_replaced(api: Any) -> None:
    api.upload()
    api.result("PUT", f"{HERE}/routes", json=[{"pattern": "example.com/a"}, "*.edge.localhost/*"])
    api.result("PUT", f"{HERE}/routes", json=[{"pattern": "example.com/b", "zone_name": "example.com"}])
    assert [route["pattern"] for route in api.result("GET", f"{HERE}/routes")] == ["example.com/b"]
    for bad in ({}, [5], [{"pattern": "example.org/*"}], [{"pattern": "example.com/", "zone_id": "x"}]):
        assert api("PUT", f"{HERE}/routes", json=bad).status_code == 400
    assert [route["pattern"] for route in api.result("GET", f"{HERE}/routes")] == ["example.com/b"]


def test_which_worker_answers(api: Any) -> None:
    for name in ("one", "two", "three"):
        api.upload(path=f"A/workers/scripts/{name}")
    api.result("PUT", "A/workers/domains", json={"hostname": "www.example.com", "service": "one"})
    base = f"/zones/{zone(api)}/workers/routes"
    api.result("POST", base, json={"pattern": "www.example.com/api/*", "script": "two"})
    api.result("POST", base, json={"pattern": "*.example.com/*", "script": "three"})
    api.result("POST", base, json={"pattern": "www.example.com/api/off/*"})
    api.result("POST", f"{HERE}/subdomain", json={"enabled": True})
    source = StoreSource(api.store)
    table = {
        ("www.example.com", "/api/x"): "two",
        ("www.example.com", "/api/off/x"): "one",
        ("WWW.example.com.", "/api/x"): "two",
        ("www.example.com", "/"): "three",
        ("other.example.com", "/"): "three",
        ("example.com", "/"): None,
        ("one.embedded.workers.dev", "/"): "one",
        ("two.embedded.workers.dev", "/"): None,
        ("one.other.workers.dev", "/"): None,
        ("", ""): None,
    }
    assert {place: source.route(*place) for place in table} == table


def test_workers_dev(api: Any) -> None:
    api.upload()
    assert api.result("GET", f"{HERE}/subdomain") == {"enabled": False, "previews_enabled": False}
    on = api.result("POST", f"{HERE}/subdomain", json={"enabled": True})
    assert on == {"enabled": True, "previews_enabled": True}
    assert api.result("GET", "A/workers/workers/one")["subdomain"] == on
    api.result("POST", f"{HERE}/subdomain", json={"enabled": True, "previews_enabled": False})
    assert api.result("DELETE", f"{HERE}/subdomain") == {"enabled": False, "previews_enabled": False}
    assert codes(api("POST", f"{HERE}/subdomain", json={"enabled": "yes"})) == (400, [10021])
    assert api.result("PUT", "A/workers/subdomain", json={"subdomain": "mine"}) == {"subdomain": "mine"}
    assert codes(api("PUT", "A/workers/subdomain", json={"subdomain": "a.b"})) == (400, [10030])
    long = f"A/workers/scripts/{'x' * 64}"
    api.upload(path=long)
    assert codes(api("POST", f"{long}/subdomain", json={"enabled": True})) == (400, [10030])


def test_all_domains_of_a_worker_at_once(api: Any) -> None:
    for name in ("one", "two"):
        api.upload(path=f"A/workers/scripts/{name}")
    api.result("PUT", "A/workers/domains", json={"hostname": "old.example.com", "service": "one"})
    api.result("PUT", "A/workers/domains", json={"hostname": "two.example.com", "service": "two"})
    origins = [{"hostname": "new.example.com"}, {"hostname": "two.example.com", "zone_name": "example.com"}]
    changes = api.result("POST", f"{HERE}/domains/changeset?replace_state=true", json=origins)
    shown = {kind: [d["hostname"] for d in found] for kind, found in changes.items()}
    expected = {"added": ["new.example.com"], "updated": ["two.example.com"], "removed": ["old.example.com"]}
    assert shown == {**expected, "conflicting": []}
    body = {"origins": origins, "override_scope": True}
    assert codes(api("PUT", f"{HERE}/domains/records", json=body)) == (409, [100116])
    api.result("PUT", f"{HERE}/domains/records", json={**body, "override_existing_origin": True})
    found = {d["hostname"]: d["service"] for d in api.result("GET", "A/workers/domains")}
    assert found == {"new.example.com": "one", "two.example.com": "one"}
