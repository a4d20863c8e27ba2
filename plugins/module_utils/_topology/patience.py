# SPDX-License-Identifier: GPL-3.0-or-later
"""A limit of processor time for work on what a stranger wrote, such as a pattern that backtracks for ever."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TookTooLong(Exception):
    """The work used up its processor time and was stopped."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Stop the block after so many seconds of processor time. Raises TookTooLong.

    Python's regular expressions look for signals while they search. Only a main thread can have them; in
    another thread nothing is stopped, so check there what was checked before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise TookTooLong


__all__ = ["TookTooLong", "at_most"]
