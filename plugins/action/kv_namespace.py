# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action behind the module kv_namespace; its documentation is in plugins/modules/kv_namespace.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ..module_utils import _kv_items as kv_items
from ..module_utils._cloudflare.client import Client
from ..module_utils._cloudflare.errors import PartialWrite
from ..module_utils._cloudflare.kv import Item, Key, Namespace
from ..module_utils._kv_items import KeyPlan
from ..plugin_utils._action import CloudflareAction
from ..plugin_utils._controller import Refusal


class ActionModule(CloudflareAction):
    """Declares one KV namespace and, on request, its keys."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "title": {"type": "str", "required": True},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "items": {
            "type": "list",
            "elements": "dict",
            "options": {
                "key": {"type": "str", "required": True, "no_log": False},
                "value": {"type": "raw", "required": True},
                "metadata": {"type": "dict", "default": {}},
                "ttl": {"type": "int"},
            },
        },
        "purge": {"type": "bool", "default": False},
    }

    def run_with(self, client: Client, args: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        """Converge or remove the namespace."""
        title, declared = args["title"], _items(args["items"])
        if args["purge"] and declared is None:
            raise Refusal(
                "purge removes every key that items does not name: set items too, [] to remove all."
            )
        space = client.kv.find(title)
        if args["state"] == "absent":
            return _absent(client, title, space, check)
        found = client.kv.keys(space.id) if space and declared is not None else ()
        plan = kv_items.compare(declared or (), found, purge=args["purge"])
        made = space if check or space else self._created(client, title)
        if made and not check:
            self._write(client, made, plan)
        return _report(title, space, made, found, plan)

    def _created(self, client: Client, title: str) -> Namespace:
        made = client.kv.create(title)
        self.so_far["changed"] = True
        return made

    def _write(self, client: Client, space: Namespace, plan: KeyPlan) -> None:
        try:
            client.kv.put_bulk(space.id, plan.write)
            self.so_far["changed"] |= bool(plan.write)
            client.kv.delete_bulk(space.id, plan.remove)
        except PartialWrite:
            self.so_far["changed"] = True
            raise


def _absent(client: Client, title: str, space: Namespace | None, check: bool) -> dict[str, Any]:
    if space and not check:
        client.kv.delete(space.id)
    before = {"title": title} if space else {}
    return {
        "changed": bool(space),
        "actions": [f"delete KV namespace {title}"] if space else [],
        "diff": {"before": before, "after": {}},
    }


def _report(
    title: str, space: Namespace | None, made: Namespace | None, found: tuple[Key, ...], plan: KeyPlan
) -> dict[str, Any]:
    actions = [
        *([] if space else [f"create KV namespace {title}"]),
        *(f"write {entry.key}" for entry in plan.write),
        *(f"remove {key}" for key in plan.remove),
    ]
    touched = {entry.key for entry in plan.write} | set(plan.remove)
    old = {key.name: key.metadata for key in found if key.name in touched}
    new = kv_items.shown(plan.write)
    return {
        "changed": bool(actions),
        "actions": actions,
        "diff": {
            "before": {"title": title, "keys": old} if space else {},
            "after": {"title": title, "keys": new},
        },
        "namespace": {"id": made.id if made else None, "title": title},
        "written": [entry.key for entry in plan.write],
        "removed": list(plan.remove),
    }


def _items(given: list[dict[str, Any]] | None) -> tuple[Item, ...] | None:
    if given is None:
        return None
    names = [entry["key"] for entry in given]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Refusal(f"items has the key '{twice[0]}' twice: keep one of them.")
    return tuple(kv_items.item(**entry) for entry in given)
