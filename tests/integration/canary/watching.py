# SPDX-License-Identifier: GPL-3.0-or-later
"""What others on the machine see of the processes of a run: arguments and environments."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAUSE = 0.03


@contextmanager
def watched(dest: Path) -> Iterator[None]:
    """Look at the processes that begin below this one, again and again, and write what was seen to a file.

    One that lives for a moment only may be missed.
    """
    before, seen, end = set(_children(os.getpid())), set[bytes](), threading.Event()

    def look() -> None:
        while not end.wait(_PAUSE):
            for pid in _below(os.getpid(), before):
                seen.update(_shown(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
        dest.write_bytes(b"\n".join(sorted(seen)))


def _below(pid: int, without: set[int]) -> Iterator[int]:
    for child in _children(pid):
        if child not in without:
            yield child
            yield from _below(child, without)


def _children(pid: int) -> list[int]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for text in _read(lists) for child in text.split()]


def _shown(pid: int) -> list[bytes]:
    return _read(Path(f"/proc/{pid}/{name}") for name in ("cmdline", "environ"))


def _read(paths: Iterator[Path]) -> list[bytes]:
    """What can be read; a process may end meanwhile."""
    found = []
    try:
        for path in paths:
            found.append(path.read_bytes())
    except OSError:
        pass
    return found
