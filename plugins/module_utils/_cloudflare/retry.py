# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long to wait before a call is made again: pure arithmetic on an answer's headers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

_REMAINING = re.compile(r"\br=(\d+)")
_RESET = re.compile(r"\bt=(\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits of patience; times in seconds.

    ``attempts`` bounds failures other than 429, ``throttled`` the answers 429. A 429 that asks for more
    than ``longest`` is an error at once: the API's own block lasts 300 s.
    """

    attempts: int = 4
    throttled: int = 5
    base: float = 0.5
    cap: float = 8.0
    longest: float = 330.0

    def jitter(self, attempt: int, random: Callable[[], float]) -> float:
        """Full jitter: anything between nothing and the doubled, capped base (attempt counts from 0)."""
        return random() * min(self.cap, self.base * 2.0**attempt)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that ``Retry-After`` asks for, as a number or an HTTP date (RFC 9110, 10.2.3)."""
    raw = headers.get("retry-after", "").strip()
    if not raw:
        return None
    try:
        return max(0.0, float(raw)) if float(raw) < float("inf") else None
    except ValueError:
        return _until(raw, now)


def exhausted_for(headers: Mapping[str, str]) -> float | None:
    """Seconds until calls are allowed again, if ``Ratelimit: "default";r=0;t=30`` says none are left."""
    raw = headers.get("ratelimit", "")
    remaining, reset = _REMAINING.search(raw), _RESET.search(raw)
    if not remaining or not reset or int(remaining[1]) > 0:
        return None
    return float(reset[1])


def _until(raw: str, now: float) -> float | None:
    try:
        when = parsedate_to_datetime(raw)
    except ValueError:
        return None
    return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now)


__all__ = ["Policy", "exhausted_for", "retry_after"]
