# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module plane_status: ask every plane itself how it is."""

from __future__ import annotations

import random
from typing import Any, ClassVar

from ..module_utils._rollout import text
from ..module_utils._rollout.execute import each
from ..module_utils._rollout.plan import listed
from ..module_utils._rollout.probe import (
    Answer,
    Probe,
    Prober,
    Target,
)
from ..plugin_utils._controller import hidden
from ..plugin_utils._declared_secrets import STORE, reader, to_mask
from ..plugin_utils._fleet import (
    LocalAction,
    Refusal,
)
from ..plugin_utils._planes import planes_of
from ..plugin_utils._status_file import written

_THREADS = 32
_MANY = 100  # of more planes only the unhealthy ones are shown
_COLUMNS = ("tenant", "region", "url", "version_id", "healthy")


class ActionModule(LocalAction):
    """Shows the planes of the run."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "planes": {"type": "list", "elements": "dict"},
        "path": {"type": "str", "default": "/healthz"},
        "probe_timeout": {"type": "float", "default": 10.0},
        "dest": {"type": "path"},
        "show": {"type": "bool", "default": True},
        "require_healthy": {"type": "bool", "default": False},
        "secrets": {"type": "dict", "default": {}, "no_log": True},
        **STORE,
    }

    def operate(self, args: dict[str, Any], check: bool) -> dict[str, Any]:
        planes = planes_of(self._vars, args["planes"])
        probe = Probe("GET", args["path"], 200, json={"status": "ok"})
        secrets = to_mask(reader(self._loader, args), planes, hidden(self.spec, args))
        with Prober(coin=random.random, timeout=args["probe_timeout"], secrets=secrets) as prober:
            found = each(planes, lambda plane: prober.ask(_target(plane), probe), threads=_THREADS)
        for _plane, error in found.failed:
            raise error
        rows = [_row(plane, answer) for plane, answer in found.done]
        if args["show"]:
            shown = rows if len(rows) <= _MANY else [row for row in rows if not row["healthy"]][:_MANY]
            for line in text.status_table(shown) if shown else ():
                self.say(line)
        sick = [f"{row['tenant']}-{row['region']}" for row in rows if not row["healthy"]]
        self.say(f"{len(rows) - len(sick)} of {len(rows)} planes are healthy")
        plain = [{name: row[name] for name in _COLUMNS} for row in rows]
        changed = written(args["dest"], plain, check) if args["dest"] else False
        result = {"changed": changed, "planes": plain, "unhealthy": len(sick)}
        if sick and args["require_healthy"] and not check:
            raise Refusal(f"{len(sick)} of {len(rows)} planes are not healthy: {listed(sick)}.", **result)
        return result


def _target(plane: dict[str, Any]) -> Target:
    return Target(plane["worker"], "gateway", plane["url"], plane.get("connect_to"))


def _row(plane: dict[str, Any], answer: Answer) -> dict[str, Any]:
    return {
        "tenant": plane["tenant"],
        "region": plane["region"],
        "url": plane["url"],
        "version_id": answer.version,
        "healthy": answer.ok,
        "why": "" if answer.ok else answer.told,
    }
