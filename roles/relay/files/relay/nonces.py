# SPDX-License-Identifier: GPL-3.0-or-later
"""Which signatures were used already."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

#: Seconds beyond its end that a nonce is kept, in case this clock is set back.
MARGIN = 300
MOST = 500_000


class Nonces:
    """Nonces by plane with the times when their signatures end. In memory: the audit brings them back."""

    def __init__(self, known: Iterable[tuple[str, str, int]] = ()) -> None:
        self._used: set[tuple[str, str]] = set()
        self._ends: list[tuple[int, str, str]] = []
        for plane, nonce, end in known:
            self._remember(plane, nonce, end)

    def use(self, plane: str, nonce: str, end: int, now: float) -> bool:
        """Take a nonce; whether nobody had taken it before. Raises OverflowError when there are too many."""
        self._forget(now)
        if (plane, nonce) in self._used:
            return False
        if len(self._used) >= MOST:
            raise OverflowError
        self._remember(plane, nonce, end)
        return True

    def _remember(self, plane: str, nonce: str, end: int) -> None:
        self._used.add((plane, nonce))
        heapq.heappush(self._ends, (end, plane, nonce))

    def _forget(self, now: float) -> None:
        while self._ends and self._ends[0][0] + MARGIN < now:
            _end, plane, nonce = heapq.heappop(self._ends)
            self._used.discard((plane, nonce))
