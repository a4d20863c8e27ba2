# SPDX-License-Identifier: GPL-3.0-or-later
"""Time stamps and identifiers as the API writes them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], float]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stamps:
    """RFC 3339 times with microseconds that never repeat nor go back."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        """Return the time now, later than any returned before."""
        self._last = max(int(self._clock() * 1_000_000), self._last + 1)
        moment = EPOCH + timedelta(microseconds=self._last)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def new_uuid() -> str:
    """Return the id of a version or deployment."""
    return str(uuid.uuid4())


def new_id() -> str:
    """Return the id of anything else: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def stable_id(kind: str, name: str) -> str:
    """Derive an id from a name, so that it stays when the state is deleted."""
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()[:32]
