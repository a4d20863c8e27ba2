# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose locks are in a repository. Only that of a dead process of this host may be removed."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

#: restic itself takes a lock for stale that was not refreshed for so long, whosever it is.
RESTIC_STALE = datetime.timedelta(minutes=30)


@dataclass(frozen=True)
class Lock:
    """As restic writes it; ``time`` is when it was last refreshed."""

    id: str
    hostname: str
    pid: int
    time: datetime.datetime
    exclusive: bool = False

    def __str__(self) -> str:
        kind = "exclusive lock" if self.exclusive else "lock"
        return f"{kind} {self.id[:8]} of process {self.pid} on {self.hostname}, of {self.time:%Y-%m-%d %H:%M}"


@dataclass(frozen=True)
class Judgement:
    """``dead`` are ours without a process, ``others`` stay; C(restic unlock) would take ``sweep`` of them."""

    dead: tuple[Lock, ...]
    others: tuple[Lock, ...]
    sweep: tuple[Lock, ...]


def judge(
    locks: Iterable[Lock], hostname: str, alive: Callable[[int], bool], now: datetime.datetime
) -> Judgement:
    """Sort the locks of a repository."""
    found = list(locks)
    dead = tuple(lock for lock in found if lock.hostname == hostname and not alive(lock.pid))
    others = tuple(lock for lock in found if lock not in dead)
    return Judgement(dead, others, tuple(lock for lock in others if now - lock.time > RESTIC_STALE))


def alive(pid: int, proc: Path = Path("/proc")) -> bool:
    """Whether a restic of that number runs. Not a dead one that nobody waited for, nor another program."""
    try:
        name, _end, rest = (proc / str(pid) / "stat").read_text().rpartition(")")
    except OSError:
        return False
    return "(restic" in name and rest.split()[0] not in "ZX"
