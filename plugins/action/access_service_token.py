# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action behind the module access_service_token; its documentation is in plugins/modules."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from ..module_utils._cloudflare.client import Client
from ..module_utils._cloudflare.service_tokens import ServiceToken
from ..plugin_utils import _remote_file as remote_file
from ..plugin_utils._action import CloudflareAction
from ..plugin_utils._controller import Refusal

DAY = 86400


class ActionModule(CloudflareAction):
    """Declares one Access service token and the file of a host that holds its secret."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "duration": {"type": "str", "default": "8760h"},
        "enabled": {"type": "bool", "default": True},
        "secret_file": {"type": "path", "no_log": False},
        "rotate": {"type": "bool", "default": False},
        "grace": {"type": "int", "default": 3600},
        "refresh_before": {"type": "int", "default": 30},
    }

    def run_with(self, client: Client, args: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        """Converge or remove the service token."""
        if args["grace"] < 0 or args["refresh_before"] < 0:
            raise Refusal(
                "grace and refresh_before count from 0: give a whole number of seconds and of days."
            )
        try:
            return self._converge(client, args, check)
        except remote_file.Unwritable as error:
            raise Refusal(f"secret_file: {error}") from None

    def _converge(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        file, name = args["secret_file"], args["name"]
        if file and args["state"] == "present":
            remote_file.look(self, file)
        named = [token for token in client.service_tokens.list() if token.name == name]
        if len(named) > 1:
            raise Refusal(
                f"{len(named)} service tokens are named '{name}', so it is not clear which is meant: delete "
                "those that nobody uses."
            )
        found = named[0] if named else None
        if args["state"] == "absent":
            if found and not check:
                client.service_tokens.delete(found)
            return _report(name, found, None, [f"delete service token {name}"] if found else [])
        needed = found is None or args["rotate"]
        if needed and not file:
            raise Refusal(
                f"the secret of service token '{name}' is shown only once and needs a place: set secret_file."
            )
        if found and file and not needed and not remote_file.look(self, file, found.client_id).marked:
            raise Refusal(
                f"{file} does not hold the secret of service token '{name}', which can't be read again: set "
                "rotate to make another one (the old one stays valid for grace seconds), or copy the file "
                "from the host that has it."
            )
        actions, made = self._steps(client, args, found, check)
        return _report(name, found, made, actions)

    def _steps(
        self, client: Client, args: dict[str, Any], found: ServiceToken | None, check: bool
    ) -> tuple[list[str], ServiceToken | None]:
        name, file = args["name"], args["secret_file"]
        if found is None:
            if check:
                return [f"create service token {name}", f"write the secret to {file}"], None
            made = client.service_tokens.create(name, args["duration"])
            self._keep(file, made)
            return [f"create service token {name}", f"write the secret to {file}"], made
        actions, made = [], found
        if (found.duration, found.enabled) != (args["duration"], args["enabled"]):
            actions.append(f"change service token {name}")
            if not check:
                made = client.service_tokens.update(found, args["duration"], args["enabled"])
                self.so_far["changed"] = True
        elif _soon(found.expires_at, args["refresh_before"]):
            actions.append(f"refresh service token {name}")
            if not check:
                made = client.service_tokens.refresh(found)
                self.so_far["changed"] = True
        if args["rotate"]:
            actions += [f"rotate service token {name}", f"write the secret to {file}"]
            if not check:
                self._keep(file, client.service_tokens.rotate(found, _after(args["grace"])))
        return actions, made

    def _keep(self, file: str, made: ServiceToken) -> None:
        self.so_far["changed"] = True
        content = {"client_id": made.client_id, "client_secret": made.client_secret}
        remote_file.write(self, file, json.dumps(content).encode() + b"\n")


def _report(
    name: str, found: ServiceToken | None, made: ServiceToken | None, actions: list[str]
) -> dict[str, Any]:
    after = made if actions else found
    return {
        "changed": bool(actions),
        "actions": actions,
        "diff": {"before": _shown(found), "after": _shown(after)},
        "service_token": {"name": name, **_shown(after)},
    }


def _shown(token: ServiceToken | None) -> Mapping[str, Any]:
    if token is None:
        return {}
    return {
        "id": token.id,
        "client_id": token.client_id,
        "duration": token.duration,
        "enabled": token.enabled,
        "expires_at": token.expires_at,
    }


def _after(seconds: float) -> str:
    moment = datetime.fromtimestamp(time.time(), UTC) + timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _soon(expires_at: str | None, days: int) -> bool:
    """Whether a token ends within so many days; one that can't be read does not, one without end neither."""
    try:
        return bool(expires_at) and _stamp(str(expires_at)) - time.time() < days * DAY
    except ValueError:
        return False


def _stamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
