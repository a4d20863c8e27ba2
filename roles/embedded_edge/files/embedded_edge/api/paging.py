# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbered pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .call import Call

HIGHEST_PAGE = 1_000_000


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """Return how many entries come before."""
        return (self.number - 1) * self.size

    def info(self, shown: int, total: int) -> dict[str, Any]:
        """Return the `result_info` of this page."""
        return {
            "page": self.number,
            "per_page": self.size,
            "count": shown,
            "total_count": total,
            "total_pages": -(-total // self.size),
        }

    def of(self, items: list[Any]) -> list[Any]:
        """Cut the page out of a whole list."""
        return items[self.offset : self.offset + self.size]


def requested(call: Call, default: int, most: int, least: int = 1) -> Page:
    """Read `page` and `per_page`."""
    return Page(call.integer("page", 1, 1, HIGHEST_PAGE), call.integer("per_page", default, least, most))
