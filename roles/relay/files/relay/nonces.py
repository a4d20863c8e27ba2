# SPDX-License-Identifier: GPL-3.0-or-later
"""Which signatures were used already."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable

from .signature import WINDOW

#: Seconds beyond its end that a nonce is kept, in case the host's clock is set back.
MARGIN = 300
#: A signature may be made WINDOW seconds ahead and end WINDOW seconds later.
KEPT = 2 * WINDOW + MARGIN
MOST = 500_000


class Nonces:
    """Nonces by plane, each kept for KEPT seconds. In memory: the audit brings them back.

    ``clock`` never leaps: a leap of the host's clock would forget them, and its way back let them in again.
    """

    def __init__(
        self, known: Iterable[tuple[str, str]] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._used: set[tuple[str, str]] = set()
        self._taken: deque[tuple[float, tuple[str, str]]] = deque()
        for one in known:
            self._remember(one)

    def use(self, plane: str, nonce: str) -> bool:
        """Take a nonce; whether nobody had taken it before. Raises OverflowError when there are too many."""
        self._forget()
        if (plane, nonce) in self._used:
            return False
        if len(self._used) >= MOST:
            raise OverflowError
        self._remember((plane, nonce))
        return True

    def _remember(self, one: tuple[str, str]) -> None:
        self._used.add(one)
        self._taken.append((self._clock(), one))

    def _forget(self) -> None:
        while self._taken and self._taken[0][0] + KEPT < self._clock():
            self._used.discard(self._taken.popleft()[1])
