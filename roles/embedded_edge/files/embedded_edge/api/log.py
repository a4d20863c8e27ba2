# SPDX-License-Identifier: GPL-3.0-or-later
"""The last requests, without bodies and without tokens."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, replace
from typing import Any

KEPT = 20_000
LONGEST_PATH = 2048


@dataclass(frozen=True)
class Entry:
    """A request; `token` is the start of the token's digest, `status` is 0 when no answer was sent."""

    at: float
    method: str
    path: str
    query: str
    status: int
    token: str
    ms: float
    fault: str | None
    ray: str


class RequestLog:
    """A ring of entries numbered from 1."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[tuple[int, Entry]] = deque(maxlen=kept)
        self.last = 0

    def add(self, entry: Entry) -> None:
        """Note a request."""
        self.last += 1
        short = replace(entry, path=entry.path[:LONGEST_PATH], query=entry.query[:LONGEST_PATH])
        self._entries.append((self.last, short))

    def since(self, seq: int) -> list[dict[str, Any]]:
        """List what came after that number."""
        return [{"seq": number, **asdict(entry)} for number, entry in self._entries if number > seq]

    def clear(self) -> None:
        """Forget the entries; the numbers go on."""
        self._entries.clear()
