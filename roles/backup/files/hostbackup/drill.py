# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore the newest snapshot beside the host, prove it, throw it away: a backup counts once this worked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from typing import Any

from . import manifest
from .config import Config
from .files import write_json
from .problem import Problem
from .restic import Restic
from .restore import chosen, fetched

Clock = Callable[[], float]
Say = Callable[[str], None]


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
        result |= {"made_at": made.made_at, "sequence": made.sequence, "seconds": round(clock() - begun, 1)}
    except Problem as problem:
        write_json(config.state / "drill-failed.json", result | {"problem": str(problem)})
        raise
    finally:
        shutil.rmtree(place, ignore_errors=True)
    write_json(config.state / "drill.json", result)
    (config.state / "drill-failed.json").unlink(missing_ok=True)
    return result
