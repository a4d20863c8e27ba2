# SPDX-License-Identifier: GPL-3.0-or-later
"""How the backup is: read from what the runs left, judged by limits, written for people and for Prometheus.

The age that counts is that of the newest snapshot that was restored and proved, by a drill or in earnest.
"""

from __future__ import annotations

import datetime
import json
import subprocess
from collections.abc import Mapping
from typing import Any

from .config import Config, Limits
from .files import read_json, replace

HOUR = 3600
TIMER = "adsengineer-backup-backup.timer"
METRICS = (
    ("last_success_seconds", "When the newest backup ended, as Unix time.", "backup", "at"),
    (
        "last_restored_seconds",
        "When the data of the newest restored snapshot was taken, as Unix time.",
        "restored",
        "made_at",
    ),
    ("last_check_seconds", "When the repository was last checked, as Unix time.", "check", "at"),
    ("size_bytes", "Bytes of the data in the newest backup.", "backup", "size"),
    ("added_bytes", "Bytes that the newest backup added to the repository.", "backup", "added"),
    ("repository_bytes", "Bytes in the repository at its last check.", "check", "size"),
)


def gathered(config: Config, now: float) -> dict[str, Any]:
    """The whole status. ``alarms`` is empty when all is well."""
    state = config.state
    kept = {
        name: read_json(state / f"{name}.json")
        for name in ("backup", "check", "failed", "drill-failed", "restored")
    }
    proofs = [one for one in (read_json(state / "drill.json"), kept["restored"]) if one]
    newest = max(proofs, key=lambda one: one["made_at"], default=None)
    mark = read_json(
        config.read_only, {"reason": "a restore did not end"} if config.read_only.exists() else None
    )
    found = {
        "host": config.host,
        "at": now,
        "backup": kept["backup"],
        "restored": newest,
        "check": kept["check"],
        "failed": kept["failed"],
        "drill_failed": kept["drill-failed"],
        "read_only": mark["reason"] if mark else "",
        "next_run": next_run(),
    }
    return found | {"alarms": alarms(found, config.limits, now)}


def next_run() -> float | None:
    """When the timer begins the next backup, as Unix time; None where no timer waits."""
    try:
        ran = subprocess.run(
            ["systemctl", "list-timers", "--output=json", TIMER], capture_output=True, text=True, check=False
        )
        return float(json.loads(ran.stdout)[0]["next"]) / 1e6 or None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def alarms(found: Mapping[str, Any], limits: Limits, now: float) -> list[str]:
    """What somebody has to look at, in words."""
    told = []
    if found["read_only"]:
        told.append(f"the host is read-only: {found['read_only']}")
    told += _aged(found["backup"], "at", limits.backup, now, "backup")
    told += _aged(found["restored"], "made_at", limits.restored, now, "restored snapshot")
    told += _aged(found["check"], "at", limits.check, now, "check of the repository")
    for name in ("failed", "drill_failed"):
        if found[name]:
            told.append(f"the last run failed: {found[name]['problem']}")
    return told


def written(config: Config, found: Mapping[str, Any]) -> None:
    """Keep the status where others read it. The next run makes it again: it may be lost with the power."""
    replace(
        config.state / "status.json", json.dumps(found, sort_keys=True, indent=1) + "\n", 0o644, durable=False
    )
    replace(config.shared / "metrics" / "backup.prom", metrics(found), 0o644, durable=False)


def metrics(found: Mapping[str, Any]) -> str:
    """Prometheus's text format."""
    values = [(name, text, (found[part] or {}).get(key)) for name, text, part, key in METRICS]
    values.append(("next_run_seconds", "When the next backup begins, as Unix time.", found["next_run"]))
    values.append(("healthy", "Whether there is no alarm.", int(not found["alarms"])))
    values.append(("read_only", "Whether the host is half restored.", int(bool(found["read_only"]))))
    lines = []
    for name, text, value in values:
        if value is not None:
            full = f"adsengineer_backup_{name}"
            lines += [f"# HELP {full} {text}", f"# TYPE {full} gauge", f"{full} {value}"]
    return "\n".join(lines) + "\n"


def line(found: Mapping[str, Any]) -> str:
    """One line for people."""
    backup, restored, check = found["backup"] or {}, found["restored"] or {}, found["check"] or {}
    parts = [
        f"newest {backup.get('snapshot', 'none')[:8]} {_when(backup.get('at'))}",
        f"restored {restored.get('snapshot', 'none')[:8]} {_when(restored.get('made_at'))}",
        f"size {backup.get('size', 0)} bytes, +{backup.get('added', 0)}",
        f"repository {check.get('size', 0)} bytes, checked {_when(check.get('at'))}",
        f"next {_when(found['next_run'])}",
        "; ".join(found["alarms"]) or "healthy",
    ]
    return f"{found['host']}: {' | '.join(parts)}"


def _aged(kept: Mapping[str, Any] | None, key: str, hours: float, now: float, what: str) -> list[str]:
    if not kept:
        return [f"there is no {what} yet"]
    age = (now - kept[key]) / HOUR
    if age < -0.1:
        return [
            f"the newest {what} is {-age:.1f} hours in the future: set the host's clock right (timedatectl)"
        ]
    return [f"the newest {what} is {age:.0f} hours old, more than {hours:g}"] if age > hours else []


def _when(at: float | None) -> str:
    if at is None:
        return "never"
    return f"{datetime.datetime.fromtimestamp(at, datetime.UTC):%Y-%m-%d %H:%M} UTC"
