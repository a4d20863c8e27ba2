# SPDX-License-Identifier: GPL-3.0-or-later
"""Save the host: copy what is declared, describe it, hand it to restic, and keep what came of it."""

from __future__ import annotations

import grp
import json
import os
import pwd
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import docker, manifest
from . import index as indexes
from .config import Config, Part
from .files import read_json, replace, write_json
from .index import Entry
from .manifest import Held, Manifest
from .problem import Problem
from .restic import Restic
from .stage import Stage

Clock = Callable[[], float]
Rows = Mapping[str, Mapping[str, int]]
#: Another after each start of the system.
BOOT = Path("/proc/sys/kernel/random/boot_id")


def backup(config: Config, restic: Restic, clock: Clock) -> Mapping[str, Any]:
    """Save all parts as one generation. Answers what the status keeps of it. Raises Problem."""
    refuse_half_restored(config)
    begun = clock()
    made = staged(config, begun)
    tags = [f"generation={made.generation}", f"sequence={made.sequence}", "adsengineer"]
    told = restic.backup(config.work / "stage", tags)
    result = {
        "at": clock(),
        "made_at": made.made_at,
        "seconds": round(clock() - begun, 1),
        "snapshot": told["snapshot_id"],
        "generation": made.generation,
        "sequence": made.sequence,
        "size": made.size,
        "added": told["data_added"],
        "restless": [f"{part.name}: {path}" for part in made.parts for path in part.restless],
    }
    write_json(config.state / "backup.json", result)
    return result


def refuse_half_restored(config: Config) -> None:
    """Half a host must not become the newest backup."""
    mark = read_json(config.read_only, {} if config.read_only.exists() else None)
    if mark is not None:
        raise Problem(
            f"Nothing is backed up, as this host is read-only: {mark.get('reason', 'a restore did not end')}."
            " Run `adsengineer-backup restore` again."
        )


def staged(config: Config, at: float) -> Manifest:
    """Copy all parts and describe them."""
    tree = config.work / "stage"
    tree.mkdir(mode=0o700, parents=True, exist_ok=True)
    config.work.chmod(0o700)
    _drop_undeclared(tree, config)
    held, owners = [], []
    for part in config.parts:
        index, restless, rows = _copied(config, part, tree)
        _write_index(tree, part, index)
        size = sum(entry.size for entry in index.values())
        count = sum(entry.kind != indexes.DIRECTORY for entry in index.values())
        held.append(
            Held(part.name, tuple(map(str, part.paths)), part.volume, count, size, rows, tuple(restless))
        )
        if not part.volume:
            owners += list(index.values())
    sequence = int(read_json(config.state / "sequence.json", 0)) + 1
    write_json(config.state / "sequence.json", sequence)
    users = _names({entry.uid for entry in owners}, lambda one: pwd.getpwuid(one).pw_name)
    groups = _names({entry.gid for entry in owners}, lambda one: grp.getgrgid(one).gr_name)
    made = Manifest(config.host, os.urandom(16).hex(), sequence, at, tuple(held), users, groups)
    replace(tree / manifest.NAME, made.dumped(), durable=False)
    return made


def beat(config: Config) -> None:
    """Tell the watcher outside that a backup succeeded. The address may hold a token, so it is in a file."""
    if not config.heartbeat_file:
        return
    # Most runs of this program ask nothing, and this takes longer to load than all else.
    import urllib.request

    try:
        urllib.request.urlopen(Path(config.heartbeat_file).read_text().strip(), timeout=10).close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "code", None) or type(error).__name__
        raise Problem(
            f"It is saved, but its heartbeat was not taken ({reason}): look at {config.heartbeat_file}."
        ) from None


def _copied(config: Config, part: Part, tree: Path) -> tuple[Mapping[str, Entry], list[str], Rows]:
    notes = config.work / "seen" / f"{part.name}.json"
    kept = read_json(notes, {})
    # Copies of before a loss of power may be empty by now, as none is waited for.
    boot, before = BOOT.read_text().strip(), kept.get("boot")
    stage = Stage(manifest.folder(tree, part.name), kept.get("seen", {}), doubt=boot != before)
    try:
        if part.volume:
            places = manifest.roots(part, docker.mountpoint(part.volume))
            stage.take(places)
            with docker.still(part.volume, config.work / "paused.json"):
                stage.take(places)
        else:
            _refuse_missing(part)
            stage.take(manifest.roots(part, None))
        kept["boot"] = boot
    finally:
        if stage.noted or kept.get("boot") != before:
            write_json(notes, kept | {"seen": stage.seen}, durable=False)
    return stage.entries, stage.restless, stage.rows()


def _refuse_missing(part: Part) -> None:
    gone = [str(path) for path in part.paths if not path.exists()]
    if gone:
        raise Problem(
            f"{', '.join(gone)} of the part {part.name} is not there. Bring it back, or don't declare it."
        )


def _write_index(tree: Path, part: Part, index: Mapping[str, Entry]) -> None:
    path = tree / "index" / f"{part.name}.json"
    text = json.dumps(indexes.dumped(index), sort_keys=True)
    # An unchanged file need not be read by restic.
    with suppress(OSError):
        if path.read_text() == text:
            return
    replace(path, text, durable=False)


def _drop_undeclared(tree: Path, config: Config) -> None:
    declared = {part.name for part in config.parts}
    for path in (tree / "parts").glob("*"):
        if path.name not in declared:
            Stage(path, {}).take([])
            path.rmdir()
    for path in (tree / "index").glob("*.json"):
        if path.stem not in declared:
            path.unlink()


def _names(ids: Iterable[int], name: Callable[[int], str]) -> dict[str, int]:
    found = {}
    for one in ids:
        # A number without a name stays a number.
        with suppress(KeyError):
            found[name(one)] = one
    return found
