# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads are compiled and started before they are taken."""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest
from embedded_edge.bundle import Module
from runtime_harness import Running
from runtime_source import bundle

NODE = {"compatibility_flags": ("nodejs_compat",)}


@pytest.mark.parametrize(
    ("code", "handlers", "options"),
    [
        ("export default { fetch() {}, async scheduled() {}, other() {} }", ("fetch", "scheduled"), {}),
        ("export default { queue() {}, email() {}, tail() {} }", ("queue", "email", "tail"), {}),
        ("export default class { fetch() {} queue() {} }", ("fetch", "queue"), {}),
        (
            "import { WorkerEntrypoint } from 'cloudflare:workers';"
            "class Base extends WorkerEntrypoint { fetch() {} } export default class extends Base {}",
            ("fetch",),
            {},
        ),
        (
            "import { DurableObject } from 'cloudflare:workers'; export class A extends DurableObject {}",
            (),
            {},
        ),
        ("import { Buffer } from 'node:buffer'; export default { fetch() {} }", ("fetch",), NODE),
        ("export default { fetch() {} }", ("fetch",), {"compatibility_date": "2099-01-01"}),
        ("export default { fetch() {} }", ("fetch",), {"compatibility_date": ""}),
    ],
)
def test_good_workers_and_their_handlers(
    edge: Running, code: str, handlers: tuple[str, ...], options: dict[str, Any]
) -> None:
    checked = edge.check(bundle("c", code, **options))
    assert (checked.ok, checked.message, checked.handlers) == (True, "", handlers)
    assert checked.startup_ms >= 1


@pytest.mark.parametrize(
    ("code", "message", "options"),
    [
        (
            "export default {\n  fetch() { return new Response(; }\n}",
            "Uncaught SyntaxError: Unexpected token ';'\n  at main.js:2:32",
            {},
        ),
        ("\nthrow new TypeError('no');", "Uncaught TypeError: no\n  at main.js:2:7", {}),
        ("import './nope.js'; export default {}", 'No such module "nope.js"', {}),
        ("import 'node:nonsense'; export default {}", "No such module", NODE),
        ("await fetch('http://x'); export default {}", "Disallowed operation called within global scope", {}),
        ("export default 42", "Incorrect type", {}),
        ("export const x = 1; export default { fetch() {} }", "Incorrect type for map entry 'x'", {}),
        ("export default {}", "no registered event handlers", {}),
        ("", "no registered event handlers", {}),
        (
            "export default { fetch() {} }",
            "No such compatibility flag: nope",
            {"compatibility_flags": ("nope",)},
        ),
        ("export default {}", 'No such module "other.js"', {"main_module": "other.js", "modules": ()}),
        ("export default {}", "compatibility_date 'soon'", {"compatibility_date": "soon"}),
        ("export default {}", "text/x-python", {"modules": (Module("a.py", "text/x-python", b""),)}),
        ("export default {}", "not UTF-8", {"modules": (Module("a.txt", "text/plain", b"\xff"),)}),
        (
            "import './a.wasm'; export default {}",
            "wasm",
            {"modules": (Module("a.wasm", "application/wasm", b"xx"),)},
        ),
    ],
)
def test_bad_workers_and_their_messages(
    edge: Running, code: str, message: str, options: dict[str, Any]
) -> None:
    made = bundle("c", code, **options)
    if options.get("main_module") == "other.js":
        made = bundle("c", code, modules=(), main_module="main.js")
        object.__setattr__(made, "main_module", "other.js")
    checked = edge.check(made)
    assert not checked.ok
    assert message.lower() in checked.message.lower()
    assert "__embedded_edge" not in checked.message


@pytest.mark.parametrize(
    "code",
    ["while (true) {} export default { fetch() {} }", "await new Promise(() => {}); export default {}"],
)
def test_a_worker_that_never_starts_hurts_nobody(edge: Running, code: str) -> None:
    edge.source.deploy("fine", "export default { fetch: () => new Response('fine') }")
    pid = edge.runtime.pid
    began = time.monotonic()
    checked = edge.check(bundle("c", code))
    assert not checked.ok
    assert time.monotonic() - began < 12
    assert edge.get("fine").text == "fine"
    assert edge.runtime.pid == pid
    assert edge.check(bundle("c", "export default { fetch() {} }")).ok


def test_code_that_sees_its_bindings_at_startup_is_checked_with_each(edge: Running) -> None:
    code = "import { env } from 'cloudflare:workers'; JSON.parse(env.A); export default { fetch() {} }"
    for text, ok in (("{}", True), ("{", False)):
        binding = {"name": "A", "type": "plain_text", "text": text}
        assert edge.check(bundle("c", code, bindings=(binding,))).ok is ok


def test_a_check_is_quick(edge: Running) -> None:
    times = []
    for number in range(20):
        began = time.monotonic()
        assert edge.check(bundle("c", f"export default {{ fetch: () => new Response('{number}') }}")).ok
        times.append(time.monotonic() - began)
    assert statistics.median(times) < 0.05
