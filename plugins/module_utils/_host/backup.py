# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a host's backup is, from what its own program keeps there."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any

#: The host's watch writes the status each hour, up to its random delay later.
SILENT = 3 * 3600


class BackupError(Exception):
    """The text names the place and the remedy."""


def parsed(text: str, place: str) -> dict[str, Any]:
    """The status as the host's program wrote it. Raises BackupError."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not {"at", "alarms", "backup", "restored"} <= set(found):
        raise BackupError(f"{place} is no status of a backup. On the host: adsengineer-backup watch")
    return found


def reported(found: Mapping[str, Any], now: float, next_run: str) -> dict[str, Any]:
    """What the module returns of a status."""
    alarms = list(found["alarms"])
    silent = now - float(found["at"])
    if silent > SILENT:
        alarms.append(f"the status is {silent / 3600:.0f} hours old: the host's own watch does not run")
    backup, restored, check = found["backup"] or {}, found["restored"] or {}, found.get("check") or {}
    return {
        "newest": _kept(backup, "snapshot", "at", "made_at", "sequence", "generation"),
        "restored": _kept(restored, "snapshot", "made_at", "seconds"),
        "size": backup.get("size", 0),
        "added": backup.get("added", 0),
        "repository_size": check.get("size", 0),
        "checked_at": check.get("at", 0),
        "read_only": found.get("read_only", ""),
        "next_run": next_run,
        "alarms": alarms,
        "healthy": not alarms,
    }


def line(host: str, told: Mapping[str, Any]) -> str:
    """One line for people."""
    newest, restored = told["newest"], told["restored"]
    parts = [
        f"newest {newest.get('snapshot', 'none')[:8]} {_when(newest.get('at'))}",
        f"restored {restored.get('snapshot', 'none')[:8]} {_when(restored.get('made_at'))}",
        f"size {told['size']} bytes, +{told['added']}",
        f"repository {told['repository_size']} bytes, checked {_when(told['checked_at'] or None)}",
        f"next {told['next_run'] or 'never'}",
        "; ".join(told["alarms"]) or "healthy",
    ]
    return f"{host}: {' | '.join(parts)}"


def _kept(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


def _when(at: float | None) -> str:
    if at is None:
        return "never"
    return f"{datetime.datetime.fromtimestamp(at, datetime.UTC):%Y-%m-%d %H:%M} UTC"
