# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module stored_secrets: values go from the store to the account's Secrets Store."""

from __future__ import annotations

from typing import Any, ClassVar

from ..module_utils._cloudflare.client import Client
from ..module_utils._cloudflare.secrets_store import Stored
from ..module_utils._rollout.plan import listed
from ..module_utils._secrets import stored
from ..module_utils._secrets.declared import STORED, Read, pinned, values
from ..module_utils._secrets.model import place
from ..plugin_utils._controller import texts
from ..plugin_utils._declared_secrets import STORE, reader, store_of
from ..plugin_utils._fleet import FleetAction
from ..plugin_utils._planes import parted, planes_of


class ActionModule(FleetAction):
    """Puts what is declared, and removes what nothing needs."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "state": {"type": "str", "choices": ["present", "pruned"], "required": True},
        "planes": {"type": "list", "elements": "dict"},
        "undeclared": {"type": "str", "choices": ["keep", "remove"], "default": "keep"},
        "why": {"type": "str", "default": ""},
        **STORE,
    }

    def operate(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        planes, read = planes_of(self._vars, args["planes"]), reader(self._loader, args)
        found = client.secrets_store.stores()
        store = found[0].id if found else ""
        there = client.secrets_store.secrets(store) if store else ()
        gone, stays = self._left(args, planes, read, there)
        if args["state"] == "pruned":
            names = self._pruned(client, args, store, gone)
            gone = []
        else:
            store, names = self._brought(client, args, planes, read, store, there)
        return {
            "changed": bool(names),
            "store": store,
            "secrets": names,
            "leftover": bool(gone),
            "undeclared": stays,
        }

    def _brought(
        self,
        client: Client,
        args: dict[str, Any],
        planes: list[dict[str, Any]],
        read: Read,
        store: str,
        there: tuple[Stored, ...],
    ) -> tuple[str, list[str]]:
        """Put what is missing; answer the id of the Secrets Store, and what was put."""
        pins = pinned(planes, STORED, read)
        self.hide(*texts(values(pins, read)))
        due = stored.change(pins, read, there)
        names = [item.name for item in (*due.new, *(new for _id, new in due.edited))]
        if names and not self.check:
            with self._entry(args, client, "secrets.store", names):
                store = store or client.secrets_store.create_store().id
                self.so_far["changed"] = True
                if due.new:
                    client.secrets_store.create(store, due.new)
                for secret, new in due.edited:
                    client.secrets_store.edit(store, secret, new)
        return store, names

    def _left(
        self, args: dict[str, Any], planes: list[dict[str, Any]], read: Read, there: tuple[Stored, ...]
    ) -> tuple[list[Stored], list[str]]:
        """What goes, and the names of what stays though nobody declares it.

        Only of tenants that are whole in the run: what others of their planes declare is not known.
        """
        whole, _rest = parted(self._vars, {plane["tenant"] for plane in planes}, args["planes"] is not None)
        mine = [plane for plane in planes if plane["tenant"] in whole]
        homes, kept = {place(plane["tenant"], plane["environment"]) for plane in mine}, stored.homes(there)
        path = store_of(self._loader, args).path
        vaults = {home: read(home) for home in homes & kept if path(home).exists()}
        left = stored.leftover(pinned(mine, STORED, read), vaults, there)
        if args["undeclared"] == "remove":
            return [*left.forgotten, *left.undeclared], []
        stays = [item.name for item in left.undeclared]
        if stays:
            self.say(f"note: secrets of the Secrets Store that nobody declares stay: {listed(stays)}")
        return list(left.forgotten), stays

    def _pruned(self, client: Client, args: dict[str, Any], store: str, gone: list[Stored]) -> list[str]:
        names = [item.name for item in gone]
        if gone and not self.check:
            with self._entry(args, client, "secrets.unstore", names):
                for item in gone:
                    client.secrets_store.delete(store, item)
                    self.so_far["changed"] = True
        return names

    def _entry(self, args: dict[str, Any], client: Client, what: str, names: list[str]) -> Any:
        """The entry of the ledger, which is on the disk before the account is changed."""
        subject = {"account": client.account_id, "secrets": ", ".join(names)}
        return store_of(self._loader, args).ledger.change(what, subject, args["why"] or "Secrets Store")
