# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which processes serve a run directory, known by their command lines, and how they are ended."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from .layout import Layout

_PATIENCE = 15.0
_PROC = Path("/proc")


def edge(layout: Layout, pid: int) -> bool:
    """A process number can be given again: only one that serves this run directory counts."""
    words = _words(pid)
    return b"embedded_edge" in words and os.fsencode(layout.run) in words


def relays(layout: Layout, folder: Path | None = None) -> list[int]:
    """The relays of this run directory, or the one whose files are in a folder."""
    place = os.fsencode(folder or layout.relays) + b"/"
    return [pid for pid in _all() if _relay(_words(pid), place)]


def supervisor(layout: Layout) -> list[int]:
    """This run directory's PM2 daemon, which names itself after its home."""
    try:
        pid = int((layout.pm2_home / "pm2.pid").read_text())
    except (OSError, ValueError):
        return []
    named = b" ".join(_words(pid))
    return [pid] if b"PM2" in named and os.fsencode(layout.pm2_home) in named else []


def left(layout: Layout) -> list[int]:
    """Processes that serve this run directory although PM2 is gone."""
    return [*(pid for pid in _all() if edge(layout, pid)), *relays(layout)]


def end(pids: list[int]) -> None:
    """End processes, those that don't listen by force."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, kind)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            pids = [pid for pid in pids if _words(pid) != [b""] and _words(pid)]
            if not pids:
                return
            time.sleep(0.05)


def _relay(words: list[bytes], place: bytes) -> bool:
    return b"relay" in words and any(word.startswith(place) for word in words)


def _all() -> list[int]:
    return [int(entry.name) for entry in _PROC.glob("[0-9]*")]


def _words(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


__all__ = ["edge", "end", "left", "relays", "supervisor"]
