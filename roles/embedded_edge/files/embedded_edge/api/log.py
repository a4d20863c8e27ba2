# SPDX-License-Identifier: GPL-3.0-or-later
"""The last requests, without bodies and without tokens."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 20_000
LONGEST_PATH = 2048


@dataclass(frozen=True)
class Entry:
    """A request; `token` is the start of the token's digest, `status` is 0 when no answer was sent."""

    seq: int
    at: float
    method: str
    path: str
    query: str
    status: int
    token: str
    ms: float
    fault: str | None


class RequestLog:
    """A ring of entries numbered from 1."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self.last = 0

    def add(
        self,
        at: float,
        method: str,
        path: str,
        query: str,
        status: int,
        token: str,
        ms: float,
        fault: str | None,
    ) -> None:
        """Note a request."""
        self.last += 1
        path, query = path[:LONGEST_PATH], query[:LONGEST_PATH]
        self._entries.append(Entry(self.last, at, method, path, query, status, token, ms, fault))

    def since(self, seq: int) -> list[dict[str, Any]]:
        """List what came after that number."""
        return [asdict(entry) for entry in self._entries if entry.seq > seq]

    def clear(self) -> None:
        """Forget the entries; the numbers go on."""
        self._entries.clear()
