# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module relay_files: secrets go from the store over standard input into a file of the host."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from ..module_utils._relay import keys
from ..plugin_utils import _remote_file as remote_file
from ..plugin_utils._controller import Refusal
from ..plugin_utils._relay_files import entered, files
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
        return keys.MISSING

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._host = str((task_vars or {}).get("inventory_hostname", ""))
        return super().run(tmp, task_vars)

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        where, store, path = self.place(args), self.store(args), args["path"]
        try:
            found = remote_file.look(self, path)
            made = files(store, where, args, args["overlap"], self.check, self._changed)
            same = found.digest == hashlib.sha256(made.secrets).hexdigest() and found.private
            if not same and not self.check:
                with entered(store, made, self._host, path):
                    remote_file.write(self, path, made.secrets)
                self._changed()
        except remote_file.Unwritable as error:
            raise Refusal(f"path: {error}") from None
        return {
            "changed": bool(made.made) or not same,
            "made": made.made,
            "config": made.config,
            "diff": _difference(path, same, made.fingerprint),
        }

    def _changed(self) -> None:
        self.so_far["changed"] = True


def _difference(path: str, same: bool, fingerprint: str) -> dict[str, str]:
    after = f"secrets of the relay, fingerprint {fingerprint}\n"
    return {
        "before_header": path,
        "after_header": path,
        "before": after if same else "other secrets, or none\n",
        "after": after,
    }
