# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore the newest snapshot beside the host, prove it, throw it away: a backup counts once this worked."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import manifest
from .config import Check, Config
from .files import write_json
from .manifest import Manifest
from .problem import Problem
from .restic import Restic
from .restore import chosen, fetched

Clock = Callable[[], float]
Say = Callable[[str], None]
#: How long a check of an application may take.
CHECK_SECONDS = 600


def drill(config: Config, restic: Restic, clock: Clock, say: Say, wanted: str = "") -> Mapping[str, Any]:
    """Restore everything into a spare folder and prove it. Answers what the status keeps. Raises Problem."""
    begun = clock()
    snapshot = chosen(restic.snapshots(), wanted, config)
    place = config.work / "drill"
    result: dict[str, Any] = {"at": begun, "snapshot": snapshot.id, "problem": ""}
    try:
        shutil.rmtree(place, ignore_errors=True)
        made, tree = fetched(config, restic, snapshot, place)
        for told in manifest.proved(tree, made, {part.name for part in made.parts}):
            say(f"proved {told}")
        for check in config.checks:
            asked(check, made, tree)
            say(f"checked {check.part}: {' '.join(check.command)[:60]!r} takes it")
        result |= {"made_at": made.made_at, "sequence": made.sequence, "seconds": round(clock() - begun, 1)}
    except Problem as problem:
        write_json(config.state / "drill-failed.json", result | {"problem": str(problem)})
        raise
    finally:
        shutil.rmtree(place, ignore_errors=True)
    write_json(config.state / "drill.json", result)
    (config.state / "drill-failed.json").unlink(missing_ok=True)
    return result


def asked(check: Check, made: Manifest, tree: Path) -> None:
    """Ask an application whether it could use a restored part. Raises Problem with the last that it said."""
    names = [part.name for part in made.parts]
    if check.part not in names:
        raise Problem(
            f"A check is declared of the part {check.part}, which the snapshot has not."
            f" It has {', '.join(names)}."
        )
    environment = {"PATH": os.defpath + ":/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "HOME": str(tree)}
    place, word = manifest.folder(tree, check.part), check.command[0]
    try:
        ran = subprocess.run(
            check.command,
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=CHECK_SECONDS,
            text=True,
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Problem(
            f"The check of the part {check.part} ({word}) took more than {CHECK_SECONDS} s."
        ) from None
    except OSError as error:
        raise Problem(f"The check of the part {check.part} can't run {word}: {error.strerror}.") from None
    if ran.returncode:
        last = " ".join(ran.stdout.split())[-300:]
        raise Problem(f"The check of the part {check.part} ({word}) ended with {ran.returncode}: {last}")
