# SPDX-License-Identifier: GPL-3.0-or-later
"""KV namespaces, keys, values and bulk calls, with their limits."""

from __future__ import annotations

import base64
import json
from itertools import chain
from typing import Any

import pytest
from embedded_edge.source import StoreSource

NAMESPACES = "A/storage/kv/namespaces"


def codes(answer: Any) -> tuple[int, list[int]]:
    """Return status and codes."""
    return answer.status_code, [error["code"] for error in answer.json()["errors"]]


@pytest.fixture
def here(api: Any) -> str:
    """Return the path of a namespace."""
    return f"{NAMESPACES}/{api.namespace()}"


def test_namespaces_are_paged_and_ordered(api: Any) -> None:
    for n in range(25):
        api.namespace(f"n{n:02}")
    first = api("GET", NAMESPACES).json()
    assert [n["title"] for n in first["result"]] == [f"n{n:02}" for n in range(20)]
    assert first["result_info"] == {
        "page": 1,
        "per_page": 20,
        "count": 20,
        "total_count": 25,
        "total_pages": 2,
    }
    assert len(api.result("GET", f"{NAMESPACES}?page=2")) == 5
    assert len(api.result("GET", f"{NAMESPACES}?per_page=1000")) == 25
    assert api.result("GET", f"{NAMESPACES}?direction=desc&per_page=1")[0]["title"] == "n24"
    for query in ("per_page=1001", "per_page=0", "page=-1", "order=size", "direction=up"):
        assert codes(api("GET", f"{NAMESPACES}?{query}")) == (400, [10021])


def test_namespace_life(api: Any, here: str) -> None:
    assert codes(api("POST", NAMESPACES, json={"title": "space"})) == (400, [10014])
    for title in ("", None, 5, "x" * 513):
        assert codes(api("POST", NAMESPACES, json={"title": title})) == (400, [10023])
    api.namespace("other")
    assert codes(api("PUT", here, json={"title": "other"})) == (400, [10014])
    assert api.result("PUT", here, json={"title": "new"})["title"] == "new"
    api.result("PUT", f"{here}/values/k", content=b"v")
    api.result("DELETE", here)
    assert api.store.database.rows("SELECT * FROM kv") == []
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/keys"),
        ("GET", "/values/k"),
        ("GET", "/metadata/k"),
    ):
        assert codes(api(method, here + path)) == (404, [10013])
    assert codes(api("PUT", f"{here}/values/k", content=b"v")) == (404, [10013])
    assert codes(api("PUT", f"{here}/bulk", json=[])) == (404, [10013])


@pytest.mark.parametrize(
    "key", ["a", "a/b", "a b", "ü", "%", "a?b#c", "\n", "\0", "{{ 1 }}", "-x", "😀", "x" * 512]
)
@pytest.mark.parametrize("value", [b"", b"text", bytes(range(256))], ids=["empty", "text", "binary"])
def test_values_come_back_as_they_were(api: Any, here: str, key: str, value: bytes) -> None:
    encoded = "".join(f"%{byte:02X}" for byte in key.encode())
    api.result("PUT", f"{here}/values/{encoded}", content=value)
    answer = api("GET", f"{here}/values/{encoded}")
    assert (answer.status_code, answer.content) == (200, value)
    assert [entry["name"] for entry in api.result("GET", f"{here}/keys")] == [key]
    api.result("DELETE", f"{here}/values/{encoded}")
    assert codes(api("GET", f"{here}/values/{encoded}")) == (404, [10009])
    assert codes(api("GET", f"{here}/metadata/{encoded}")) == (404, [10009])


def test_a_form_carries_metadata(api: Any, here: str) -> None:
    form = [("value", (None, b"\0bytes")), ("metadata", (None, '{"a":[1]}'))]
    api.result("PUT", f"{here}/values/k?expiration_ttl=60", files=form)
    answer = api("GET", f"{here}/values/k")
    assert answer.content == b"\0bytes"
    assert int(answer.headers["expiration"]) == int(api.clock.now) + 60
    assert api.result("GET", f"{here}/metadata/k") == {"a": [1]}
    expected = {"name": "k", "expiration": int(api.clock.now) + 60, "metadata": {"a": [1]}}
    assert api.result("GET", f"{here}/keys") == [expected]


@pytest.mark.parametrize(
    ("path", "content", "status", "code"),
    [
        pytest.param("values/" + "x" * 513, b"v", 414, 10030, id="key too long"),
        pytest.param("values/" + "%C3%BC" * 257, b"v", 414, 10030, id="key too long in bytes"),
        pytest.param("values/%2E", b"v", 400, 10030, id="key ."),
        pytest.param("values/%2E%2E", b"v", 400, 10030, id="key .."),
        pytest.param("values/k", b"v" * (25 * 1024 * 1024 + 1), 413, 10033, id="value too large"),
        pytest.param("values/k", b"v" * (27 * 1024 * 1024), 413, 10027, id="body too large"),
        pytest.param("values/k?expiration_ttl=59", b"v", 400, 10035, id="ttl too short"),
        pytest.param("values/k?expiration_ttl=x", b"v", 400, 10035, id="ttl no number"),
        pytest.param("values/k?expiration_ttl=-60", b"v", 400, 10035, id="ttl below 0"),
        pytest.param("values/k?expiration_ttl=9999999999999999", b"v", 400, 10035, id="ttl too long"),
        pytest.param("values/k?expiration=1800000059", b"v", 400, 10035, id="expires too soon"),
        pytest.param("values/k?expiration=1", b"v", 400, 10035, id="expired"),
    ],
)
def test_limits(api: Any, here: str, path: str, content: bytes, status: int, code: int) -> None:
    assert codes(api("PUT", f"{here}/{path}", content=content)) == (status, [code])
    assert api.result("GET", f"{here}/keys") == []


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        pytest.param([("metadata", (None, "{}"))], 400, 10021, id="no value"),
        pytest.param([("value", (None, "v")), ("metadata", (None, "{"))], 400, 6007, id="metadata no JSON"),
        pytest.param(
            [("value", (None, "v")), ("metadata", (None, json.dumps("x" * 1023)))],
            413,
            10036,
            id="metadata too large",
        ),
        pytest.param(
            [("value", (None, "v")), ("metadata", (None, json.dumps("x" * 1022)))], 200, None, id="just fits"
        ),
        pytest.param(
            [("value", (None, "v")), ("metadata", (None, json.dumps("ü" * 511)))], 200, None, id="fits, ü"
        ),
    ],
)
def test_metadata_limits(api: Any, here: str, form: Any, status: int, code: int | None) -> None:
    answer = api("PUT", f"{here}/values/k", files=form)
    assert codes(answer) == (status, [] if code is None else [code])


def test_ttl_wins_over_expiration_and_keys_expire(api: Any, here: str) -> None:
    now = int(api.clock.now)
    api.result("PUT", f"{here}/values/k?expiration={now + 9999}&expiration_ttl=60", content=b"v")
    api.result("PUT", f"{here}/values/stays", content=b"v")
    api.clock.now += 59
    assert api("GET", f"{here}/values/k").status_code == 200
    api.clock.now += 2
    assert codes(api("GET", f"{here}/values/k")) == (404, [10009])
    assert [entry["name"] for entry in api.result("GET", f"{here}/keys")] == ["stays"]
    api.store.kv.sweep()
    assert len(api.store.database.rows("SELECT * FROM kv")) == 1


def test_keys_are_listed_by_prefix_in_byte_order_in_pages(api: Any, here: str) -> None:
    names = [f"a/{n:03}" for n in range(25)] + ["a0", "b", "ü/x", "😀", "a/", "A"]
    api.result("PUT", f"{here}/bulk", json=[{"key": name, "value": "v"} for name in names])

    def pages(query: str) -> list[list[str]]:
        found, cursor = [], ""
        while True:
            answer = api("GET", f"{here}/keys?{query}&cursor={cursor}").json()
            found.append([entry["name"] for entry in answer["result"]])
            assert answer["result_info"]["count"] == len(found[-1])
            cursor = answer["result_info"]["cursor"]
            if not cursor:
                return found

    assert pages("") == [sorted(names, key=str.encode)]
    assert [len(page) for page in pages("limit=10")] == [10, 10, 10, 1]
    assert [len(page) for page in pages("limit=10&prefix=a/")] == [10, 10, 6]
    assert list(chain(*pages("limit=10&prefix=a/"))) == sorted(n for n in names if n.startswith("a/"))
    assert pages("prefix=%C3%BC") == [["ü/x"]]
    assert pages("prefix=zzz") == [[]]
    for query in ("limit=9", "limit=1001", "limit=x", "cursor=*", "cursor=%C3%BC", "prefix=" + "x" * 513):
        assert codes(api("GET", f"{here}/keys?{query}")) == (400, [10021])


def test_exactly_full_pages_end(api: Any, here: str) -> None:
    api.result("PUT", f"{here}/bulk", json=[{"key": f"{n}", "value": ""} for n in range(10)])
    assert api("GET", f"{here}/keys?limit=10").json()["result_info"]["cursor"] == ""


class TestBulk:
    """Many keys in one call, all or none of them."""

    def test_put(self, api: Any, here: str) -> None:
        pairs = [
            {"key": "text", "value": "ü"},
            {"key": "bytes", "value": base64.b64encode(b"\0\xff").decode(), "base64": True},
            {"key": "meta", "value": "", "metadata": {"a": 1}, "expiration_ttl": 60},
            {"key": "text", "value": "twice"},
        ]
        counted = api.result("PUT", f"{here}/bulk", json=pairs)
        assert counted == {"successful_key_count": 4, "unsuccessful_keys": []}
        assert api("GET", f"{here}/values/text").content == b"twice"
        assert api("GET", f"{here}/values/bytes").content == b"\0\xff"
        assert api.result("GET", f"{here}/metadata/meta") == {"a": 1}

    @pytest.mark.parametrize(
        ("pairs", "status", "code"),
        [
            pytest.param({}, 400, 10029, id="no list"),
            pytest.param([{"key": "k", "value": "v"}] * 10_001, 400, 10029, id="too many"),
            pytest.param([[]], 400, 10029, id="no object"),
            pytest.param([{"key": "k"}], 400, 10029, id="no value"),
            pytest.param([{"key": 1, "value": "v"}], 400, 10029, id="key no text"),
            pytest.param([{"key": "k", "value": {}}], 400, 10029, id="value no text"),
            pytest.param([{"key": "k", "value": "*", "base64": True}], 400, 10029, id="no base64"),
            pytest.param([{"key": "k", "value": "v", "base64": "yes"}], 400, 10029, id="base64 no flag"),
            pytest.param([{"key": "", "value": "v"}], 400, 10030, id="empty key"),
            pytest.param([{"key": "x" * 513, "value": "v"}], 414, 10030, id="key too long"),
            pytest.param(
                [{"key": "k", "value": "v", "metadata": "x" * 1023}], 413, 10036, id="metadata too large"
            ),
            pytest.param([{"key": "k", "value": "v", "expiration_ttl": 5}], 400, 10035, id="ttl too short"),
            pytest.param([{"key": "k", "value": "v", "expiration_ttl": "x"}], 400, 10035, id="ttl no number"),
            pytest.param(
                [{"key": "k", "value": "v", "expiration_ttl": 60.5}], 400, 10035, id="ttl no whole number"
            ),
            pytest.param([{"key": "k", "value": "v", "expiration": True}], 400, 10035, id="expiration true"),
        ],
    )
    def test_bad_puts_write_nothing(self, api: Any, here: str, pairs: Any, status: int, code: int) -> None:
        whole = [{"key": "good", "value": "v"}, *pairs] if isinstance(pairs, list) else pairs
        assert codes(api("PUT", f"{here}/bulk", json=whole)) == (status, [code])
        assert api.result("GET", f"{here}/keys") == []

    def test_delete(self, api: Any, here: str) -> None:
        api.result("PUT", f"{here}/bulk", json=[{"key": key, "value": ""} for key in "abc"])
        counted = api.result("POST", f"{here}/bulk/delete", json=["a", "b", "missing"])
        assert counted == {"successful_key_count": 3, "unsuccessful_keys": []}
        assert [entry["name"] for entry in api.result("GET", f"{here}/keys")] == ["c"]
        assert codes(api("POST", f"{here}/bulk/delete", json=[1])) == (400, [10029])

    def test_get(self, api: Any, here: str) -> None:
        api.result("PUT", f"{here}/bulk", json=[{"key": "j", "value": '{"a":1}', "metadata": 5}])

        def values(**body: Any) -> Any:
            return api.result("POST", f"{here}/bulk/get", json={"keys": ["j", "none"], **body})["values"]

        assert values() == {"j": '{"a":1}', "none": None}
        assert values(type="json") == {"j": {"a": 1}, "none": None}
        assert values(withMetadata=True)["j"] == {"value": '{"a":1}', "metadata": 5}

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"keys": "k"},
            {"keys": [1]},
            {"keys": ["k"] * 101},
            {"keys": ["binary"]},
            {"keys": ["text"], "type": "json"},
            {"keys": [], "type": "stream"},
            {"keys": [], "withMetadata": 1},
        ],
        ids=str,
    )
    def test_bad_gets(self, api: Any, here: str, body: dict[str, Any]) -> None:
        api.result("PUT", f"{here}/values/binary", content=b"\xff")
        api.result("PUT", f"{here}/values/text", content=b"text")
        assert codes(api("POST", f"{here}/bulk/get", json=body)) == (400, [10029])


def test_the_runtime_shares_the_keys(api: Any, here: str) -> None:
    namespace = here.rpartition("/")[2]
    source = StoreSource(api.store)
    source.kv_put(namespace, "k", b"v", {"a": 1}, None)
    assert api("GET", f"{here}/values/k").content == b"v"
    assert api.result("GET", f"{here}/metadata/k") == {"a": 1}
    assert source.kv_list(namespace, "", 10, "").complete
    source.kv_delete(namespace, "k")
    assert source.kv_get(namespace, "k") is None
    with pytest.raises(LookupError, match="does not exist"):
        source.kv_put("0" * 32, "k", b"v", None, None)
