# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers as JSON knows them, where Python counts true and false among them."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_number(value: Any, low: float, high: float) -> TypeGuard[float]:
    """Say whether this is a number from `low` to `high`."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def is_whole(value: Any, low: int, high: float) -> TypeGuard[int]:
    """Say whether this is a whole number from `low` to `high`, written without a fraction."""
    return isinstance(value, int) and is_number(value, low, high)
