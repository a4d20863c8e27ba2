# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done with PM2's processes: the steps from what runs to what is declared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .pm2 import MARK, NEXT, UP, Instance


@dataclass(frozen=True)
class Step:
    """What is to be done with the processes of one name."""

    name: str
    action: str  # start, replace, restart, remove
    reason: str
    entry: Mapping[str, Any] = field(default_factory=dict)


def plan(
    wanted: Sequence[Mapping[str, Any]],
    unwanted: Iterable[str],
    running: Sequence[Instance],
    *,
    reload: bool = False,
) -> list[Step]:
    """The steps from what runs to what is wanted; names in neither list are left alone."""
    names = {one.name for one in running}
    steps = []
    for app in wanted:
        found = [one for one in running if one.name == app["name"]]
        action, reason = _judge(app, found, reload)
        if action:
            steps.append(Step(str(app["name"]), action, reason, app))
    # What an interrupted run left may be all that serves: it goes last, unless its name is needed.
    left = [
        Step(name, "remove", "was left by an interrupted run")
        for name in sorted(names)
        if name.endswith(NEXT)
    ]
    needed = {step.name + NEXT for step in steps if step.action == "replace"}
    first = [step for step in left if step.name in needed]
    removed = [Step(name, "remove", "not declared") for name in sorted(set(unwanted) & names)]
    return [*first, *removed, *steps, *(step for step in left if step not in first)]


def _judge(app: Mapping[str, Any], found: Sequence[Instance], reload: bool) -> tuple[str, str]:
    if not found:
        return "start", "does not run"
    reason = _difference(app, found) or ("was asked for" if reload else "")
    if not reason:
        return "", ""
    both = app["exec_mode"] == "cluster" and all(one.mode == "cluster" for one in found)
    return ("replace" if both and any(one.status in UP for one in found) else "restart"), reason


def _difference(app: Mapping[str, Any], found: Sequence[Instance]) -> str:
    down = [one for one in found if one.status not in UP]
    if any(one.declared != app["env"][MARK] for one in found):
        return "was started from another declaration"
    if len(found) != app["instances"]:
        return f"{len(found)} of {app['instances']} instances"
    return f"is {down[0].status}" if down else ""


def unfit(app: Mapping[str, Any], found: Sequence[Instance], seconds: float) -> str:
    """Why processes that took ``seconds`` to start can't be trusted, or nothing."""
    if len(found) != app["instances"]:
        return f"{len(found)} of {app['instances']} instances came up"
    for one in found:
        if one.declared != app["env"][MARK]:
            return "another one runs under its name"
        if one.status != "online":
            return f"it is {one.status}"
        if one.restarts > 0:
            return f"it ended and was started again {one.restarts} times"
    if app["wait_ready"] and seconds * 1000 >= app["listen_timeout"] * app["instances"]:
        return f"it did not send 'ready' within {app['listen_timeout']} ms"
    return ""


def summary(running: Sequence[Instance], declared: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What runs and what is declared, by name; without environments."""
    found = []
    for name in sorted({one.name for one in running} | set(declared)):
        own = [one for one in running if one.name == name]
        app = declared.get(name)
        found.append(
            {
                "name": name,
                "declared": app is not None,
                "current": bool(app and own) and not _difference(app or {}, own),
                "status": _status(own),
                "instances": [
                    {
                        "id": one.id,
                        "pid": one.pid,
                        "status": one.status,
                        "mode": one.mode,
                        "restarts": one.restarts,
                        "started": one.started // 1000,
                        "memory": one.memory,
                        "cpu": one.cpu,
                    }
                    for one in own
                ],
            }
        )
    return found


def _status(found: Sequence[Instance]) -> str:
    states = {one.status for one in found}
    if not states:
        return "absent"
    return states.pop() if len(states) == 1 else "mixed"


__all__ = [
    "Step",
    "plan",
    "summary",
    "unfit",
]
