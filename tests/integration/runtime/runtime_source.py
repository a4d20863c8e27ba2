# SPDX-License-Identifier: GPL-3.0-or-later
"""An in-memory source of deployments, and short ways to fill it."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from embedded_edge.bundle import Bundle, KvItem, KvPage, Module

JS = "application/javascript+module"
_numbers = itertools.count(1)


def bundle(script: str, code: str = "export default {}", **changes: Any) -> Bundle:
    """A version whose main module is `code`, with further modules and bindings as asked."""
    extra = changes.pop("modules", ())
    main = changes.pop("main_module", "main.js")
    given: dict[str, Any] = {
        "script": script,
        "version_id": str(uuid.uuid4()),
        "number": next(_numbers),
        "created_on": "2026-11-01T10:00:00.000000Z",
        "tag": "v1",
        "message": "",
        "main_module": main,
        "modules": (Module(main, JS, code.encode()), *extra),
        "bindings": (),
        "compatibility_date": "2026-06-01",
        "compatibility_flags": (),
    }
    return Bundle(**{**given, **changes})


class Memory:
    """The runtime's source; `down` makes reading code fail."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.hosts: dict[str, str] = {}
        self.deployments: dict[str, list[tuple[str, float]]] = {}
        self.bundles: dict[tuple[str, str], Bundle] = {}
        self.values: dict[tuple[str, str], KvItem] = {}
        self.secrets: dict[tuple[str, str], str] = {}
        self.down = False

    def deploy(self, script: str, code: str = "export default {}", **changes: Any) -> str:
        """Store a version, give it all traffic at <script>.localhost and return its id."""
        version = self.upload(script, code, **changes)
        self.deployments[script] = [(version, 100.0)]
        return version

    def upload(self, script: str, code: str, **changes: Any) -> str:
        made = bundle(script, code, **changes)
        self.hosts[f"{script}.localhost"] = script
        self.bundles[script, made.version_id] = made
        return made.version_id

    def route(self, hostname: str, path: str) -> str | None:
        return self.hosts.get(hostname)

    def active(self, script: str) -> list[tuple[str, float]]:
        return self.deployments.get(script, [])

    def bundle(self, script: str, version_id: str) -> Bundle | None:
        if self.down:
            raise OSError("the store is down")
        return self.bundles.get((script, version_id))

    def kv_get(self, namespace: str, key: str) -> KvItem | None:
        return self.values.get((namespace, key))

    def kv_put(self, namespace: str, key: str, value: bytes, metadata: Any, expiration: int | None) -> None:
        if namespace == "gone":
            raise LookupError(namespace)
        self.values[namespace, key] = KvItem(value, metadata, expiration)

    def kv_delete(self, namespace: str, key: str) -> None:
        self.values.pop((namespace, key), None)

    def secret(self, store: str, name: str) -> str | None:
        return self.secrets.get((store, name))

    def kv_list(self, namespace: str, prefix: str, limit: int, cursor: str) -> KvPage:
        names = sorted(key for space, key in self.values if space == namespace and key.startswith(prefix))
        rest = [name for name in names if name > cursor]
        page = rest[:limit]
        keys = tuple(self._described(namespace, name) for name in page)
        return KvPage(keys, page[-1] if len(rest) > limit else "", len(rest) <= limit)

    def _described(self, namespace: str, name: str) -> dict[str, Any]:
        item = self.values[namespace, name]
        found = {"name": name, "expiration": item.expiration, "metadata": item.metadata}
        return {field: value for field, value in found.items() if value is not None}
