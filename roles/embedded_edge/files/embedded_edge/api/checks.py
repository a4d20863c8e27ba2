# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the runtime whether code compiles and starts, once for the same content."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from typing import Protocol

from ..bundle import Bundle, Check
from .errors import ApiError

REMEMBERED = 512


class Checker(Protocol):
    """The part of the runtime that the API needs."""

    async def check(self, bundle: Bundle) -> Check:
        """Compile and start a bundle."""


class Checks:
    """Remembers verdicts by content; calls for the same content wait for one another."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._known: OrderedDict[str, Check] = OrderedDict()
        self._running: dict[str, asyncio.Task[Check]] = {}

    async def check(self, etag: str, bundle: Bundle) -> Check:
        """Return the verdict on a bundle with this content."""
        key = _key(etag, bundle)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._run(key, bundle))
        return await asyncio.shield(task)

    async def _run(self, key: str, bundle: Bundle) -> Check:
        try:
            verdict = await self._checker.check(bundle)
        except Exception as error:
            raise ApiError(503, 10001, f"The code cannot be checked now: {error}"[:500]) from error
        finally:
            del self._running[key]
        self._known[key] = verdict
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return verdict


def _key(etag: str, bundle: Bundle) -> str:
    names = sorted(f"{binding['name']}:{binding['type']}" for binding in bundle.bindings)
    parts = [etag, bundle.compatibility_date, *bundle.compatibility_flags, "|", *names]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
