# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker's volumes: where they are, and containers that stand still while theirs is copied."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .files import read_json, write_json
from .problem import Problem

#: Where the engine keeps volumes, and finds those that were put there before it started.
VOLUMES = Path("/var/lib/docker/volumes")


def mountpoint(volume: str) -> Path:
    """The folder of a volume that is there."""
    found = _docker("volume", "inspect", "--format", "{{.Mountpoint}}", volume)
    return Path(found.strip())


def made(volume: str) -> Path:
    """The folder of a volume, made when it is missing; without an engine, where one will find it."""
    try:
        _docker("volume", "create", volume)
        return mountpoint(volume)
    except Problem:
        if _answers():
            raise
    place = VOLUMES / volume / "_data"
    place.mkdir(mode=0o755, parents=True, exist_ok=True)
    for folder in (VOLUMES, VOLUMES / volume):
        folder.chmod(0o701)
    return place


@contextmanager
def still(volume: str, note: Path) -> Iterator[None]:
    """Pause the containers that use a volume. ``note`` says which, for :func:`thaw` after a crash."""
    running = _running(volume)
    if not running:
        yield
        return
    write_json(note, running)
    try:
        _docker("pause", *running)
        yield
    finally:
        thaw(note)


def thaw(note: Path) -> list[str]:
    """Let go on what was paused. Answers which containers."""
    paused = read_json(note, [])
    for one in paused:
        # One that is gone, or was let go already, needs nothing.
        subprocess.run(["docker", "unpause", one], capture_output=True, check=False)
    note.unlink(missing_ok=True)
    return list(paused)


def restarted(volume: str) -> None:
    """Start containers again whose volume was exchanged: they hold the folder they started with."""
    running = _running(volume) if _answers() else []
    if running:
        _docker("restart", *running)


def _running(volume: str) -> list[str]:
    return _docker("ps", "--quiet", "--filter", f"volume={volume}", "--filter", "status=running").split()


def _answers() -> bool:
    try:
        return subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _docker(*words: str) -> str:
    try:
        ran = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    except OSError:
        raise Problem(
            "Docker is not installed here, but a volume is to be saved: run the role docker."
        ) from None
    if ran.returncode:
        raise Problem(f"docker {words[0]} {words[-1]}: {ran.stderr.strip()[-300:]}")
    return ran.stdout
