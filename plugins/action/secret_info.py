# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module secret_info: what there is, never a value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from ..module_utils._secrets.audit import uses
from ..module_utils._secrets.model import TIME, Secret, Vault
from ..plugin_utils._controller import plain
from ..plugin_utils._planes import planes_of_play
from ..plugin_utils._secret_store import SecretAction


class ActionModule(SecretAction):
    """Lists secrets with their versions."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "tenant": {"type": "str"},
        "environment": {"type": "str"},
        "planes": {"type": "list", "elements": "dict"},
    }
    constraints: ClassVar[dict[str, Any]] = {"required_together": [["tenant", "environment"]]}

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        given = args["planes"]
        used = uses(map(plain, planes_of_play(self._vars) if given is None else given))
        store, at = self.store(args), datetime.now(UTC)
        places = [self.place(args)] if args["tenant"] else store.places()
        vaults = [store.read(where) for where in places]
        found = [
            _told(vault, name, secret, at) | {"uses": used.get((vault.place, name), [])}
            for vault in vaults
            for name, secret in sorted(vault.secrets.items())
        ]
        last = store.ledger.last()
        return {"secrets": found, "anchor": last.anchor if last else ""}


def _told(vault: Vault, name: str, secret: Secret, at: datetime) -> dict[str, Any]:
    versions = [
        {
            "version": number,
            "current": number == secret.current,
            "created": version.created,
            "age_days": (at - datetime.strptime(version.created, TIME).replace(tzinfo=UTC)).days,
            "by": version.by,
            "why": version.why,
            "fingerprint": vault.fingerprint(name, version.value),
        }
        for number, version in sorted(secret.versions.items())
    ]
    return {
        "tenant": vault.place.tenant,
        "environment": vault.place.environment,
        "name": name,
        "version": secret.current,
        "rotate_after": secret.rotate_after,
        "stale": secret.stale(at),
        "versions": versions,
    }
