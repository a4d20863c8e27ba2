# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a version start? Asked in a workerd of its own, which a Worker that spins at startup can't hurt."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from embedded_edge.bundle import Bundle, Check

from .binary import RuntimeUnavailable
from .definition import BundleError, definition
from .process import Workerd

__all__ = ["Checker"]

_CPU_LIMIT = 2.0
_WALL_LIMIT = 10.0
_POLL = 0.1
_RENEW_AFTER = 500
_REMEMBERED = 256

_TOO_SLOW = "Script startup exceeded CPU time limit."
_NO_HANDLERS = "The uploaded script has no registered event handlers."


class Checker:
    """Checks one bundle at a time; the same code is checked once."""

    def __init__(self, spawn: Callable[[], Awaitable[Workerd]], build_date: str) -> None:
        self._spawn = spawn
        self._build_date = build_date
        self._workerd: Workerd | None = None
        self._lock = asyncio.Lock()
        self._checked = 0
        self._known: OrderedDict[str, Check] = OrderedDict()

    async def stop(self) -> None:
        async with self._lock:
            await self._drop()

    async def check(self, bundle: Bundle) -> Check:
        """Compile and start the bundle; a remembered answer keeps the time it took then."""
        try:
            wanted = definition(bundle, self._build_date)
        except BundleError as error:
            return Check(False, str(error), (), 0)
        key = _fingerprint(wanted)
        async with self._lock:
            if key not in self._known:
                self._remember(key, await self._run(json.dumps(wanted).encode()))
            return self._known[key]

    def _remember(self, key: str, check: Check) -> None:
        self._known[key] = check
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def _run(self, body: bytes) -> Check:
        workerd = await self._ready()
        began = time.monotonic()
        asked = asyncio.ensure_future(workerd.ask("POST", body))
        try:
            intime = await _within_limits(workerd, asked)
        except asyncio.CancelledError:
            asked.cancel()
            raise
        milliseconds = max(1, round((time.monotonic() - began) * 1000))
        if intime and asked.exception() is None:
            return _verdict(json.loads(asked.result()), milliseconds)
        asked.cancel()
        await self._drop()
        if intime:
            raise RuntimeUnavailable("the workerd that checks uploads ended: try again")
        return Check(False, _TOO_SLOW, (), milliseconds)

    async def _ready(self) -> Workerd:
        if self._workerd and (self._workerd.exited.done() or self._checked >= _RENEW_AFTER):
            await self._drop()
        if self._workerd is None:
            self._workerd = await self._spawn()
        self._checked += 1
        return self._workerd

    async def _drop(self) -> None:
        if self._workerd:
            await self._workerd.stop(0)
        self._workerd, self._checked = None, 0


async def _within_limits(workerd: Workerd, asked: asyncio.Future[bytes]) -> bool:
    """Wait for the answer; processor time counts, so that a busy machine fails no good Worker."""
    used, deadline = workerd.cpu_seconds(), time.monotonic() + _WALL_LIMIT
    while not asked.done():
        await asyncio.wait({asked}, timeout=_POLL)
        if workerd.cpu_seconds() - used > _CPU_LIMIT or time.monotonic() > deadline:
            return asked.done()
    return True


def _verdict(answer: dict[str, Any], milliseconds: int) -> Check:
    if not answer["ok"]:
        return Check(False, answer["message"], (), milliseconds)
    if not answer["handlers"] and not answer["classes"]:
        return Check(False, _NO_HANDLERS, (), milliseconds)
    return Check(True, "", tuple(answer["handlers"]), milliseconds)


def _fingerprint(wanted: dict[str, Any]) -> str:
    """Bindings count only where code can see them as it starts: a fleet's uploads differ in them alone."""
    flags = wanted["compatibilityFlags"]
    sees = "nodejs_compat" in flags or any(
        "cloudflare:" in module.get("text", "") for module in wanted["modules"].values()
    )
    shape = wanted["bindings"] if sees else []
    text = json.dumps({**wanted, "bindings": shape}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
