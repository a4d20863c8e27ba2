# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Worker gets in `env`, and the module types it may import."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from embedded_edge.bundle import KvItem, Module
from runtime_harness import Running

TRY = """
export default { async fetch(request, env) {
  const work = async () => { BODY };
  try { return Response.json((await work()) ?? null); }
  catch (error) { return Response.json({ error: `${error.name}: ${error.message}` }); }
} }"""
KV = ({"name": "KV", "type": "kv_namespace", "namespace_id": "n1"},)


def run(edge: Running, body: str, bindings: tuple[dict[str, Any], ...] = KV, **changes: Any) -> Any:
    """Deploy a Worker that returns what `body` returns, and call it."""
    edge.source.deploy("bound", TRY.replace("BODY", body), bindings=bindings, **changes)
    return edge.get("bound").json()


def test_values(edge: Running) -> None:
    bindings = (
        {"name": "PLAIN", "type": "plain_text", "text": "p"},
        {"name": "SECRET", "type": "secret_text", "text": "s"},
        {"name": "JSON", "type": "json", "json": {"a": [1, None]}},
        {"name": "VERSION", "type": "version_metadata"},
    )
    answer = run(edge, "return env", bindings, tag="v7")
    assert answer["VERSION"].pop("id") == edge.source.active("bound")[0][0]
    assert answer == {
        "PLAIN": "p",
        "SECRET": "s",
        "JSON": {"a": [1, None]},
        "VERSION": {"tag": "v7", "timestamp": "2026-11-01T10:00:00.000000Z"},
    }


def test_a_secret_of_a_store_is_read_at_each_use(edge: Running) -> None:
    bound = ({"name": "KEY", "type": "secrets_store_secret", "store_id": "s1", "secret_name": "one"},)
    edge.source.secrets["s1", "one"] = "first"
    assert run(edge, "return [await env.KEY.get(), JSON.stringify(env)]", bound) == ["first", '{"KEY":{}}']
    edge.source.secrets["s1", "one"] = "second"
    assert edge.get("bound").json()[0] == "second"
    edge.source.secrets.clear()
    assert edge.get("bound").json() == {"error": 'Error: Secret "one" not found'}


@pytest.mark.parametrize("date", ["2021-11-02", "2026-06-01", ""])
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("env.KV.get('k')", '{"a":1}'),
        ("env.KV.get('k', 'json')", {"a": 1}),
        ("env.KV.get('k', { type: 'json', cacheTtl: 60 })", {"a": 1}),
        ("env.KV.get('k', 'arrayBuffer').then((b) => b.byteLength)", 7),
        ("env.KV.get('k', 'stream').then((s) => new Response(s).text())", '{"a":1}'),
        ("env.KV.get('missing')", None),
        ("env.KV.get('missing', 'json')", None),
        (
            "env.KV.getWithMetadata('k', 'json')",
            {"value": {"a": 1}, "metadata": {"m": "\u00fc"}, "cacheStatus": None},
        ),
        ("env.KV.getWithMetadata('nil')", {"value": None, "metadata": None, "cacheStatus": None}),
        ("env.KV.get(['k', 'nil']).then((m) => [...m])", [["k", '{"a":1}'], ["nil", None]]),
        ("env.KV.get(['k'], 'json').then((m) => [...m])", [["k", {"a": 1}]]),
        (
            "env.KV.getWithMetadata(['k']).then((m) => [...m])",
            [["k", {"value": '{"a":1}', "metadata": {"m": "\u00fc"}}]],
        ),
    ],
)
def test_kv_reads(edge: Running, expression: str, expected: Any, date: str) -> None:
    edge.source.values["n1", "k"] = KvItem(b'{"a":1}', {"m": "\u00fc"}, None)
    assert run(edge, f"return await {expression}", compatibility_date=date) == expected


def test_kv_writes(edge: Running) -> None:
    key = "a/b?c=\u00e4&d #%"
    name = json.dumps(key)
    before = int(time.time())
    run(edge, f"await env.KV.put({name}, 'text', {{ expirationTtl: 90, metadata: {{ m: [1] }} }})")
    item = edge.source.values["n1", key]
    assert (item.value, item.metadata) == (b"text", {"m": [1]})
    assert before + 90 <= (item.expiration or 0) <= time.time() + 90
    run(edge, f"await env.KV.put({name}, new Uint8Array([0, 255]))")
    assert edge.source.values["n1", key] == KvItem(b"\x00\xff", None, None)
    run(edge, f"await env.KV.put({name}, new Response('streamed').body)")
    assert edge.source.values["n1", key].value == b"streamed"
    run(edge, f"await env.KV.delete({name})")
    assert ("n1", key) not in edge.source.values


def test_kv_list(edge: Running) -> None:
    for number in range(5):
        edge.source.values["n1", f"p{number}"] = KvItem(b"", {"n": number}, None)
    edge.source.values["n1", "other"] = KvItem(b"", None, 4102444800)
    first = run(edge, "return await env.KV.list({ prefix: 'p', limit: 3 })")
    assert [key["name"] for key in first["keys"]] == ["p0", "p1", "p2"]
    assert first["list_complete"] is False
    rest = run(edge, f"return await env.KV.list({{ prefix: 'p', limit: 3, cursor: '{first['cursor']}' }})")
    assert rest == {
        "keys": [{"name": "p3", "metadata": {"n": 3}}, {"name": "p4", "metadata": {"n": 4}}],
        "list_complete": True,
        "cacheStatus": None,
    }
    everything = run(edge, "return (await env.KV.list()).keys")
    assert {"name": "other", "expiration": 4102444800} in everything


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("env.KV.get('')", "Error: KV GET failed: 400 Key name cannot be empty."),
        ("env.KV.get('.')", 'KV GET failed: 400 "." is not allowed'),
        ("env.KV.get('x'.repeat(513))", "KV GET failed: 414 UTF-8 encoded length of 513 exceeds"),
        ("env.KV.get('k', { cacheTtl: 5 })", "KV GET failed: 400 Invalid cache_ttl of 5"),
        ("env.KV.get('k', 'xml')", "TypeError: Unknown response type."),
        ("env.KV.get(Array(101).fill('k'))", "KV GET_BULK failed: 400"),
        ("env.KV.put('k', 'v', { expirationTtl: 59 })", "KV PUT failed: 400 Invalid expiration_ttl of 59"),
        ("env.KV.put('k', 'v', { expiration: 5 })", "KV PUT failed: 400 Invalid expiration of 5"),
        (
            "env.KV.put('k', 'v', { metadata: 'x'.repeat(1024) })",
            "KV PUT failed: 413 Metadata length of 1026",
        ),
        ("env.KV.put('k', new ArrayBuffer(25 * 1024 * 1024 + 1))", "KV PUT failed: 413 Value length"),
        ("env.KV.list({ limit: 1001 })", "KV LIST failed: 400 Invalid key_count_limit of 1001"),
        ("env.GONE.put('k', 'v')", "KV PUT failed: 404"),
    ],
)
def test_kv_refusals(edge: Running, expression: str, message: str) -> None:
    bindings = (*KV, {"name": "GONE", "type": "kv_namespace", "namespace_id": "gone"})
    assert message in run(edge, f"await {expression}", bindings)["error"]
    assert not edge.source.values


SERVICE = ({"name": "BACK", "type": "service", "service": "back"},)
NAMED = ({"name": "BACK", "type": "service", "service": "back", "entrypoint": "Api"},)
BACK = """
import { WorkerEntrypoint } from "cloudflare:workers";
export class Api extends WorkerEntrypoint {
  add(a, b) { return a + b; }
  fails() { throw new RangeError("too far"); }
  fetch(request) { return new Response("named " + new URL(request.url).pathname); }
}
export default { async fetch(request) {
  const seen = { url: request.url, cf: request.cf?.country, body: await request.text() };
  return Response.json(seen, { status: 418 });
} }"""


def test_service_binding_passes_the_request_and_its_cf(edge: Running) -> None:
    edge.source.deploy("back", BACK)
    edge.source.deploy("front", "export default { fetch: (r, env) => env.BACK.fetch(r) }", bindings=SERVICE)
    answer = edge.request("POST", "front", "/p", content=b"x", headers={"x-embedded-cf": '{"country":"JP"}'})
    assert answer.status_code == 418
    assert answer.json() == {
        "url": f"http://front.localhost:{edge.runtime.port}/p",
        "cf": "JP",
        "body": "x",
    }


def test_service_binding_takes_the_new_version_at_once(edge: Running) -> None:
    edge.source.deploy("front", "export default { fetch: (r, env) => env.BACK.fetch(r) }", bindings=SERVICE)
    for number in ("1", "2"):
        edge.source.deploy("back", f"export default {{ fetch: () => new Response('{number}') }}")
        assert edge.get("front").text == number


def test_named_entry_point_by_rpc_and_by_fetch(edge: Running) -> None:
    edge.source.deploy("back", BACK)
    assert run(edge, "return await env.BACK.add(2, 3)", NAMED) == 5
    assert run(edge, "return await env.BACK.fails()", NAMED)["error"] == "RangeError: too far"
    assert run(edge, "return (await env.BACK.fetch('http://b/p')).text()", NAMED) == "named /p"


def test_a_service_binding_to_nothing_and_to_a_failing_worker_throws(edge: Running) -> None:
    call = "return (await env.BACK.fetch('http://b/')).status"
    assert "Worker back has no active deployment" in run(edge, call, SERVICE)["error"]
    edge.source.deploy("back", "export default { fetch() { throw new TypeError('inner') } }")
    assert run(edge, call, SERVICE)["error"] == "TypeError: inner"


@pytest.mark.parametrize(
    ("type_", "use"),
    [
        ("r2_bucket", "await env.X.get('a')"),
        ("d1", "await env.X.prepare('SELECT 1').bind().first()"),
        ("durable_object_namespace", "env.X.get(env.X.idFromName('a'))"),
        ("queue", "await env.X.send({})"),
        ("mtls_certificate", "await env.X.fetch('http://x')"),
    ],
)
def test_other_bindings_are_there_and_say_so_when_used(edge: Running, type_: str, use: str) -> None:
    bindings = ({"name": "X", "type": type_},)
    assert run(edge, "console.log(env.X); return 'X' in env", bindings) is True
    error = run(edge, use, bindings)["error"]
    assert f"binding X has the type {type_}, which the embedded edge accepts but can't run" in error


def test_analytics_engine_takes_data_points(edge: Running) -> None:
    bindings = ({"name": "AE", "type": "analytics_engine", "dataset": "d"},)
    assert run(edge, "env.AE.writeDataPoint({ blobs: ['a'] }); return 1", bindings) == 1


WASM = base64.b64decode("AGFzbQEAAAABBQFgAAF/AwIBAAcHAQNzaXgAAAoGAQQAQQYL")


def test_module_types(edge: Running) -> None:
    edge.source.deploy(
        "modules",
        """import text from "./a.txt"; import data from "../b.bin"; import wasm from "./c.wasm";
        import json from "./d.json"; import { deep } from "./lib/e.mjs";
        export default { async fetch() {
          const { exports } = await WebAssembly.instantiate(wasm);
          return Response.json([text, [...new Uint8Array(data)], exports.six(), json.k, deep]); } }""",
        main_module="src/index.js",
        modules=(
            Module("src/a.txt", "text/plain; charset=utf-8", "gr\u00fcn".encode()),
            Module("b.bin", "application/octet-stream", b"\x00\xff"),
            Module("src/c.wasm", "application/wasm", WASM),
            Module("src/d.json", "application/json", b'{"k": 5}'),
            Module("src/lib/e.mjs", "application/javascript+module", b"export const deep = 'deep'"),
            Module("src/index.js.map", "application/source-map", b"\xff"),
        ),
    )
    assert edge.get("modules").json() == ["gr\u00fcn", [0, 255], 6, 5, "deep"]


def test_caches_default_keeps_answers_and_env_is_importable(edge: Running) -> None:
    edge.source.deploy(
        "cached",
        """import { env } from "cloudflare:workers";
        const atStart = [typeof caches.default.match, env.A];
        export default { async fetch(request) {
          const hit = await caches.default.match(request);
          if (hit) return hit;
          const answer = Response.json(atStart, { headers: { "cache-control": "max-age=60" } });
          const kept = new Response(answer.clone().body, answer);
          kept.headers.set("x-cache", "hit");
          await caches.default.put(request, kept);
          return answer;
        } }""",
        bindings=({"name": "A", "type": "plain_text", "text": "a"},),
    )
    first, second, other = edge.get("cached"), edge.get("cached"), edge.get("cached", "/other")
    assert first.json() == second.json() == ["function", "a"]
    assert [answer.headers.get("x-cache") for answer in (first, second, other)] == [None, "hit", None]


def test_classes_as_default_export_and_a_late_compatibility_date(edge: Running) -> None:
    edge.source.deploy(
        "class",
        """import { WorkerEntrypoint } from "cloudflare:workers";
        export default class extends WorkerEntrypoint {
          fetch() { this.env.AE.writeDataPoint({}); return new Response(this.env.A); } }""",
        bindings=(
            {"name": "A", "type": "plain_text", "text": "a"},
            {"name": "AE", "type": "analytics_engine", "dataset": "d"},
        ),
        compatibility_date="2099-01-01",
    )
    assert edge.get("class").text == "a"
