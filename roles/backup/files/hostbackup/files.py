# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files that are old or new, never torn; and one run at a time."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .problem import Problem


def replace(path: Path, text: str, mode: int = 0o600, *, durable: bool = True) -> None:
    """Write a whole file, or nothing. It is on the disk when this returns, unless it can be made again."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        sync(path.parent)


def sync(folder: Path) -> None:
    """Make the names in a folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_json(path: Path, value: Any, mode: int = 0o600, *, durable: bool = True) -> None:
    """Replace a JSON file."""
    replace(path, json.dumps(value, sort_keys=True) + "\n", mode, durable=durable)


def read_json(path: Path, missing: Any = None) -> Any:
    """What a JSON file holds; ``missing`` when there is none, or only half of one."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return missing


@contextmanager
def alone(path: Path) -> Iterator[int]:
    """Hold the lock that lets one run work at a time.

    Yields its handle: a restic that inherits it keeps the lock held when this process is killed before it.
    """
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(f"Another run of the backup works on this host ({path}). Wait for it.") from None
        yield handle
    finally:
        os.close(handle)
