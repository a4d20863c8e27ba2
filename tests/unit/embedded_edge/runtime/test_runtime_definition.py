# SPDX-License-Identifier: GPL-3.0-or-later
"""From a bundle to what the host Worker loads."""

from __future__ import annotations

from typing import Any

import pytest
from embedded_edge.bundle import Bundle, Module
from embedded_edge.runtime.definition import BundleError, definition

JS = "application/javascript+module"
BUILD = "2026-11-17"


def bundle(**changes: Any) -> Bundle:
    given: dict[str, Any] = {
        "script": "s",
        "version_id": "v",
        "number": 1,
        "created_on": "2026-11-01T00:00:00Z",
        "tag": "t",
        "message": "",
        "main_module": "main.js",
        "modules": (Module("main.js", JS, b"export default {}"),),
        "bindings": (),
        "compatibility_date": "2026-06-01",
        "compatibility_flags": (),
    }
    return Bundle(**{**given, **changes})


@pytest.mark.parametrize(
    ("binding", "expected"),
    [
        ({"type": "plain_text", "text": "p"}, {"kind": "value", "value": "p"}),
        ({"type": "secret_text", "text": "s"}, {"kind": "value", "value": "s"}),
        ({"type": "json", "json": [1]}, {"kind": "value", "value": [1]}),
        (
            {"type": "version_metadata"},
            {"kind": "value", "value": {"id": "v", "tag": "t", "timestamp": "2026-11-01T00:00:00Z"}},
        ),
        ({"type": "kv_namespace", "namespace_id": "n"}, {"kind": "kv", "namespace": "n"}),
        ({"type": "service", "service": "b"}, {"kind": "service", "script": "b", "entrypoint": None}),
        (
            {"type": "service", "service": "b", "entrypoint": "E"},
            {"kind": "service", "script": "b", "entrypoint": "E"},
        ),
        ({"type": "r2_bucket", "bucket_name": "b"}, {"kind": "stub", "type": "r2_bucket"}),
    ],
)
def test_bindings(binding: dict[str, Any], expected: dict[str, Any]) -> None:
    made = definition(bundle(bindings=({"name": "X", **binding},)), BUILD)
    assert made["bindings"] == [{"name": "X", **expected}]


@pytest.mark.parametrize(
    ("content_type", "content", "expected"),
    [
        (JS, b"x", {"kind": "js", "text": "x"}),
        ("application/javascript", b"x", {"kind": "cjs", "text": "x"}),
        ("text/plain; charset=utf-8", "\u00fc".encode(), {"kind": "text", "text": "\u00fc"}),
        ("Application/JSON", b"{}", {"kind": "json", "text": "{}"}),
        ("application/wasm", b"\0\xff", {"kind": "wasm", "base64": "AP8="}),
        ("application/octet-stream", b"\0\xff", {"kind": "data", "base64": "AP8="}),
    ],
)
def test_modules(content_type: str, content: bytes, expected: dict[str, str]) -> None:
    further = Module("m", content_type, content)
    assert definition(bundle(modules=(*bundle().modules, further)), BUILD)["modules"]["m"] == expected


def test_source_maps_are_left_out() -> None:
    further = Module("main.js.map", "application/source-map", b"\xff")
    assert set(definition(bundle(modules=(*bundle().modules, further)), BUILD)["modules"]) == {"main.js"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"main_module": "other.js"}, 'No such module "other.js"'),
        ({"modules": (Module("main.js", "text/plain", b""),)}, '"main.js" is no ES module'),
        ({"modules": (Module("main.py", "text/x-python", b""),)}, '"main.py" has the type text/x-python'),
        ({"modules": (Module("main.js", JS, b"a\xff"),)}, r'"main.js" is not UTF-8 \(byte 1\)'),
        ({"compatibility_date": "2026-6-1"}, "'2026-6-1'"),
    ],
)
def test_what_cannot_be_run_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BundleError, match=message):
        definition(bundle(**changes), BUILD)


@pytest.mark.parametrize(
    ("date", "flags", "expected_date", "expected_flags"),
    [
        ("2026-06-01", ("nodejs_compat",), "2026-06-01", ["nodejs_compat"]),
        ("2099-01-01", (), BUILD, []),
        ("", (), "2021-11-02", ["fetcher_no_get_put_delete", "rpc"]),
        ("2024-03-26", (), "2024-03-26", ["rpc"]),
        ("2024-04-03", (), "2024-04-03", []),
        ("2022-01-01", ("rpc",), "2022-01-01", ["rpc", "fetcher_no_get_put_delete"]),
    ],
)
def test_dates_and_flags(
    date: str, flags: tuple[str, ...], expected_date: str, expected_flags: list[str]
) -> None:
    made = definition(bundle(compatibility_date=date, compatibility_flags=flags), BUILD)
    assert (made["compatibilityDate"], made["compatibilityFlags"]) == (expected_date, expected_flags)
