# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a bundle into what the host Worker loads: modules by kind, and bindings as plain data."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any

from embedded_edge.bundle import Bundle, Module

__all__ = ["OLDEST_DATE", "BundleError", "definition"]

OLDEST_DATE = "2021-11-02"
"""The platform's compatibility date for a Worker that names none."""

_KINDS = {
    "application/javascript+module": "js",
    "text/javascript+module": "js",
    "application/javascript": "cjs",
    "text/javascript": "cjs",
    "application/wasm": "wasm",
    "text/plain": "text",
    "text/html": "text",
    "application/json": "json",
    "application/octet-stream": "data",
}
_BINARY = frozenset({"wasm", "data"})
_IGNORED = frozenset({"application/source-map"})
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

# Bindings are remote procedure stubs here; Workers older than those need two flags to call them.
_STUB_FLAGS = (("2024-03-26", "fetcher_no_get_put_delete"), ("2024-04-03", "rpc"))


class BundleError(Exception):
    """The bundle can't be run here; the text says which part and why."""


def definition(bundle: Bundle, build_date: str) -> dict[str, Any]:
    """Describe the bundle for the host Worker; dates after workerd's own are set back to it."""
    modules = {module.name: _module(module) for module in bundle.modules if _type(module) not in _IGNORED}
    if bundle.main_module not in modules:
        raise BundleError(f'No such module "{bundle.main_module}": the main module was not uploaded')
    if modules[bundle.main_module]["kind"] != "js":
        raise BundleError(
            f'the main module "{bundle.main_module}" is no ES module (application/javascript+module)'
        )
    wanted = bundle.compatibility_date or OLDEST_DATE
    if not _DATE.fullmatch(wanted):
        raise BundleError(f"compatibility_date {wanted!r} is no date of the form YYYY-MM-DD")
    return {
        "compatibilityDate": min(wanted, build_date),
        "compatibilityFlags": _flags(wanted, bundle.compatibility_flags),
        "mainModule": bundle.main_module,
        "modules": modules,
        "bindings": [_binding(bundle, binding) for binding in bundle.bindings],
    }


def _flags(date: str, flags: Iterable[str]) -> list[str]:
    kept = [flag for flag in flags if flag != "fetcher_has_get_put_delete"]
    return kept + [flag for since, flag in _STUB_FLAGS if date < since and flag not in kept]


def _type(module: Module) -> str:
    return module.content_type.split(";")[0].strip().lower()


def _module(module: Module) -> dict[str, str]:
    kind = _KINDS.get(_type(module))
    if kind is None:
        raise BundleError(
            f'module "{module.name}" has the type {module.content_type}, which the embedded edge cannot run'
        )
    if kind in _BINARY:
        return {"kind": kind, "base64": base64.b64encode(module.content).decode()}
    try:
        return {"kind": kind, "text": module.content.decode()}
    except UnicodeDecodeError as error:
        raise BundleError(f'module "{module.name}" is not UTF-8 (byte {error.start})') from None


def _binding(bundle: Bundle, binding: dict[str, Any]) -> dict[str, Any]:
    name, kind = binding["name"], binding["type"]
    match kind:
        case "plain_text" | "secret_text":
            return {"name": name, "kind": "value", "value": binding["text"]}
        case "json":
            return {"name": name, "kind": "value", "value": binding["json"]}
        case "version_metadata":
            metadata = {"id": bundle.version_id, "tag": bundle.tag, "timestamp": bundle.created_on}
            return {"name": name, "kind": "value", "value": metadata}
        case "kv_namespace":
            return {"name": name, "kind": "kv", "namespace": binding["namespace_id"]}
        case "secrets_store_secret":
            return {
                "name": name,
                "kind": "secret",
                "store": binding["store_id"],
                "secret": binding["secret_name"],
            }
        case "service":
            return {
                "name": name,
                "kind": "service",
                "script": binding["service"],
                "entrypoint": binding.get("entrypoint"),
            }
    return {"name": name, "kind": "stub", "type": kind}
