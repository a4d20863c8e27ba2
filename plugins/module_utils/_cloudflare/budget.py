# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The call budget of a token, shared by every process of a user on this machine.

The API allows 1,200 calls in 300 s for one token and then refuses everything for five minutes. A
:class:`Budget` keeps the times of the last 1,200 calls in a ring: a call may go out when the slot it
takes over is 300 s old. The ring is a file of 10 KB in the user's cache folder, read and written under
a lock. Where no file can be made, the ring is kept in memory and counts this process alone.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import os
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

WINDOW = 300.0
LIMIT = 1200
_LONG = 5.0  # seconds; a shorter wait needs no explanation
_HEAD = struct.Struct("<Qd")  # the number of the next call, and the time until which all calls wait
_SLOT = struct.Struct("<d")
_SIZE = _HEAD.size + LIMIT * _SLOT.size


class Budget:
    """Hands out the right to make one call, and waits (it never fails) until there is one."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        limit: int = LIMIT,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
        notice: Callable[[float], object] | None = None,
    ) -> None:
        if not 1 <= limit <= LIMIT:
            raise ValueError(f"limit must be between 1 and {LIMIT}")
        self._path, self._limit = path, limit
        self._clock, self._sleep = clock, sleep
        self._notice, self._told_until = notice, 0.0
        self._memory = bytearray(_SIZE)
        self._lock = threading.Lock()

    @classmethod
    def for_token(
        cls,
        api_token: str,
        *,
        limit: int = LIMIT,
        folder: Path | None = None,
        notice: Callable[[float], object] | None = None,
    ) -> Budget:
        """The budget of a token; its file is named by a digest, never by the token.

        ``notice`` is told the seconds of a long wait, once for all threads that share it.
        """
        digest = hashlib.sha256(b"adsengineer.orchestrator budget\0" + api_token.encode()).hexdigest()
        return cls(_usable(folder or _cache_folder(), f"budget-{digest[:32]}"), limit=limit, notice=notice)

    def acquire(self) -> float:
        """Wait for the right to make one call; answer the seconds waited."""
        waited = 0.0
        while pause := self._take():
            self._tell(pause)
            self._sleep(pause)
            waited += pause
        return waited

    def block(self, seconds: float) -> None:
        """Let every process wait: the API said that no call is allowed for so long."""
        now = self._clock()
        until = now + min(max(seconds, 0.0), 2 * WINDOW)
        with self._ring() as ring:
            number, blocked = _head(ring, now)
            _HEAD.pack_into(ring, 0, number, max(until, blocked))

    def _tell(self, pause: float) -> None:
        now = self._clock()
        with self._lock:
            due = pause >= _LONG and now >= self._told_until
            if due:
                self._told_until = now + pause
        if due and self._notice:
            self._notice(pause)

    def _take(self) -> float:
        """Take the next slot and answer 0, or answer for how long there is none."""
        with self._ring() as ring:
            now = self._clock()
            number, blocked = _head(ring, now)
            oldest = _slot(ring, number - self._limit, now) if number >= self._limit else 0.0
            pause = max(blocked - now, oldest + WINDOW - now, 0.0)
            if pause == 0.0:
                _SLOT.pack_into(ring, _offset(number), now)
                _HEAD.pack_into(ring, 0, number + 1, blocked)
            return pause

    @contextmanager
    def _ring(self) -> Iterator[bytearray]:
        with self._lock, ExitStack() as stack:
            ring = self._memory
            if self._path is not None:
                # The file may vanish or the disk fill up at any time; pacing must never fail a call.
                with suppress(OSError):
                    ring = stack.enter_context(_locked(self._path))
            yield ring


def _offset(number: int) -> int:
    return _HEAD.size + (number % LIMIT) * _SLOT.size


def _head(ring: bytearray, now: float) -> tuple[int, float]:
    number, blocked = _HEAD.unpack_from(ring, 0)
    return number % 2**62, _sane(blocked, now)


def _slot(ring: bytearray, number: int, now: float) -> float:
    return _sane(_SLOT.unpack_from(ring, _offset(number))[0], now)


def _sane(value: float, now: float) -> float:
    """The time, or the distant past for one that only a clock set back or a damaged file can hold."""
    return value if math.isfinite(value) and value <= now + 2 * WINDOW else 0.0


@contextmanager
def _locked(path: Path) -> Iterator[bytearray]:
    # Opened for each call: locks of one open file would be shared with forked children.
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        ring = bytearray(os.pread(handle, _SIZE, 0).ljust(_SIZE, b"\0"))
        before = bytes(ring)
        yield ring
        if ring != before:
            with suppress(OSError):
                os.pwrite(handle, ring, 0)
    finally:
        os.close(handle)


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(base) / "adsengineer.orchestrator"


def _usable(folder: Path, name: str) -> Path | None:
    """The path of the file if it can be written, else None."""
    with suppress(OSError, RuntimeError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(folder / name):
            return folder / name
    return None


__all__ = ["LIMIT", "WINDOW", "Budget"]
