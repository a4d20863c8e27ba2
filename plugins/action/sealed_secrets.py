# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module sealed_secrets: keys of planes, and envelopes in their namespaces."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from ..module_utils._cloudflare.client import Client
from ..module_utils._cloudflare.kv import Item
from ..module_utils._rollout.execute import each
from ..module_utils._secrets.declared import relayed_names
from ..module_utils._secrets.delivery import PREFIX, Letter, keyed, letters, ring_of, signer_of
from ..module_utils._secrets.envelope import need
from ..module_utils._secrets.model import Vault, place
from ..plugin_utils._declared_secrets import STORE, reader, store_of
from ..plugin_utils._fleet import FleetAction, Refusal, fields_of
from ..plugin_utils._planes import planes_of

Plane = dict[str, Any]


class ActionModule(FleetAction):
    """Makes keys, turns them, and delivers envelopes."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "state": {"type": "str", "choices": ["keyed", "rotated", "delivered"], "required": True},
        "planes": {"type": "list", "elements": "dict"},
        "why": {"type": "str", "default": ""},
        **STORE,
    }

    def operate(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        planes = [plane for plane in planes_of(self._vars, args["planes"]) if relayed_names(plane)]
        if not planes:
            return {"changed": False, "planes": []}
        need()
        homeless = [plane["name"] for plane in planes if not plane.get("kv_namespace")]
        if homeless:
            raise Refusal(
                f"{homeless[0]} has no KV namespace to deliver relayed secrets by: set edge.config of the "
                "topology to true, or declare its secrets as bound."
            )
        changed = (
            self._deliver(client, planes, args, check)
            if args["state"] == "delivered"
            else self._key(planes, args, check)
        )
        return {"changed": bool(changed), "planes": changed}

    def _key(self, planes: list[Plane], args: dict[str, Any], check: bool) -> list[str]:
        store = store_of(self._loader, args)
        rotate, why = args["state"] == "rotated", args["why"] or "keys of relayed secrets"
        changed = []
        for plane in planes:
            _old, done = store.change(
                place(plane["tenant"], plane["environment"]),
                lambda vault, plane=plane: keyed(  # type: ignore[misc]
                    vault, plane, rotate, datetime.now(UTC), store.ledger.who, why
                ),
                why,
                check,
            )
            changed += [plane["name"]] if done.what else []
        return changed

    def _deliver(self, client: Client, planes: list[Plane], args: dict[str, Any], check: bool) -> list[str]:
        """Write the envelopes that differ: a call for each plane to look, and one where something does."""
        read = reader(self._loader, args)
        vaults = {plane["name"]: read(place(plane["tenant"], plane["environment"])) for plane in planes}
        wanted = {plane["name"]: letters(plane, vaults[plane["name"]]) for plane in planes}
        self.hide(*(letter.value for found in wanted.values() for letter in found))
        spaces = {item.title: item.id for item in client.kv.namespaces()}

        def one(plane: Plane) -> bool:
            return _deliver(client, plane, vaults[plane["name"]], wanted[plane["name"]], spaces, check)

        sweep = each(planes, one)
        if sweep.failed:
            plane, error = sweep.failed[0]
            raise Refusal(
                f"Relayed secrets of {plane['name']} were not delivered. {error} Run again.",
                errors={item["name"]: fields_of(cause) for item, cause in sweep.failed},
                changed=any(value for _plane, value in sweep.done),
            )
        return [plane["name"] for plane, value in sweep.done if value]


def _deliver(
    client: Client,
    plane: Plane,
    vault: Vault,
    wanted: tuple[Letter, ...],
    spaces: dict[str, str],
    check: bool,
) -> bool:
    home = spaces.get(plane["kv_namespace"])
    if home is None:
        if check:
            return True
        raise Refusal(f"The KV namespace {plane['kv_namespace']} does not exist: deploy the plane first.")
    there = {key.name: key.metadata for key in client.kv.keys(home, PREFIX)}
    due = [letter for letter in wanted if there.get(letter.key) != letter.metadata]
    if due and not check:
        ring, signer = ring_of(plane, vault), signer_of(vault)
        items = [Item(letter.key, letter.sealed(ring, signer), dict(letter.metadata)) for letter in due]
        client.kv.put_bulk(home, items)
    return bool(due)
