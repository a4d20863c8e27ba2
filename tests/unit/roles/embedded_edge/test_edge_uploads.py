# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads: what is refused, with which code, and what is kept of what is accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from embedded_edge.bundle import Check

PLAIN = {"type": "plain_text", "name": "A", "text": "a"}


def codes(answer: Any) -> tuple[int, list[int]]:
    """Return status and codes."""
    return answer.status_code, [error["code"] for error in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        pytest.param({"main_module": None}, 10021, id="no main module"),
        pytest.param({"main_module": "other.js"}, 10021, id="main module not among the parts"),
        pytest.param({"main_module": 5}, 10021, id="main module no text"),
        pytest.param({"bindings": {}}, None, id="empty bindings"),
        pytest.param({"bindings": {"a": 1}}, 10021, id="bindings no list"),
        pytest.param({"bindings": ["A"]}, 10021, id="binding no object"),
        pytest.param({"bindings": [{"type": "plain_text", "text": "a"}]}, 10021, id="binding without name"),
        pytest.param({"bindings": [{**PLAIN, "name": "1A"}]}, 10021, id="binding name no identifier"),
        pytest.param({"bindings": [{**PLAIN, "name": ["A"]}]}, 10021, id="binding name no text"),
        pytest.param({"bindings": [{"name": "A"}]}, 10021, id="binding without type"),
        pytest.param({"bindings": [{"name": "A", "type": "nonsense"}]}, 10021, id="unknown type"),
        pytest.param({"bindings": [{"name": "A", "type": {}}]}, 10021, id="type no text"),
        pytest.param(
            {"bindings": [{"name": "A", "type": "plain_text"}]}, 10021, id="plain_text without text"
        ),
        pytest.param({"bindings": [{"name": "A", "type": "json"}]}, 10021, id="json without json"),
        pytest.param({"bindings": [{"name": "A", "type": "json", "json": None}]}, None, id="json null"),
        pytest.param(
            {"bindings": [{"name": "A", "type": "queue", "queue_name": ""}]}, 10021, id="empty queue name"
        ),
        pytest.param({"bindings": [{"name": "A", "type": "d1"}]}, 10021, id="d1 without id"),
        pytest.param({"bindings": [PLAIN, PLAIN]}, 10053, id="one name twice"),
        pytest.param({"bindings": [{**PLAIN, "text": "x" * 5121}]}, 10054, id="variable too long"),
        pytest.param(
            {"bindings": [{**PLAIN, "name": f"A{n}"} for n in range(129)]}, 10055, id="too many variables"
        ),
        pytest.param(
            {"bindings": [{"name": "K", "type": "kv_namespace", "namespace_id": "0" * 32}]}, 10041, id="no kv"
        ),
        pytest.param(
            {"bindings": [{"name": "S", "type": "service", "service": "none"}]}, 10143, id="no service"
        ),
        pytest.param(
            {"bindings": [{"name": "S", "type": "service", "service": "one"}]}, None, id="bound to itself"
        ),
        pytest.param({"compatibility_date": "2026-02-30"}, 10021, id="no such day"),
        pytest.param({"compatibility_date": "20260201"}, 10021, id="date without dashes"),
        pytest.param({"compatibility_date": 20260201}, 10021, id="date no text"),
        pytest.param({"compatibility_date": "2999-01-01"}, 10021, id="date in the future"),
        pytest.param({"compatibility_date": None}, None, id="no date"),
        pytest.param({"compatibility_flags": "nodejs_compat"}, 10021, id="flags no list"),
        pytest.param({"compatibility_flags": [1]}, 10021, id="flag no text"),
        pytest.param({"keep_bindings": [{}]}, 10021, id="kept type no text"),
        pytest.param({"annotations": []}, 10021, id="annotations no object"),
        pytest.param({"annotations": {"workers/message": "x" * 1001}}, 10021, id="message too long"),
        pytest.param({"annotations": {"workers/message": "ü" * 501}}, 10021, id="message too long in bytes"),
        pytest.param({"annotations": {"workers/tag": "x" * 101}}, 10021, id="tag too long"),
        pytest.param({"annotations": {"workers/tag": 1}}, 10021, id="tag no text"),
        pytest.param({"tags": ["a,b"]}, 10021, id="comma in a tag"),
        pytest.param({"tags": "a"}, 10021, id="tags no list"),
        pytest.param({"placement": {"mode": "clever"}}, 10021, id="unknown placement"),
        pytest.param({"placement": {"region": "Frankfurt"}}, 10021, id="region without provider"),
        pytest.param({"placement": {"region": "aws:eu-central-1"}}, None, id="region"),
        pytest.param({"placement": {"region": "aws:x", "host": "y:1"}}, 10021, id="two placements"),
        pytest.param({"placement": []}, 10021, id="placement no object"),
        pytest.param({"observability": {"enabled": "yes"}}, 10021, id="observability no flag"),
        pytest.param(
            {"observability": {"enabled": True, "head_sampling_rate": 2}}, 10021, id="sampling above 1"
        ),
        pytest.param({"logpush": 1}, 10021, id="logpush no flag"),
        pytest.param({"tail_consumers": [{}]}, 10021, id="tail consumer without service"),
    ],
)
def test_metadata(api: Any, metadata: dict[str, Any], code: int | None) -> None:
    answer = api.upload(**metadata)
    if code is None:
        assert answer.status_code == 200, answer.text
        return
    assert codes(answer) == (400, [code]), answer.text
    assert api.result("GET", "A/workers/scripts") == []


JS = "application/javascript+module"
META = ("metadata", ("blob", '{"main_module":"m.js"}', "application/json"))


@pytest.mark.parametrize(
    "files",
    [
        pytest.param([("m.js", ("m.js", "x", JS))], id="no metadata"),
        pytest.param([META], id="no module"),
        pytest.param([META, ("m.js", ("m.js", "x", "image/png"))], id="unknown content type"),
        pytest.param([META, ("m.js", ("m.js", "x", "text/plain"))], id="main module no JavaScript"),
        pytest.param(
            [META, ("m.js", ("m.js", "x", JS)), ("b", ("m.js", "y", JS))], id="two modules of one name"
        ),
        pytest.param([META] + [(f"m{n}", (f"m{n}", "x", JS)) for n in range(1001)], id="too many parts"),
    ],
)
def test_parts(api: Any, files: Any) -> None:
    assert codes(api("PUT", "A/workers/scripts/one", files=files)) == (400, [10021])


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("application/javascript", b"x", id="plain JavaScript"),
        pytest.param("-", b"x", id="no type"),
        pytest.param("multipart/form-data", b"x", id="no boundary"),
        pytest.param("multipart/form-data; boundary=" + "b" * 300, b"x", id="boundary too long"),
        pytest.param("multipart/form-data; boundary=b", b"", id="empty"),
        pytest.param("multipart/form-data; boundary=b", b"garbage", id="garbage"),
        pytest.param(
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{}',
            id="cut",
        ),
        pytest.param(
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
            id="a part without a name",
        ),
        pytest.param(
            "multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--\r\n", id="a part without headers"
        ),
        pytest.param(
            "multipart/form-data; boundary=b", b"--b\r\n: :\r\n\r\nx\r\n--b--\r\n", id="a broken header"
        ),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "one"), ("POST", "one/versions"), ("PATCH", "one/settings")]
)
def test_broken_forms(api: Any, content_type: str, body: bytes, method: str, path: str) -> None:
    api.upload()
    headers = {"content-type": content_type}
    answer = api(method, f"A/workers/scripts/{path}", content=body, headers=headers)
    assert codes(answer) == (400, [10021]), answer.text


@pytest.mark.parametrize("name", ["-a", "A", "a.b", "a%20b", "a%2Fb", "x" * 256, "%7B%7B1%7D%7D", "a%0Ab"])
def test_script_names(api: Any, name: str) -> None:
    assert codes(api.upload(path=f"A/workers/scripts/{name}")) == (400, [10016])


def test_code_that_does_not_start_is_refused_and_leaves_nothing(api: Any) -> None:
    api.runtime.verdict = Check(False, "Uncaught SyntaxError: nope", (), 0)
    answer = api.upload()
    assert codes(answer) == (400, [10021])
    assert "nope" in answer.text
    assert api.result("GET", "A/workers/scripts") == []


def test_a_runtime_that_fails_is_no_server_error_of_the_client(api: Any) -> None:
    async def fails(bundle: object) -> Check:
        raise RuntimeError("workerd is gone")

    api.runtime.check = fails
    assert codes(api.upload()) == (503, [10001])


def test_the_same_content_is_checked_once(api: Any) -> None:
    api.upload(bindings=[PLAIN])
    api.upload(path="A/workers/scripts/two", bindings=[{**PLAIN, "text": "b"}])
    assert len(api.runtime.asked) == 1
    api.upload(code="other", bindings=[PLAIN])
    api.upload(compatibility_date="2025-01-01", bindings=[PLAIN])
    api.upload(compatibility_flags=["nodejs_compat"], bindings=[PLAIN])
    api.upload(bindings=[{"type": "secret_text", "name": "A", "text": "s"}])
    assert len(api.runtime.asked) == 5


def test_etag_is_that_of_the_content(api: Any) -> None:
    first = api.upload(bindings=[PLAIN]).json()["result"]
    second = api.upload(path="A/workers/scripts/two").json()["result"]
    other = api.upload(path="A/workers/scripts/two", code="other").json()["result"]
    assert first["etag"] == second["etag"] != other["etag"]
    listed = {s["id"]: s["etag"] for s in api.result("GET", "A/workers/scripts")}
    assert listed == {"one": first["etag"], "two": other["etag"]}
    assert first["startup_time_ms"] == 7


def test_every_change_moves_modified_on(api: Any) -> None:
    def modified() -> str:
        found: str = api.result("GET", "A/workers/scripts")[0]["modified_on"]
        return found

    api.upload()
    seen = [modified()]
    for change in (
        api.upload,
        api.version,
        lambda: api.deploy({api.result("GET", "A/workers/scripts/one/versions")["items"][0]["id"]: 100}),
        lambda: api("PUT", "A/workers/scripts/one/secrets", json={"name": "K", "text": "v"}),
        lambda: api("PATCH", "A/workers/scripts/one/script-settings", json={"tags": ["x"]}),
    ):
        change()
        seen.append(modified())
    assert seen == sorted(set(seen))


def test_a_setting_that_stays_moves_nothing(api: Any) -> None:
    api.upload(tags=["x"])
    before = api.result("GET", "A/workers/scripts")
    api.result("PATCH", "A/workers/scripts/one/script-settings", json={"tags": ["x"]})
    assert api.result("GET", "A/workers/scripts") == before


def test_tags_are_kept_filtered_and_replaced(api: Any) -> None:
    api.upload(tags=["fleet:a", "blue"])
    api.upload(path="A/workers/scripts/two", tags=["fleet:a"])
    assert [s["id"] for s in api.result("GET", "A/workers/scripts?tags=fleet:a:yes,blue:no")] == ["two"]
    assert [s["id"] for s in api.result("GET", "A/workers/scripts?tags=blue:yes")] == ["one"]
    assert codes(api("GET", "A/workers/scripts?tags=blue")) == (400, [10021])
    api.upload()
    assert api.result("GET", "A/workers/scripts/one/script-settings")["tags"] == ["fleet:a", "blue"]


def test_download_has_the_modules(api: Any) -> None:
    api.upload(code="export default {}")
    answer = api("GET", "A/workers/scripts/one")
    assert answer.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert "export default {}" in answer.text
    assert answer.headers["cf-entrypoint"] == "main.js"


SECRET = {"type": "secret_text", "name": "S", "text": "hidden"}


class TestInheriting:
    """Bindings are replaced by every upload, unless they are inherited or kept."""

    def bindings(self, api: Any, version: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = api.store.versions.get("one", version).bindings
        return list(found)

    def test_replaced(self, api: Any) -> None:
        api.upload(bindings=[PLAIN, SECRET])
        assert self.bindings(api, api.version()) == []

    def test_kept_by_type(self, api: Any) -> None:
        api.upload(bindings=[PLAIN, SECRET])
        assert self.bindings(api, api.version(keep_bindings=["secret_text"])) == [SECRET]

    def test_a_new_binding_wins_over_a_kept_one(self, api: Any) -> None:
        api.upload(bindings=[SECRET])
        new = {**SECRET, "text": "new"}
        assert self.bindings(api, api.version(bindings=[new], keep_bindings=["secret_text"])) == [new]

    def test_inherited_from_the_latest_not_the_deployed(self, api: Any) -> None:
        api.upload(bindings=[PLAIN])
        api.version(bindings=[{**PLAIN, "text": "latest"}])
        version = api.version(bindings=[{"type": "inherit", "name": "A"}])
        assert self.bindings(api, version) == [{**PLAIN, "text": "latest"}]

    def test_inherited_under_another_name_from_a_named_version(self, api: Any) -> None:
        api.upload()
        old = api.version(bindings=[PLAIN])
        api.version()
        version = api.version(bindings=[{"type": "inherit", "name": "B", "old_name": "A", "version_id": old}])
        assert self.bindings(api, version) == [{**PLAIN, "name": "B"}]

    def test_what_cannot_be_inherited(self, api: Any) -> None:
        lost = [{"type": "inherit", "name": "NONE"}]
        assert api.upload(bindings=lost).status_code == 200
        path = "A/workers/scripts/one?bindings_inherit=strict"
        assert codes(api.upload(path=path, bindings=lost)) == (400, [10057])


def test_a_worker_that_others_need_is_deleted_by_force_only(api: Any) -> None:
    api.upload()
    api.upload(path="A/workers/scripts/front", bindings=[{"type": "service", "name": "S", "service": "one"}])
    incoming = api.result("GET", "A/workers/scripts/one/references")["services"]["incoming"]
    assert [reference["service"] for reference in incoming] == ["front"]
    answer = api("DELETE", "A/workers/scripts/one")
    assert codes(answer) == (400, [10064])
    assert "front" in answer.text
    api.result("DELETE", "A/workers/scripts/one?force=true")
    assert codes(api("GET", "A/workers/services/one")) == (404, [10090])


def test_deleting_takes_everything_along(api: Any) -> None:
    api.upload()
    api.result("PUT", "A/workers/domains", json={"hostname": "a.example.com", "service": "one"})
    api.result("DELETE", "A/workers/scripts/one")
    assert api.result("GET", "A/workers/domains") == []
    assert api.store.database.rows("SELECT * FROM blobs") == []
    assert api.store.database.rows("SELECT * FROM versions") == []
    for path in ("", "/settings", "/versions", "/deployments", "/secrets", "/script-settings", "/subdomain"):
        assert codes(api("GET", f"A/workers/scripts/one{path}")) == (404, [10007])


def test_search_pages_and_orders(api: Any) -> None:
    for name in ("b-one", "a-one", "c-two"):
        api.upload(path=f"A/workers/scripts/{name}")
    answer = api("GET", "A/workers/scripts-search?name=one&order_by=name&per_page=1&page=2").json()
    assert [hit["script_name"] for hit in answer["result"]] == ["b-one"]
    assert answer["result_info"]["total_count"] == 2
    assert codes(api("GET", "A/workers/scripts-search?order_by=size")) == (400, [10021])


def test_metadata_of_a_worker_too_large(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded_edge.api.metadata.CODE_LIMIT", 1024 * 1024)
    assert codes(api.upload(code="x" * (1024 * 1024 + 1))) == (413, [10027])
    monkeypatch.setattr("embedded_edge.api.metadata.UPLOAD_LIMIT", 1024)
    assert codes(api.upload(code="x" * 2048)) == (413, [10027])


def test_annotations_are_shown_on_the_version(api: Any) -> None:
    api.upload()
    version = api.version(annotations={"workers/message": "m" * 1000, "workers/tag": "t"})
    shown = api.result("GET", f"A/workers/scripts/one/versions/{version}")
    assert shown["annotations"] == {
        "workers/message": "m" * 1000,
        "workers/tag": "t",
        "workers/triggered_by": "version_upload",
    }
    assert json.dumps(shown["resources"]["bindings"]) == "[]"
