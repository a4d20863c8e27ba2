# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions, deployments, settings and secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

SECRET = {"type": "secret_text", "name": "KEY", "text": "canary-3f9c1d"}
HERE = "A/workers/scripts/one"


def codes(answer: Any) -> tuple[int, list[int]]:
    """Return status and codes."""
    return answer.status_code, [error["code"] for error in answer.json()["errors"]]


def active(api: Any) -> dict[str, float]:
    """Return the shares that serve."""
    versions = api.result("GET", f"{HERE}/deployments")["deployments"][0]["versions"]
    return {version["version_id"]: version["percentage"] for version in versions}


def numbers(api: Any, query: str = "") -> list[int]:
    """Return the numbers of the listed versions."""
    return [item["number"] for item in api.result("GET", f"{HERE}/versions{query}")["items"]]


def test_a_version_needs_its_worker(api: Any) -> None:
    assert codes(api.upload("POST", f"{HERE}/versions")) == (404, [10007])


def test_a_version_gets_no_traffic(api: Any) -> None:
    api.upload()
    before = active(api)
    version = api.version()
    assert active(api) == before
    shown = api.result("GET", f"{HERE}/versions/{version}")
    assert shown["number"] == 2
    assert shown["resources"]["script"]["etag"] != api.result("GET", "A/workers/scripts")[0]["etag"]


def test_versions_are_paged_newest_first(api: Any) -> None:
    api.upload()
    for n in range(14):
        api.version(str(n))
    assert numbers(api) == list(range(15, 5, -1))
    assert numbers(api, "?page=2") == [5, 4, 3, 2, 1]
    assert numbers(api, "?per_page=3&page=2") == [12, 11, 10]
    assert len(numbers(api, "?deployable=true&per_page=2")) == 15
    assert numbers(api, "?deployable=true&page=2") == []
    assert codes(api("GET", f"{HERE}/versions?page=0")) == (400, [10021])
    assert codes(api("GET", f"{HERE}/versions?per_page=many")) == (400, [10021])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({}, 10021, id="nothing"),
        pytest.param({"versions": []}, 10021, id="no version"),
        pytest.param({"versions": "NEW"}, 10021, id="no list"),
        pytest.param({"versions": ["NEW"]}, 10021, id="no objects"),
        pytest.param({"versions": [{"version_id": "NEW"}]}, 10021, id="no percentage"),
        pytest.param({"versions": [{"percentage": 100}]}, 10021, id="no id"),
        pytest.param(
            {"versions": [{"version_id": "NEW", "percentage": "100"}]}, 10021, id="percentage no number"
        ),
        pytest.param({"versions": [{"version_id": "NEW", "percentage": True}]}, 10021, id="percentage true"),
        pytest.param({"versions": [{"version_id": "NEW", "percentage": 99}]}, 10021, id="sum 99"),
        pytest.param({"versions": [{"version_id": "NEW", "percentage": 101}]}, 10021, id="above 100"),
        pytest.param(
            {"versions": [{"version_id": "NEW", "percentage": -1}, {"version_id": "OLD", "percentage": 101}]},
            10021,
            id="below 0",
        ),
        pytest.param(
            {"versions": [{"version_id": "NEW", "percentage": 50}] * 2}, 10021, id="one version twice"
        ),
        pytest.param({"versions": [{"version_id": "NONE", "percentage": 100}]}, 10025, id="unknown version"),
        pytest.param(
            {"strategy": "blue", "versions": [{"version_id": "NEW", "percentage": 100}]}, 10021, id="strategy"
        ),
        pytest.param(
            {
                "annotations": {"workers/message": "x" * 1001},
                "versions": [{"version_id": "NEW", "percentage": 100}],
            },
            10021,
            id="message too long",
        ),
        pytest.param({"versions": [{"version_id": "NEW", "percentage": 100}]}, None, id="whole"),
        pytest.param(
            {"versions": [{"version_id": "NEW", "percentage": 0}, {"version_id": "OLD", "percentage": 100}]},
            None,
            id="0 %",
        ),
        pytest.param(
            {
                "versions": [
                    {"version_id": "NEW", "percentage": 33.3},
                    {"version_id": "OLD", "percentage": 66.7},
                ]
            },
            None,
            id="fractions",
        ),
    ],
)
def test_deployments(api: Any, body: dict[str, Any], code: int | None) -> None:
    api.upload()
    old = next(iter(active(api)))
    new = api.version()
    body = json.loads(json.dumps(body).replace("NEW", new).replace("OLD", old))
    answer = api("POST", f"{HERE}/deployments", json=body)
    if code is not None:
        assert codes(answer) == (400, [code])
        assert active(api) == {old: 100}
        return
    assert answer.status_code == 200, answer.text
    assert active(api) == {v["version_id"]: v["percentage"] for v in body["versions"]}


def test_only_the_newest_100_versions_are_deployable(api: Any) -> None:
    api.upload()
    first = next(iter(active(api)))
    for n in range(100):
        last = api.version(str(n))
    assert codes(api.deploy({first: 100})) == (400, [10025])
    assert api.deploy({last: 100}).status_code == 200


def test_versions_belong_to_their_worker(api: Any) -> None:
    api.upload()
    api.upload(path="A/workers/scripts/two")
    foreign = api.result("GET", "A/workers/scripts/two/versions")["items"][0]["id"]
    assert codes(api.deploy({foreign: 100})) == (400, [10025])
    assert codes(api("GET", f"{HERE}/versions/{foreign}")) == (404, [10025])


def test_the_list_shows_the_etag_of_what_serves_most(api: Any) -> None:
    api.upload()
    old = next(iter(active(api)))
    new = api.version()
    etags = {v: api.result("GET", f"{HERE}/versions/{v}")["resources"]["script"]["etag"] for v in (old, new)}
    for shares, expected in (({new: 10, old: 90}, old), ({new: 90, old: 10}, new)):
        api.deploy(shares)
        assert api.result("GET", "A/workers/scripts")[0]["etag"] == etags[expected]


def test_deployments_are_listed_newest_first_and_kept(api: Any) -> None:
    api.upload()
    old, new = next(iter(active(api))), api.version()
    for n in range(12):
        api.deploy({new: n, old: 100 - n}, annotations={"workers/message": str(n)})
    shown = api.result("GET", f"{HERE}/deployments")["deployments"]
    assert [item["annotations"]["workers/message"] for item in shown] == [str(n) for n in range(11, 1, -1)]
    api.result("DELETE", f"{HERE}/deployments/{shown[1]['id']}")
    assert codes(api("GET", f"{HERE}/deployments/{shown[1]['id']}")) == (404, [10025])
    assert codes(api("DELETE", f"{HERE}/deployments/{shown[0]['id']}")) == (400, [10021])


class TestGoingBackOverASecret:
    """10220 guards against serving an old secret unawares."""

    def test_refused_then_forced(self, api: Any) -> None:
        api.upload(bindings=[SECRET])
        old = next(iter(active(api)))
        new = api.version(bindings=[{**SECRET, "text": "another"}, {**SECRET, "name": "SECOND"}])
        api.deploy({new: 100})
        answer = api.deploy({old: 100})
        assert codes(answer) == (400, [10220])
        assert answer.json()["errors"][0]["message"].endswith(
            "The following secrets have changed: KEY, SECOND"
        )
        assert api.deploy({old: 100}, query="?force=true").status_code == 200

    @pytest.mark.parametrize("steps", [(0,), (0, 50)], ids=["after 0 %", "after 50 %"])
    def test_a_canary_is_taken_back_without_force(self, api: Any, steps: tuple[int, ...]) -> None:
        api.upload(bindings=[SECRET])
        old = next(iter(active(api)))
        new = api.version(bindings=[{**SECRET, "text": "another"}])
        for step in steps:
            assert api.deploy({new: step, old: 100 - step}).status_code == 200
        assert api.deploy({old: 100}).status_code == 200

    def test_equal_secrets_are_no_obstacle(self, api: Any) -> None:
        api.upload(bindings=[SECRET])
        old = next(iter(active(api)))
        api.deploy({api.version(bindings=[SECRET]): 100})
        assert api.deploy({old: 100}).status_code == 200


class TestSecrets:
    """Secrets are written, named and deleted, never read."""

    def test_put_deploys_a_version(self, api: Any) -> None:
        api.upload()
        assert api.result("PUT", f"{HERE}/secrets", json=SECRET) == {"name": "KEY", "type": "secret_text"}
        assert numbers(api) == [2, 1]
        assert active(api) == {api.result("GET", f"{HERE}/versions")["items"][0]["id"]: 100}
        assert api.result("GET", f"{HERE}/secrets") == [{"name": "KEY", "type": "secret_text"}]
        assert api.result("GET", f"{HERE}/secrets/KEY") == {"name": "KEY", "type": "secret_text"}

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, 10021),
            ({"name": "KEY"}, 10021),
            ({"name": "KEY", "text": 5}, 10021),
            ({"name": "no name", "text": "x"}, 10021),
            ({"name": "KEY", "text": "x", "type": "plain_text"}, 10021),
            ({"name": "KEY", "text": "x", "type": {}}, 10021),
            ({"name": "KEY", "text": "x" * 5121}, 10054),
            ({"name": "TAKEN", "text": "x"}, 10053),
        ],
    )
    def test_what_is_refused(self, api: Any, body: dict[str, Any], code: int) -> None:
        api.upload(bindings=[{"type": "plain_text", "name": "TAKEN", "text": ""}])
        assert codes(api("PUT", f"{HERE}/secrets", json=body)) == (400, [code])
        name = body.get("name", "KEY")
        assert codes(api("PATCH", f"{HERE}/secrets-bulk", json={"secrets": {name: body}})) == (400, [code])
        assert numbers(api) == [1]

    def test_delete(self, api: Any) -> None:
        api.upload(bindings=[SECRET])
        api.result("DELETE", f"{HERE}/secrets/KEY?url_encoded=true")
        assert api.result("GET", f"{HERE}/secrets") == []
        assert codes(api("DELETE", f"{HERE}/secrets/KEY")) == (404, [10056])
        assert codes(api("GET", f"{HERE}/secrets/KEY")) == (404, [10056])

    def test_bulk_is_one_version(self, api: Any) -> None:
        api.upload(bindings=[SECRET])
        changes = {"KEY": None, "A": {"name": "A", "text": "1", "type": "secret_text"}, "B": {"text": "2"}}
        headers = {"content-type": "application/merge-patch+json"}
        shown = api.result("PATCH", f"{HERE}/secrets-bulk", json={"secrets": changes}, headers=headers)
        assert sorted(shown) == ["A", "B"]
        assert numbers(api) == [2, 1]

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param({"secrets": {f"K{n}": None for n in range(101)}}, id="too many"),
            pytest.param({"secrets": {"A": {"name": "B", "text": "x"}}}, id="two names"),
            pytest.param({"secrets": {"": None}}, id="empty name"),
        ],
    )
    def test_bad_bulk(self, api: Any, body: dict[str, Any]) -> None:
        api.upload()
        assert codes(api("PATCH", f"{HERE}/secrets-bulk", json=body)) == (400, [10021])

    @pytest.mark.parametrize(
        "change",
        [
            lambda api: api("PUT", f"{HERE}/secrets", json=SECRET),
            lambda api: api("DELETE", f"{HERE}/secrets/OLD"),
            lambda api: api("PATCH", f"{HERE}/secrets-bulk", json={"secrets": {"OLD": None}}),
        ],
        ids=["put", "delete", "bulk"],
    )
    def test_10215_while_the_latest_is_not_deployed(self, api: Any, change: Callable[[Any], Any]) -> None:
        old = {**SECRET, "name": "OLD"}
        api.upload(bindings=[old])
        new = api.version(bindings=[old])
        assert codes(change(api)) == (400, [10215])
        api.deploy({new: 50, next(iter(active(api))): 50})
        assert codes(change(api)) == (400, [10215])
        api.deploy({new: 100})
        assert change(api).status_code == 200

    def test_patching_the_latest_deploys_nothing(self, api: Any) -> None:
        api.upload(bindings=[SECRET])
        before = active(api)
        env = {"KEY": None, "NEW": {"type": "secret_text", "text": "x"}}
        body = {"env": env, "annotations": {"workers/tag": "t"}}
        shown = api.result("PATCH", "A/workers/workers/one/versions/latest", json=body)
        assert shown["bindings"] == [{"type": "secret_text", "name": "NEW"}]
        assert shown["annotations"]["workers/tag"] == "t"
        assert active(api) == before

    @pytest.mark.parametrize(
        "body",
        [
            {"env": {"A": {"type": "inherit"}}},
            {"env": {"A": {"type": "secret_text"}}},
            {"env": {"A": "x"}},
            {"env": []},
            {"main_module": "x"},
            {"annotations": {"workers/tag": "x" * 101}},
        ],
        ids=str,
    )
    def test_bad_patches_of_the_latest(self, api: Any, body: dict[str, Any]) -> None:
        api.upload()
        assert api("PATCH", "A/workers/workers/one/versions/latest", json=body).status_code == 400
        assert numbers(api) == [1]

    def test_no_answer_and_no_log_has_a_value(self, api: Any) -> None:
        key = {
            "type": "secret_key",
            "name": "SIGN",
            "format": "raw",
            "algorithm": {"name": "HMAC"},
            "usages": ["sign"],
            "key_base64": "Y2FuYXJ5LTNmOWMxZA==",
        }
        seen = [api.upload(bindings=[SECRET, key]).text]
        version = api.version(bindings=[SECRET, key], annotations={"workers/tag": "t"})
        seen.append(api.deploy({version: 100}).text)
        seen.append(api("PUT", f"{HERE}/secrets", json=SECRET).text)
        seen.append(api("PUT", f"{HERE}/secrets", json={**SECRET, "name": "not a name"}).text)
        seen.append(api("PUT", f"{HERE}/secrets", json={**SECRET, "text": SECRET["text"] * 999}).text)
        seen.append(api("PATCH", f"{HERE}/secrets-bulk", json={"secrets": {"KEY": SECRET}}).text)
        seen.append(api("PATCH", "A/workers/workers/one/versions/latest", json={"env": {"KEY": SECRET}}).text)
        paths = ["", "/settings", "/script-settings", "/versions", "/deployments", "/secrets", "/secrets/KEY"]
        seen += [api("GET", f"{HERE}{path}").text for path in (*paths, f"/versions/{version}")]
        seen += [api("GET", f"A/workers/{path}").text for path in ("scripts", "services/one", "workers/one")]
        seen.append(api("GET", "/_embedded/requests").text)
        seen.append(
            repr(api.store.versions.get("one", version)) + repr(api.store.versions.bundle("one", version))
        )
        assert "KEY" in "".join(seen)
        for text in seen:
            assert "3f9c1d" not in text
            assert key["key_base64"] not in text


class TestSettings:
    """Versioned settings make a version, the others do not."""

    def patch(self, api: Any, settings: Any) -> Any:
        """PATCH the settings by a form."""
        part = ("settings", ("blob", json.dumps(settings), "application/json"))
        return api("PATCH", f"{HERE}/settings", files=[part])

    def test_versioned(self, api: Any) -> None:
        api.upload(bindings=[SECRET], placement={"mode": "smart"})
        answer = self.patch(api, {"compatibility_date": "2026-02-02", "placement": {}})
        assert answer.json()["result"]["compatibility_date"] == "2026-02-02"
        assert "placement" not in answer.json()["result"]
        assert answer.json()["result"]["bindings"] == [{"type": "secret_text", "name": "KEY"}]
        assert numbers(api) == [2, 1]
        assert len(active(api)) == 1

    def test_others(self, api: Any) -> None:
        api.upload()
        self.patch(api, {"tags": ["a"], "logpush": True})
        assert numbers(api) == [1]
        shown = api.result("GET", f"{HERE}/script-settings")
        assert (shown["tags"], shown["logpush"]) == (["a"], True)
        cleared = api.result("PATCH", f"{HERE}/script-settings", json={"tags": None, "logpush": None})
        assert (cleared["tags"], cleared["logpush"]) == ([], False)

    def test_inheriting_a_secret(self, api: Any) -> None:
        api.upload(bindings=[SECRET])
        self.patch(api, {"bindings": [{"type": "inherit", "name": "KEY"}]})
        latest = api.store.versions.latest("one")
        assert latest.secrets()["KEY"]["text"] == SECRET["text"]

    @pytest.mark.parametrize(
        ("settings", "code"),
        [
            ([], 6007),
            ({"nonsense": 1}, 10021),
            ({"bindings": [{"type": "inherit", "name": "NONE"}]}, 10057),
            ({"bindings": [{"type": "kv_namespace", "name": "K", "namespace_id": "x"}]}, 10041),
            ({"compatibility_date": "tomorrow"}, 10021),
            ({"placement": {"mode": "x"}}, 10021),
            ({"tags": [1]}, 10021),
            ({"tags": ["kept"], "annotations": {"workers/tag": 1}}, 10021),
        ],
        ids=str,
    )
    def test_what_is_refused_changes_nothing(self, api: Any, settings: Any, code: int) -> None:
        api.upload()
        before = api.result("GET", "A/workers/scripts")
        assert codes(self.patch(api, settings)) == (400, [code])
        assert api.result("GET", "A/workers/scripts") == before

    def test_10214_while_the_latest_is_not_deployed(self, api: Any) -> None:
        api.upload()
        api.version()
        assert codes(self.patch(api, {"compatibility_date": "2026-02-02"})) == (400, [10214])

    def test_unknown_script_settings(self, api: Any) -> None:
        api.upload()
        assert codes(api("PATCH", f"{HERE}/script-settings", json={"bindings": []})) == (400, [10021])


def test_the_client_is_named_by_its_agent(api: Any) -> None:
    api.upload()
    api("PUT", f"{HERE}/secrets", json=SECRET, headers={"user-agent": "wrangler/4.164.0"})
    items = api.result("GET", f"{HERE}/versions")["items"]
    assert [item["metadata"]["source"] for item in items] == ["wrangler", "api"]
