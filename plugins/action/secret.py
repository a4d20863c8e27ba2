# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module secret: its value never leaves the controller."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ..module_utils._secrets import change
from ..module_utils._secrets.model import LONGEST, MOST_DAYS, TIME, SecretError, Vault, Version, check_name
from ..plugin_utils._secret_store import SecretAction

_WITH_VALUE = ("rotated", "staged")
_WITHOUT_VALUE = {"absent": change.remove, "switched": change.switch, "revoked": change.revoke}


class ActionModule(SecretAction):
    """Puts, rotates, rolls back and removes one secret."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "tenant": {"type": "str", "required": True},
        "environment": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "state": {
            "type": "str",
            "choices": ["present", "rotated", "staged", "switched", "revoked", "current", "absent"],
            "default": "present",
        },
        "value": {"type": "str", "no_log": True},
        "value_file": {"type": "path"},
        "generate": {"type": "str", "choices": sorted(change.ALPHABETS)},
        "length": {"type": "int", "default": 40},
        "version": {"type": "int"},
        "keep": {"type": "int", "default": 5},
        "rotate_after": {"type": "int"},
        "why": {"type": "str", "default": ""},
    }
    constraints: ClassVar[dict[str, Any]] = {
        "mutually_exclusive": [["value", "value_file", "generate"]],
        "required_if": [
            ["state", "rotated", ["value", "value_file", "generate"], True],
            ["state", "staged", ["value", "value_file", "generate"], True],
            ["state", "current", ["version"]],
        ],
    }

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        where, name = self.place(args), args["name"]
        check_name(name)
        if not 1 <= args["keep"] <= 100 or not 0 <= (args["rotate_after"] or 0) <= MOST_DAYS:
            raise SecretError(
                f"keep is 1 to 100 versions, and rotate_after 1 to {MOST_DAYS} days, or 0 for never."
            )
        value = self._value(args)
        if value:
            self.hide(value)
        old, done = self.store(args).change(
            where, lambda vault: self._decided(vault, args, value), args["why"] or args["state"], self.check
        )
        result: dict[str, Any] = {
            "changed": bool(done.what),
            "change": done.what or "none",
            "tenant": where.tenant,
            "environment": where.environment,
            "name": name,
            "version": done.version,
        }
        if self._task.diff and done.what:
            label = f"secret {where.tenant}/{name} in {where.environment}"
            result["diff"] = {
                "before_header": label,
                "after_header": label,
                "before": _shown(old, name),
                "after": _shown(done.vault, name),
            }
        return result

    def _decided(self, vault: Vault, args: dict[str, Any], value: str | None) -> change.Change:
        name, state, days = args["name"], args["state"], args["rotate_after"]
        if state == "current":
            return change.make_current(vault, name, args["version"])
        if state in _WITHOUT_VALUE:
            return _WITHOUT_VALUE[state](vault, name)
        there = name in vault.secrets
        if args["generate"] and (state in _WITH_VALUE or not there):
            value = change.generated(args["generate"], args["length"])
            self.hide(value)
        if value is None:
            # Something generated stays what it is, and settings can be changed without the value.
            return change.settings(vault, name, days)
        version = Version(value, datetime.now(UTC).strftime(TIME), self.store(args).ledger.who, args["why"])
        if state == "staged":
            return change.stage(vault, name, version, args["keep"])
        if state == "rotated" and there and vault.secrets[name].value == value:
            raise SecretError(f"{name} of {vault.place} has this value already: rotate it to another one.")
        return change.put(vault, name, version, args["keep"], days)

    def _value(self, args: dict[str, Any]) -> str | None:
        """The value that the task brings. Raises SecretError where one is meant and there is none."""
        path, value = args["value_file"], args["value"]
        if path is not None:
            # Editors and echo end a file with a line break that nobody means.
            value = _read(path).removesuffix("\n").removesuffix("\r")
        elif value == "None":
            # What Ansible's prompts answer where there is no terminal.
            value = ""
        meant = value is not None or (args["state"] in _WITH_VALUE and not args["generate"])
        if meant and not value:
            source = "value" if path is None else f"value_file {path}"
            raise SecretError(
                f"{source} is empty, so nothing was changed. A prompt gives nothing without a terminal."
            )
        return None if value is None else str(value)


def _read(path: str) -> str:
    most = LONGEST + len("\r\n")
    try:
        with Path(path).open("rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise SecretError(f"value_file {path} has more than {LONGEST} bytes, which are the most.")
        return content.decode()
    except UnicodeDecodeError:
        raise SecretError(f"value_file {path} is no text in UTF-8: encode bytes in base64.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", "its name holds a NUL")
        raise SecretError(f"value_file {path} can't be read: {why}.") from None


def _shown(vault: Vault, name: str) -> str:
    """A secret as a diff shows it: by a keyed digest of its value."""
    secret = vault.secrets.get(name)
    if secret is None:
        return ""
    return (
        f"version {secret.current}, fingerprint {vault.fingerprint(name, secret.value)}, "
        f"rotate after {secret.rotate_after or 'no'} days\n"
    )
