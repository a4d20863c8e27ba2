# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a host back. Until every part is of one generation the host is read-only, and says what is missing.

A second run goes on where a killed one ended: parts that are in place stay, what was brought already is not
brought again.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from . import docker, manifest
from .config import Config
from .files import read_json, sync, write_json
from .manifest import Held, Manifest
from .problem import Problem
from .restic import Restic, Snapshot

Clock = Callable[[], float]
Say = Callable[[str], None]


def restore(
    config: Config, restic: Restic, clock: Clock, say: Say, wanted: str = "", names: Iterable[str] = ()
) -> Mapping[str, Any]:
    """Bring parts of a snapshot to their places, all of them unless named. Raises Problem."""
    begun, wanted_parts = clock(), list(names)
    snapshot = chosen(restic.snapshots(), wanted, config)
    placed = _placed(config, snapshot)
    if _bare(config):
        _mark(config, f"the restore of snapshot {snapshot.id[:8]} began and did not end", ["everything"])
    made, tree = fetched(config, restic, snapshot, config.work / "restoring", wanted_parts)
    picked = _picked(made, wanted_parts)
    due = [part for part in picked if part.name not in placed]
    for told in manifest.proved(tree, made, {part.name for part in due}):
        say(f"proved {told}")
    _begun(config, snapshot, placed, due)
    for number, part in enumerate(due, 1):
        _place(config, tree, made, part)
        _begun(config, snapshot, placed + [one.name for one in due[:number]], due[number:])
        say(f"restored {part.name}")
    result = {
        "at": clock(),
        "seconds": round(clock() - begun, 1),
        "snapshot": snapshot.id,
        "made_at": made.made_at,
        "sequence": made.sequence,
    }
    _ended(config, made, picked, result)
    return result | {"read_only": judged(config, made)}


def before(config: Config) -> str:
    """The snapshot that this host came back from; empty when it never did, or is half restored."""
    if config.read_only.exists():
        return ""
    return str(read_json(config.state / "restored.json", {}).get("snapshot", ""))


def chosen(found: list[Snapshot], wanted: str, config: Config) -> Snapshot:
    """The newest snapshot by sequence, or the one whose id begins so."""
    if not found:
        raise Problem(
            f"{config.repository} has no snapshot of {config.host}. `restic snapshots` lists whose it has."
        )
    matching = [one for one in found if one.id.startswith(wanted)]
    if not matching:
        raise Problem(
            f"The snapshot {wanted} of {config.host} is not in {config.repository} (any more). "
            f"The newest is {found[-1].id[:8]}, of {found[-1].time:%Y-%m-%d %H:%M} UTC."
        )
    return matching[-1]


def fetched(
    config: Config, restic: Restic, snapshot: Snapshot, target: Path, names: Iterable[str] = ()
) -> tuple[Manifest, Path]:
    """Bring a snapshot, or some parts of it, into a folder of their own. Answers what it holds and where."""
    stamp, tree = target / "snapshot.json", target / "tree"
    if read_json(stamp) != snapshot.id:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(mode=0o700, parents=True)
        config.work.chmod(0o700)
        write_json(stamp, snapshot.id)
    there = sum(path.lstat().st_blocks * 512 for path in target.rglob("*"))
    room = shutil.disk_usage(target).free + there
    if snapshot.size > room and not names:
        raise Problem(
            f"{target} has room for {room} bytes, {snapshot.size} are to come. "
            "Free some (df -h), then run this again."
        )
    include = [path for name in names for path in (f"/index/{name}.json", f"/parts/{name}")]
    restic.restore(snapshot.id, tree, [f"/{manifest.NAME}", *include] if include else [])
    path = tree / manifest.NAME
    if not path.is_file():
        raise Problem(f"The snapshot {snapshot.id[:8]} holds no manifest of ours. Take another.")
    return manifest.loaded(path.read_bytes(), f"snapshot {snapshot.id[:8]}"), tree


def judged(config: Config, made: Manifest | None = None) -> str:
    """Lift the read-only state when all parts are of one generation; else say why it stays."""
    generations = read_json(config.state / "generations.json", {})
    parts = generations.get("expected") or ([part.name for part in made.parts] if made else [])
    found = generations.get("parts", {})
    missing = [name for name in parts if name not in found]
    kinds = sorted({found[name][:8] for name in parts if name in found})
    if missing:
        return _mark(config, f"of the backup, {', '.join(missing)} is missing", missing)
    if len(kinds) > 1:
        told = ", ".join(f"{name} of {found[name][:8]}" for name in parts)
        return _mark(config, f"parts are of different generations: {told}", [])
    config.read_only.unlink(missing_ok=True)
    return ""


def accept(config: Config) -> None:
    """Take the parts as they are: somebody decided so."""
    generations = read_json(config.state / "generations.json", {})
    found = dict.fromkeys(generations.get("parts", {}), "accepted")
    write_json(config.state / "generations.json", {"expected": list(found), "parts": found})
    config.read_only.unlink(missing_ok=True)


def _picked(made: Manifest, names: Iterable[str]) -> list[Held]:
    wanted = list(names)
    unknown = set(wanted) - {part.name for part in made.parts}
    if unknown:
        known = ", ".join(part.name for part in made.parts)
        raise Problem(f"The snapshot has no part {', '.join(sorted(unknown))}. It has {known}.")
    return [part for part in made.parts if not wanted or part.name in wanted]


def _bare(config: Config) -> bool:
    """Whether this host never was anything: until it is restored, it must not begin to be something else."""
    return not any((config.state / name).exists() for name in ("backup.json", "generations.json"))


def _placed(config: Config, snapshot: Snapshot) -> list[str]:
    """What a run of the same restore that was killed had put in place already."""
    mark = read_json(config.read_only, {})
    return list(mark["placed"]) if mark.get("restoring") == snapshot.id else []


def _begun(config: Config, snapshot: Snapshot, placed: list[str], due: list[Held]) -> None:
    reason = f"the restore of snapshot {snapshot.id[:8]} began and did not end"
    missing = [part.name for part in due]
    mark = {"reason": reason, "missing": missing, "restoring": snapshot.id, "placed": placed}
    write_json(config.read_only, mark, 0o644)


def _mark(config: Config, reason: str, missing: list[str]) -> str:
    write_json(config.read_only, {"reason": reason, "missing": missing}, 0o644)
    return reason


def _place(config: Config, tree: Path, made: Manifest, part: Held) -> None:
    volume = docker.made(part.volume) if part.volume else None
    source = manifest.folder(tree, part.name)
    if not part.volume:
        _own(source, made)
    for place, name in manifest.roots(part.declared, volume):
        if (source / name).is_symlink() or (source / name).exists():
            _exchange(source / name, place)
    if part.volume:
        docker.restarted(part.volume)
    generations = read_json(config.state / "generations.json", {})
    parts = generations.get("parts", {}) | {part.name: made.generation}
    write_json(
        config.state / "generations.json", {"expected": [one.name for one in made.parts], "parts": parts}
    )


def _exchange(new: Path, place: Path) -> None:
    """Put the restored in place of what is there. What a crash leaves in between, the next run replaces."""
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft, old = place.with_name(f".{place.name}.restored~"), place.with_name(f".{place.name}.before~")
    for path in (draft, old):
        _remove(path)
    shutil.move(new, draft)
    if place.is_symlink() or place.exists():
        place.rename(old)
    draft.rename(place)
    sync(place.parent)
    _remove(old)
    # A log of the database that was here before would be taken for one of the restored.
    for end in ("-wal", "-shm", "-journal"):
        place.with_name(place.name + end).unlink(missing_ok=True)


def _own(source: Path, made: Manifest) -> None:
    """Give files to the accounts of their names, whose numbers may be others on this host."""
    groups = {number: _group(name, number) for name, number in made.groups.items()}
    users = {number: _user(name, number, name in made.groups) for name, number in made.users.items()}
    if all(old == new for old, new in (*users.items(), *groups.items())):
        return
    for path in source.rglob("*"):
        info = path.lstat()
        os.chown(
            path,
            users.get(info.st_uid, info.st_uid),
            groups.get(info.st_gid, info.st_gid),
            follow_symlinks=False,
        )
        if not path.is_symlink():
            path.chmod(info.st_mode & 0o7777)


def _group(name: str, number: int) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return _made(
            ["groupadd", "--system"], ["--gid", str(number)], name, lambda: grp.getgrnam(name).gr_gid
        )


def _user(name: str, number: int, grouped: bool) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        # The role that the account belongs to gives it a home and whatever else it needs.
        shell = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        shell += ["--gid", name] if grouped else ["--user-group"]
        return _made(shell, ["--uid", str(number)], name, lambda: pwd.getpwnam(name).pw_uid)


def _made(command: list[str], numbered: list[str], name: str, found: Callable[[], int]) -> int:
    for more in (numbered, []):
        if subprocess.run([*command, *more, name], capture_output=True, check=False).returncode == 0:
            return found()
    raise Problem(f"The account {name}, whose files are restored, can't be made: {command[0]} failed.")


def _ended(config: Config, made: Manifest, parts: list[Held], result: Mapping[str, Any]) -> None:
    """Forget the folder, and let the next backup count on from here."""
    shutil.rmtree(config.work / "restoring", ignore_errors=True)
    write_json(config.state / "restored.json", result)
    before = int(read_json(config.state / "sequence.json", 0))
    write_json(config.state / "sequence.json", max(before, made.sequence))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
