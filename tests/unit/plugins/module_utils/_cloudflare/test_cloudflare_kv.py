# SPDX-License-Identifier: GPL-3.0-or-later
"""What each call on Workers KV sends and understands."""

from __future__ import annotations

import httpx
import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare import kv as module
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.errors import (
    NotFound,
    PartialWrite,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.kv import Item, Key
from scripted_api import no, ok

NS = "/accounts/acc/storage/kv/namespaces/ns"


def done(*left: str) -> httpx.Response:
    return ok({"successful_key_count": 1, "unsuccessful_keys": list(left)})


def test_keys_carry_metadata_and_expiration(client, api):
    api.answers(ok([{"name": "a", "metadata": {"sha256": "1"}}, {"name": "b", "expiration": 17.0}]))
    assert client.kv.keys("ns", "p") == (Key("a", {"sha256": "1"}), Key("b", None, 17))
    assert dict(api.requests[0].url.params) == {"limit": "1000", "prefix": "p"}


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (httpx.Response(200, content=b"\xff\0"), b"\xff\0"),
        (httpx.Response(200, content=b""), b""),
        (no(404, 10009), None),
    ],
)
def test_reading_a_key(client, api, answer, value):
    api.answers(answer)
    assert client.kv.get("ns", "k") == value


def test_reading_from_a_missing_namespace_is_an_error(client, api):
    api.answers(no(404, 10013))
    with pytest.raises(NotFound):
        client.kv.get("ns", "k")


@pytest.mark.parametrize(
    ("metadata", "ttl", "params"), [(None, None, {}), ({"a": 1}, 60, {"expiration_ttl": "60"})]
)
def test_writing_a_key(client, api, metadata, ttl, params):
    api.answers(ok(None))
    client.kv.put("ns", "a/b", b"\xffvalue", metadata, ttl)
    request = api.requests[0]
    assert request.url.raw_path.decode().split("?")[0].endswith("/values/a%2Fb")
    assert b"\xffvalue" in request.content
    assert (b'{"a": 1}' in request.content) is (metadata is not None)
    assert dict(request.url.params) == params


def test_a_bulk_write_repeats_what_was_left_out(client, api):
    api.answers(done("b"), done())
    client.kv.put_bulk("ns", [Item("a", b"1", {"x": 1}, 60), Item("b", b"\xff")])
    assert api.asked == [f"PUT {NS}/bulk"] * 2
    first = {"key": "a", "value": "1", "metadata": {"x": 1}, "expiration_ttl": 60}
    second = {"key": "b", "value": "/w==", "base64": True}
    assert [api.body(0), api.body(1)] == [[first, second], [second]]


def test_keys_that_are_always_left_out_are_named(client, api):
    api.answers(done("b"), done("b"), done("b"))
    with pytest.raises(PartialWrite, match="1 keys were left out 3 times: b") as caught:
        client.kv.put_bulk("ns", [Item("a", b"1"), Item("b", b"secret value")])
    assert caught.value.keys == ("b",)
    assert "secret value" not in str(caught.value)


def test_bulk_calls_are_cut_at_the_limits(client, api, monkeypatch):
    monkeypatch.setattr(module, "_BULK_KEYS", 2)
    api.answers(done(), done(), done(), done())
    client.kv.delete_bulk("ns", ["a", "b", "c"])
    client.kv.put_bulk("ns", [Item("a", b""), Item("b", b""), Item("c", b"")])
    assert [len(api.body(index)) for index in range(4)] == [2, 1, 2, 1]


def test_bulk_writes_are_cut_by_size(client, api, monkeypatch):
    monkeypatch.setattr(module, "_BULK_BYTES", 5000)
    api.answers(done(), done())
    client.kv.put_bulk("ns", [Item("a", b"x" * 3000), Item("b", b"x" * 3000)])
    assert client.calls == 2


@pytest.mark.parametrize("call", [lambda kv: kv.put_bulk("ns", []), lambda kv: kv.delete_bulk("ns", [])])
def test_nothing_to_write_costs_no_call(client, call):
    call(client.kv)
    assert client.calls == 0


def test_deleting(client, api):
    api.answers(ok(None))
    client.kv.delete("ns")
    assert api.asked == [f"DELETE {NS}"]


def test_values_are_in_no_repr():
    assert "precious" not in repr(Item("a", b"precious"))


def test_many_values_take_one_call_for_each_hundred(client, api):
    keys = [f"k{number}" for number in range(150)]
    api.answers(
        ok({"values": {key: key.upper() for key in keys[:100]}}), ok({"values": {"k100": "é", "k101": None}})
    )
    found = client.kv.get_many("ns", keys)
    assert found == {key: key.upper().encode() for key in keys[:100]} | {"k100": "é".encode()}
    assert [request.url.path.rpartition("/ns/")[2] for request in api.requests] == ["bulk/get"] * 2


def test_values_that_are_no_text_are_read_one_by_one(client, api):
    api.answers(no(400, 10029), httpx.Response(200, content=b"\xff"), no(404, 10009))
    assert client.kv.get_many("ns", ["a", "b"]) == {"a": b"\xff"}
