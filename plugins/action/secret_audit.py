# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module secret_audit: the declared secrets against those of the store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from ..module_utils._ledger import LedgerError
from ..module_utils._rollout.text import table
from ..module_utils._secrets.audit import MISSING, Row, audit, audited_places
from ..module_utils._secrets.model import Place, SecretError, Vault
from ..module_utils._secrets.store import Store
from ..plugin_utils._controller import Refusal
from ..plugin_utils._planes import planes_of
from ..plugin_utils._secret_store import SecretAction
from ..plugin_utils._status_file import written

_HEAD = ("tenant", "environment", "secret", "version", "age", "rotate after", "state", "used by")


class ActionModule(SecretAction):
    """Shows what is stale, unused or missing."""

    BYPASS_HOST_LOOP = True
    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "planes": {"type": "list", "elements": "dict"},
        "declared_only": {"type": "bool", "default": False},
        "dest": {"type": "path"},
        "fail_on": {
            "type": "list",
            "elements": "str",
            "choices": ["missing", "stale", "unused", "half rotated"],
            "default": [],
        },
    }

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        planes, store = planes_of(self._vars, args["planes"]), self.store(args)
        declared = audited_places(planes)
        places = declared if args["declared_only"] else declared | _of(planes, store)
        vaults, unread = _opened(store, places, tolerant=args["declared_only"])
        rows = [row for row in audit(planes, vaults, datetime.now(UTC)) if row.place in vaults]
        shown = [row for row in rows if row.uses] if args["declared_only"] else rows
        for line in table(_HEAD, map(_cells, shown)) if shown else ():
            # A table: its blanks stay.
            self._display.display(line)
        for where, why in list(unread.items())[:1]:
            others = f" The same of {len(unread) - 1} more." if len(unread) > 1 else ""
            self.say(f"Nobody can tell how fresh the secrets of {where} are. {why}{others}")
        wrong = [row for row in shown if row.state in args["fail_on"]]
        told_of = {str(where): why for where, why in unread.items()}
        result: dict[str, Any] = {"secrets": [row.as_dict() for row in shown], "unread": told_of}
        if args["dest"]:
            result["changed"] = written(args["dest"], result, self.check)
        if wrong:
            told = ", ".join(f"{row.name} of {row.place} is {row.state}" for row in wrong[:5])
            more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
            raise Refusal(f"{told}{more}.", **result)
        return result


def _of(planes: list[dict[str, Any]], store: Store) -> set[Place]:
    """The files of these planes' tenants that there are."""
    tenants = {(item["tenant"], item["environment"]) for item in planes}
    return {where for where in store.places() if (where.tenant, where.environment) in tenants}


def _opened(
    store: Store, places: set[Place], tolerant: bool
) -> tuple[dict[Place, Vault | None], dict[Place, str]]:
    vaults: dict[Place, Vault | None] = {}
    unread: dict[Place, str] = {}
    for where in sorted(places, key=str):
        try:
            vaults[where] = store.read(where) if store.path(where).exists() else None
        except (SecretError, LedgerError) as error:
            if not tolerant:
                raise
            unread[where] = str(error)
    return vaults, unread


def _cells(row: Row) -> tuple[str, ...]:
    absent = row.state == MISSING
    return (
        row.place.tenant,
        row.place.environment,
        row.name,
        "" if absent else str(row.version),
        "" if absent else f"{row.age_days} d",
        f"{row.rotate_after} d" if row.rotate_after else "",
        row.state,
        ", ".join(row.uses[:2]) + (f" and {len(row.uses) - 2} more" if len(row.uses) > 2 else ""),
    )
