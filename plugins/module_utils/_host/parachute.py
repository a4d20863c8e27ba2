# SPDX-License-Identifier: GPL-3.0-or-later
"""Arm the parachute before a change that could lock its owner out; fold it when a new login works."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._files import sync_folder, write_atomically
from . import chute, login

SCRIPT = Path("/usr/local/lib/adsengineer/parachute")
NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,40}")


Commands = Sequence[Sequence[str]]


class ParachuteError(Exception):
    """Says what is wrong and what to do."""


@dataclass(frozen=True)
class Places:
    """Where things are; the tests have others."""

    state: Path = chute.STATE
    units: Path = chute.UNITS
    script: Path = SCRIPT
    proc: Path = Path("/proc")
    systemd: Path = Path("/run/systemd/system")


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ParachuteError(
            f"The name {name!r} can't be used: take lower-case letters, digits, underscores."
        )


def pending(name: str, places: Places) -> dict[str, Any] | None:
    """The manifest of an arming that has not ended."""
    try:
        found: dict[str, Any] = json.loads((places.state / name / "manifest.json").read_text())
    except FileNotFoundError:
        return None
    return found


def last(name: str, places: Places) -> dict[str, Any]:
    """How the arming before this one ended."""
    try:
        found: dict[str, Any] = json.loads((places.state / f"{name}.last.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found


def merged(old: dict[str, Any], entries: Sequence[chute.Entry], restore: Commands) -> dict[str, Any]:
    """What was kept first stays: a run that was killed may have changed the rest by now."""
    known = {entry["path"] for entry in old["entries"]}
    commands = [*old["restore"], *(list(argv) for argv in restore if list(argv) not in old["restore"])]
    added = [entry for entry in entries if entry["path"] not in known]
    return {**old, "entries": [*old["entries"], *added], "restore": commands}


def keep(name: str, paths: Sequence[str], restore: Commands, places: Places) -> dict[str, Any]:
    """Keep the state of the paths, all of it or nothing; answer the manifest."""
    check_name(name)
    folder = places.state / name
    old = pending(name, places)
    work = folder if old else folder.with_name(f".{name}.new")
    if not old:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700, parents=True)
    covered = {entry["path"] for entry in old["entries"]} if old else set()
    entries = [entry for path in paths if path not in covered for entry in chute.keep(Path(path), work)]
    fresh = {"id": str(uuid.uuid4()), "entries": [], "restore": []}
    manifest = merged(old or fresh, entries, restore)
    manifest |= {"armed": login.now(), "boot": login.boot_id(places.proc)}
    write_atomically(work / "manifest.json", json.dumps(manifest).encode(), mode=0o600)
    if not old:
        work.replace(folder)
    sync_folder(places.state)
    return manifest


def service(name: str, script: Path) -> str:
    return f"""[Unit]
Description=Put the old state of {name} back, since no new login has confirmed the new one
StartLimitIntervalSec=600
StartLimitBurst=40

[Service]
Type=oneshot
ExecStart=/usr/bin/python3 -I {script} {name}
Restart=on-failure
RestartSec=5
"""


def timer(name: str, deadline: int) -> str:
    """A monotonic timer: setting the clock right must not move it. A reboot makes it count anew."""
    return f"""[Unit]
Description=Opens the parachute {name} unless a new login confirms

[Timer]
OnActiveSec={deadline}
AccuracySec=500ms
RemainAfterElapse=no

[Install]
WantedBy=timers.target
"""


def start(name: str, deadline: int, places: Places) -> None:
    """Install the script and the timer and start it; when this fails, nothing has been changed yet."""
    if not places.systemd.is_dir():
        raise ParachuteError(
            "This host isn't run by systemd, so nothing could put the old state back: nothing was changed."
        )
    places.script.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_atomically(places.script, inspect.getsource(chute).encode(), mode=0o755)
    write_atomically(
        places.units / chute.unit(name, "service"), service(name, places.script).encode(), mode=0o644
    )
    write_atomically(places.units / chute.unit(name, "timer"), timer(name, deadline).encode(), mode=0o644)
    wants = places.units / "timers.target.wants"
    wants.mkdir(exist_ok=True)
    link = wants / chute.unit(name, "timer")
    link.unlink(missing_ok=True)
    link.symlink_to(places.units / chute.unit(name, "timer"))
    unit = chute.unit(name, "timer")
    for argv in (["daemon-reload"], ["restart", unit], ["is-active", "--quiet", unit]):
        failure = chute.run(["systemctl", *argv])
        if failure:
            raise ParachuteError(f"The parachute {name} can't be armed, so nothing was changed: {failure}")


def arm(name: str, paths: Sequence[str], restore: Commands, deadline: int, places: Places) -> dict[str, Any]:
    fresh = pending(name, places) is None
    manifest = keep(name, paths, restore, places)
    try:
        start(name, deadline, places)
    except (ParachuteError, OSError):
        if fresh:
            chute.disarm(name, places.units)
            shutil.rmtree(places.state / name, ignore_errors=True)
        raise
    return manifest


@dataclass(frozen=True)
class Proof:
    """Whether a login began after the arming; C(reason) is a whole sentence."""

    proved: bool
    by_login: bool
    reason: str


def proof(manifest: dict[str, Any], found: login.Login | None, boot: str) -> Proof:
    if found is None:
        return Proof(
            False,
            False,
            "This connection (a container's, or a local one) is no SSH login: none could prove itself.",
        )
    if manifest["boot"] != boot:
        return Proof(True, True, "The host was restarted since the arming, so this login is a new one.")
    age = found.started - manifest["armed"]
    if age > 0:
        return Proof(True, True, f"This login began {age:.1f} s after the arming.")
    return Proof(
        False,
        True,
        f"This login began {-age:.1f} s before the arming, which proves nothing: "
        "an old connection outlives a lockout. Close it (meta: reset_connection) and confirm over a new one.",
    )


def opened(name: str, arming: str, places: Places) -> str:
    """A sentence when this very arming has ended by putting the old state back, else nothing."""
    ended = last(name, places)
    if arming and ended.get("id") == arming and ended["outcome"] == "restored":
        when = time.strftime("%H:%M:%S UTC", time.gmtime(ended["at"]))
        return (
            f"The parachute {name} opened at {when}: no new login had confirmed the change in time, "
            f"so the old state is back. journalctl -u {chute.unit(name, 'service')} tells what was put back."
        )
    return ""
