# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: adsengineer-backup, and what it says and leaves behind."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

# Started as a folder, so that its modules are beside nothing else on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from hostbackup import docker, status
from hostbackup.config import Config, load
from hostbackup.files import alone, read_json, write_json
from hostbackup.problem import Problem, disk_words
from hostbackup.restic import Restic

CONFIG = Path("/etc/adsengineer/backup.json")
#: What must not run beside another.
ALONE = ("init", "backup", "check", "drill", "restore", "accept")


def say(text: str, priority: int = 6) -> None:
    """A line for the journal, or for a person."""
    print(f"<{priority}>{text}" if "JOURNAL_STREAM" in os.environ else text, flush=True)


def do_init(config: Config, restic: Restic, _words: argparse.Namespace) -> None:
    restic.version()
    say(f"made the repository {config.repository}" if restic.init() else "the repository is there")


def do_backup(config: Config, restic: Restic, _words: argparse.Namespace) -> None:
    from hostbackup import backup

    docker.thaw(config.work / "paused.json")
    made = backup.backup(config, restic, time.time)
    say(f"saved snapshot {made['snapshot'][:8]}: {made['size']} bytes, {made['added']} added")
    for path in made["restless"]:
        say(f"{path} did not stand still while it was copied; it was saved as it was read", 4)
    backup.beat(config)


def do_check(config: Config, restic: Restic, _words: argparse.Namespace) -> None:
    restic.check(config.subset)
    restic.forget(config.keep or {})
    size = restic.size()
    write_json(config.state / "check.json", {"at": time.time(), "size": size})
    say(f"checked {config.repository}: {size} bytes, {config.subset} of them read")


def do_drill(config: Config, restic: Restic, words: argparse.Namespace) -> None:
    from hostbackup import drill

    made = drill.drill(config, restic, time.time, say, words.snapshot)
    say(f"snapshot {made['snapshot'][:8]} was restored and proved in {made['seconds']} s")


def do_restore(config: Config, restic: Restic, words: argparse.Namespace) -> None:
    from hostbackup import restore

    before = restore.before(config)
    if words.once and before and not words.snapshot and not words.part:
        say(f"this host is back already, from snapshot {before[:8]}: nothing was done")
        return
    made = restore.restore(config, restic, time.time, say, words.snapshot, words.part)
    age = time.time() - made["made_at"]
    say(
        f"restored snapshot {made['snapshot'][:8]} in {made['seconds']} s; its data was taken {age:.0f} s ago"
    )
    if made["read_only"]:
        raise Problem(f"The host stays read-only: {made['read_only']}. Restore all parts of one snapshot.")


def do_accept(config: Config, _restic: Restic, _words: argparse.Namespace) -> None:
    from hostbackup import restore

    restore.accept(config)
    say("the parts are taken as they are; the host is not read-only any more", 5)


def do_watch(config: Config, _restic: Restic, _words: argparse.Namespace) -> None:
    alarms = status.gathered(config, time.time())["alarms"]
    if alarms:
        raise Problem("; ".join(alarms))


def do_status(config: Config, _restic: Restic, _words: argparse.Namespace) -> None:
    print(status.line(status.gathered(config, time.time())))


def do_thaw(config: Config, _restic: Restic, _words: argparse.Namespace) -> None:
    for one in docker.thaw(config.work / "paused.json"):
        say(f"let container {one} go on, which a backup had paused", 4)


def do_locks(config: Config, restic: Restic, _words: argparse.Namespace) -> None:
    for lock in restic.locks():
        say(str(lock))


def do_snapshots(_config: Config, restic: Restic, _words: argparse.Namespace) -> None:
    kept = [
        {"id": one.id, "sequence": one.sequence, "generation": one.generation} for one in restic.snapshots()
    ]
    print(json.dumps(kept))


COMMANDS: dict[str, Callable[[Config, Restic, argparse.Namespace], None]] = {
    name[3:]: found for name, found in list(globals().items()) if name.startswith("do_")
}


def run(config: Config, words: argparse.Namespace) -> None:
    """One command, alone where it must be."""
    command = COMMANDS[words.command]
    if words.command not in ALONE:
        return command(config, Restic(config), words)
    with alone(config.state / "lock") as held:
        return command(config, Restic(config, [held]), words)


def main(argv: list[str]) -> int:
    """0 when it worked; 1 with a line that says why not."""
    parser = argparse.ArgumentParser(
        prog="adsengineer-backup", description="Back this host up, bring it back, prove it."
    )
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument(
        "--snapshot", default="", help="the first characters of its id; the newest unless given"
    )
    parser.add_argument(
        "--part", action="append", default=[], help="only this part; may be given more than once"
    )
    parser.add_argument(
        "--once", action="store_true", help="restore nothing on a host that was restored, unless told what"
    )
    words = parser.parse_args(argv)
    os.umask(0o022)
    # A run is short, and what it reads has no cycles.
    gc.disable()
    try:
        config = load(words.config)
        return attempted(config, words)
    except Problem as problem:
        say(str(problem), 3)
        return 1


def attempted(config: Config, words: argparse.Namespace) -> int:
    """Run a command and keep what came of it for the status."""
    problem = ""
    try:
        run(config, words)
    except Problem as error:
        problem = str(error)
    except OSError as error:
        problem = disk_words(error)
    if problem:
        say(problem, 2 if words.command == "watch" else 3)
    try:
        remember(config, words.command, problem)
    except OSError as error:
        # Its own message; what went wrong before is said already.
        say(f"The status could not be kept: {disk_words(error)}", 3)
        return 1
    return int(bool(problem))


def remember(config: Config, command: str, problem: str) -> None:
    """Keep the newest failure of backup and check until the same works; write the status anew."""
    place = config.state / "failed.json"
    if command in ("backup", "check"):
        kept = read_json(place)
        if problem:
            write_json(place, {"at": time.time(), "command": command, "problem": problem})
        elif kept and kept.get("command") == command:
            place.unlink(missing_ok=True)
    if command not in ("status", "locks", "thaw", "snapshots"):
        status.written(config, status.gathered(config, time.time()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
