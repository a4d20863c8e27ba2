# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the old state of some paths, and put it back: also a program of its own on the host.

The text of this file is installed as a script, which a systemd timer starts. So it imports nothing of the
collection, and needs nothing but Python: neither PAM, nor a login, nor the network.

A kept state is a folder, C(/var/lib/adsengineer-parachute/NAME), of C(manifest.json) and the files' contents.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Not below /var/lib/adsengineer: whoever owns a folder can exchange what is in it, and root believes this.
STATE = Path("/var/lib/adsengineer-parachute")
UNITS = Path("/etc/systemd/system")
COMMAND_SECONDS = 60
Entry = dict[str, Any]
Say = Callable[[str], None]


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """One at a time: arming, confirming and putting back."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def keep(path: Path, folder: Path) -> list[Entry]:
    """Copy what is at the path, and below it, into the folder; tell what it was."""
    try:
        info = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return [{"path": str(path), "kind": "absent"}]
    entry: Entry = {
        "path": str(path),
        "mode": stat.S_IMODE(info.st_mode),
        "uid": info.st_uid,
        "gid": info.st_gid,
    }
    if stat.S_ISLNK(info.st_mode):
        return [entry | {"kind": "link", "target": str(path.readlink())}]
    if stat.S_ISDIR(info.st_mode):
        members = sorted(names(path))
        below = [found for name in members for found in keep(path / name, folder)]
        return [entry | {"kind": "dir", "members": members}, *below]
    if not stat.S_ISREG(info.st_mode):
        return []
    data = str(len(names(folder)))
    write(folder / data, path.read_bytes(), mode=0o600)
    return [entry | {"kind": "file", "data": data}]


def write(path: Path, content: bytes, mode: int, uid: int = -1, gid: int = -1) -> None:
    """Put a file there in one step, so that a reader or a power cut sees the old one or the new one."""
    new = path.with_name(f".{path.name}.new-{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            os.fchown(file.fileno(), uid, gid)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def put_back(entry: Entry, folder: Path) -> bool:
    """Make one path what it was; tell whether something had to be done."""
    path = Path(entry["path"])
    if same(entry, folder):
        return False
    if entry["kind"] == "absent":
        remove(path)
        return True
    folder_there = path.is_dir() and not path.is_symlink()
    if folder_there != (entry["kind"] == "dir"):
        remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if entry["kind"] == "link":
        new = path.with_name(f".{path.name}.new-{os.getpid()}")
        new.unlink(missing_ok=True)
        new.symlink_to(entry["target"])
        os.lchown(new, entry["uid"], entry["gid"])
        new.replace(path)
    elif entry["kind"] == "file":
        write(path, (folder / entry["data"]).read_bytes(), entry["mode"], entry["uid"], entry["gid"])
    else:
        path.mkdir(exist_ok=True)
        os.chown(path, entry["uid"], entry["gid"])
        path.chmod(entry["mode"])
        for name in names(path) - set(entry["members"]):
            remove(path / name)
    return True


def same(entry: Entry, folder: Path) -> bool:
    path = Path(entry["path"])
    try:
        info = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return bool(entry["kind"] == "absent")
    if entry["kind"] == "absent" or (info.st_uid, info.st_gid) != (entry["uid"], entry["gid"]):
        return False
    if entry["kind"] == "link":
        return stat.S_ISLNK(info.st_mode) and str(path.readlink()) == entry["target"]
    if stat.S_IMODE(info.st_mode) != entry["mode"]:
        return False
    if entry["kind"] == "dir":
        return stat.S_ISDIR(info.st_mode) and names(path) <= set(entry["members"])
    return stat.S_ISREG(info.st_mode) and path.read_bytes() == (folder / entry["data"]).read_bytes()


def run(argv: Sequence[str]) -> str:
    """Run a command; the answer is empty when it succeeded, else what went wrong."""
    try:
        # Runs in a unit of the host, without an AnsibleModule.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=COMMAND_SECONDS,
            check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{' '.join(argv)}: {error}"
    if done.returncode == 0:
        return ""
    return f"{' '.join(argv)}: exit {done.returncode}: {done.stdout.strip()[-1500:] or 'no output'}"


def restore(folder: Path, say: Say, *, commands: bool = True) -> list[str]:
    """Put everything back and run the commands; go on after a failure, and tell all of them."""
    manifest = json.loads((folder / "manifest.json").read_text())
    failures = []
    for entry in manifest["entries"]:
        try:
            if put_back(entry, folder):
                say(f"put back {entry['path']} ({entry['kind']})")
        except OSError as error:
            failures.append(f"{entry['path']}: {error}")
    for argv in manifest["restore"] if commands else []:
        failure = run(argv)
        say(failure or f"ran {' '.join(argv)}")
        failures += [failure] if failure else []
    return failures


def unit(name: str, kind: str) -> str:
    return f"adsengineer-parachute-{name}.{kind}"


def forget(folder: Path, outcome: str, units: Path = UNITS) -> None:
    """End an arming: note how it ended, remove what was kept, and last of all the timer."""
    name = folder.name
    manifest = json.loads((folder / "manifest.json").read_text())
    last = {"id": manifest["id"], "outcome": outcome, "at": time.time()}
    write(folder.with_name(f"{name}.last.json"), json.dumps(last).encode(), mode=0o600)
    gone = folder.with_name(f".{name}.gone")
    shutil.rmtree(gone, ignore_errors=True)
    folder.replace(gone)
    shutil.rmtree(gone, ignore_errors=True)
    if (units / unit(name, "timer")).exists():
        disarm(name, units)


def disarm(name: str, units: Path = UNITS) -> None:
    timer = unit(name, "timer")
    run(["systemctl", "stop", timer])
    for path in (units / "timers.target.wants" / timer, units / timer, units / unit(name, "service")):
        path.unlink(missing_ok=True)
    run(["systemctl", "daemon-reload"])


def say(text: str) -> None:
    """Standard output of the service is the journal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """C(parachute NAME): what the timer starts."""
    folder = STATE / arguments[0]
    with locked(STATE):
        if not (folder / "manifest.json").exists():
            say(f"nothing is kept for {folder.name}")
            disarm(folder.name)
            return 0
        say(f"no new login has confirmed {folder.name} in time: putting the old state back")
        failures = restore(folder, say)
        if failures:
            say(f"{len(failures)} steps failed, they are tried again: {'; '.join(failures)}")
            return 1
        say(f"the old state of {folder.name} is back")
        forget(folder, "restored")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
