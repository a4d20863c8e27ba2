# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform's rate limit, switched off unless a test asks for it."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

LIMIT = 1200
WINDOW = 300.0


@dataclass
class _Counter:
    times: deque[float] = field(default_factory=deque)
    blocked_until: float = 0.0


class Rates:
    """So many calls in a window by token; one too many blocks every call for the next window."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counters: dict[str, _Counter] = {}
        self.limit: int | None = None
        self.window = WINDOW

    def configure(self, limit: int | None, window: float = WINDOW) -> None:
        """Switch the limit on or, with nothing, off; counting starts anew."""
        self.limit, self.window = limit, window
        self._counters.clear()

    def spend(self, token: str) -> int | None:
        """Count a call; return the seconds to wait when it is one too many."""
        if self.limit is None:
            return None
        now, counter = self._clock(), self._counters.setdefault(token, _Counter())
        if now < counter.blocked_until:
            return math.ceil(counter.blocked_until - now)
        while counter.times and counter.times[0] <= now - self.window:
            counter.times.popleft()
        counter.times.append(now)
        if len(counter.times) <= self.limit:
            return None
        counter.times.clear()
        counter.blocked_until = now + self.window
        return math.ceil(self.window)

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers that tell how much is left."""
        if self.limit is None:
            return {}
        left = max(0, self.limit - len(self._counters.get(token, _Counter()).times))
        window = math.ceil(self.window)
        return {
            "ratelimit": f'"default";r={left};t={window}',
            "ratelimit-policy": f'"default";q={self.limit};w={window}',
        }
