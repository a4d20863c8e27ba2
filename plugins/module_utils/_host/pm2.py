# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PM2 says of its processes, as values.

Nothing here touches the host: PM2 is asked by :mod:`.pm2_client`. What is declared is in
:mod:`.pm2_declared`, what follows from both in :mod:`.pm2_plan`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: The environment variable by which a running process tells which declaration it was started from.
MARK = "ADSENGINEER_DECLARED"
#: A replacement proves itself under this name beside the running processes.
NEXT = ".next"
#: PM2's words for a process that runs or is about to.
UP = frozenset({"online", "launching"})


class Problem(Exception):
    """What is wrong, and what to do about it."""

    def __init__(self, wrong: str, remedy: str) -> None:
        super().__init__(f"{wrong}. {remedy}.")
        self.wrong, self.remedy = wrong, remedy


@dataclass(frozen=True)
class Instance:
    """One running process as PM2 lists it: ``started`` in milliseconds since 1970, ``memory`` in bytes."""

    id: int
    name: str
    pid: int
    status: str
    mode: str
    restarts: int
    started: int
    memory: int = 0
    cpu: float = 0.0
    declared: str = ""


def parse_jlist(text: str) -> list[Instance]:
    """Read what ``pm2 jlist`` printed. PM2 prints banners, warnings and colours before the list."""
    empty = False
    for start in (found.start() for found in re.finditer(r"\[", text)):
        try:
            items, _end = json.JSONDecoder().raw_decode(text, start)
        except ValueError:
            continue
        if items and all(isinstance(item, dict) and "pm2_env" in item for item in items):
            return [_instance(item) for item in items]
        empty = empty or items == []
    if empty:
        return []
    said = " ".join(text.split())[:120] or "nothing"
    raise Problem(
        f"pm2 jlist printed no list of processes, but: {said}", "Run it by hand and read what it says"
    )


def _instance(item: Mapping[str, Any]) -> Instance:
    env = item.get("pm2_env") or {}
    monit = item.get("monit") or {}
    inner = env.get("env") or {}
    return Instance(
        id=_number(item.get("pm_id", env.get("pm_id"))),
        name=str(item.get("name") or env.get("name") or ""),
        pid=_number(item.get("pid")),
        status=str(env.get("status") or "unknown"),
        mode="cluster" if env.get("exec_mode") == "cluster_mode" else "fork",
        restarts=_number(env.get("restart_time")),
        started=_number(env.get("pm_uptime")),
        memory=_number(monit.get("memory")),
        cpu=float(monit.get("cpu") or 0),
        declared=str(inner.get(MARK) or ""),
    )


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        # While PM2 reloads by itself, the old process has an id such as _old_0.
        return -1


__all__ = [
    "MARK",
    "NEXT",
    "UP",
    "Instance",
    "Problem",
    "parse_jlist",
]
