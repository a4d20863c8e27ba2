# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module relay_files: secrets go from the store over standard input into a file of the host."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar

from ..module_utils._relay import issue, keys
from ..module_utils._secrets.model import TIME, Place, Vault
from ..module_utils._secrets.store import Store
from ..plugin_utils import _remote_file as remote_file
from ..plugin_utils._controller import Refusal
from ..plugin_utils._secret_store import SecretAction


class ActionModule(SecretAction):
    """Makes keys that are missing, and brings a relay's secrets to its host."""

    _requires_connection = True
    speaking: ClassVar[tuple[type[Exception], ...]] = (*SecretAction.speaking, keys.KeyTextError)
    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "tenant": {"type": "str", "required": True},
        "environment": {"type": "str", "required": True},
        "planes": {"type": "dict", "required": True},
        "listen": {"type": "str", "required": True},
        "authority": {"type": "str", "required": True},
        "path": {"type": "path", "required": True},
        "overlap": {"type": "int", "default": 7},
    }

    def missing(self) -> str:
        return (
            "The Python of Ansible has no cryptography: install ansible-core with it." if keys.MISSING else ""
        )

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._host = str((task_vars or {}).get("inventory_hostname", ""))
        return super().run(tmp, task_vars)

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        where, store, at = self.place(args), self.store(args), datetime.now(UTC)
        planes: Mapping[str, Mapping[str, Any]] = args["planes"]
        try:
            found = remote_file.look(self, args["path"])
            vault, made = self._with_keys(store, where, planes, at)
            content = json.dumps(issue.private(vault, planes, at, args["overlap"]), sort_keys=True).encode()
            same = found.digest == hashlib.sha256(content).hexdigest() and found.private
            if not same and not self.check:
                self._bring(store, vault, args["path"], content)
        except remote_file.Unwritable as error:
            raise Refusal(f"path: {error}") from None
        return {
            "changed": bool(made) or not same,
            "made": made,
            "config": self._config(vault, args, content, at),
            "diff": self._difference(args["path"], vault, same, content),
        }

    def _with_keys(
        self, store: Store, where: Place, planes: Mapping[str, Mapping[str, Any]], at: datetime
    ) -> tuple[Vault, list[str]]:
        """The vault with every key; in check mode those that are missing are made in memory only."""
        vault = store.read(where)
        names = issue.missing(vault, {str(plane["region"]) for plane in planes.values()})
        for name in names:
            make = partial(issue.with_key, name=name, at=at.strftime(TIME), by=store.ledger.who)
            if self.check:
                vault = make(vault).vault
                continue
            store.change(where, make, "key of the relay")
            self.so_far["changed"] = True
        return (vault if self.check or not names else store.read(where)), names

    def _bring(self, store: Store, vault: Vault, path: str, content: bytes) -> None:
        subject = {
            "tenant": vault.place.tenant,
            "environment": vault.place.environment,
            "host": self._host,
            "path": path,
            "digest": vault.fingerprint("relay", content.decode()),
        }
        with store.ledger.change("relay.bring", subject, "secrets of the relay"):
            remote_file.write(self, path, content)
        self.so_far["changed"] = True

    def _config(self, vault: Vault, args: dict[str, Any], content: bytes, at: datetime) -> dict[str, Any]:
        """The public file. Their fingerprint changes it with the secrets, so the relay is restarted."""
        return {
            "format": issue.FORMAT,
            "tenant": vault.place.tenant,
            "environment": vault.place.environment,
            "listen": args["listen"],
            "authority": args["authority"],
            "secrets": vault.fingerprint("relay", content.decode()),
            "planes": issue.public(vault, args["planes"], at, args["overlap"]),
        }

    def _difference(self, path: str, vault: Vault, same: bool, content: bytes) -> dict[str, str]:
        after = f"secrets of the relay, fingerprint {vault.fingerprint('relay', content.decode())}\n"
        return {
            "before_header": path,
            "after_header": path,
            "before": after if same else "other secrets, or none\n",
            "after": after,
        }
