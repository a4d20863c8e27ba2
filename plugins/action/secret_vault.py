# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module secret_vault: what concerns a whole vault file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible.parsing.vault import VaultSecret

from ..module_utils._secrets.model import SecretError
from ..plugin_utils._secret_store import SecretAction
from ..plugin_utils._vault import Passwords, given, read_password


class ActionModule(SecretAction):
    """Takes over or encrypts anew."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "tenant": {"type": "str", "required": True},
        "environment": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["adopted", "resealed"], "required": True},
        "new_password_file": {"type": "path", "no_log": False},
        "why": {"type": "str", "default": ""},
    }
    constraints: ClassVar[dict[str, Any]] = {"required_if": [["state", "resealed", ["new_password_file"]]]}

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        store, where = self.store(args), self.place(args)
        if args["state"] == "adopted":
            before, after = store.adopt(where, args["why"] or "adopted", self.check)
            return {"changed": before != after, "generation": after}
        password = _password(args["new_password_file"])
        codec = Passwords([(where.vault_id, VaultSecret(password))])
        changed = store.reseal(where, codec, self.check)
        if changed and not self.check:
            store = store.with_codec(codec)
        elif not changed:
            store = store.with_codec(Passwords([*codec.known, *given(self._loader).known]))
        return {"changed": changed, "generation": store.read(where).generation}


def _password(path: str) -> bytes:
    content = read_password("new_password_file", Path(path))
    if len(content) < 12:
        raise SecretError(f"new_password_file {path} holds {len(content)} characters: use 12 or more.")
    return content
