# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep one workerd serving: after a crash, when it spins, and when it holds too many isolates."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Awaitable, Callable

from .binary import RuntimeUnavailable
from .process import Workerd

__all__ = ["Supervisor"]

_log = logging.getLogger("embedded_edge.runtime")

_PROBE_EVERY = 1.0
_DRAIN = 30.0
_STOP = 3.0
_MISSES = 3
_SPINNING = 0.3
_BACKOFF = (0.0, 0.1, 0.5, 2.0)


class Supervisor:
    """Owns the serving workerd; callers see a short wait at most, as the listening socket isn't its own."""

    def __init__(
        self,
        spawn: Callable[[], Awaitable[Workerd]],
        *,
        patience: float,
        on_new: Callable[[], None],
        tidy: Callable[[], None],
    ) -> None:
        self._spawn = spawn
        self._patience = patience
        self._on_new = on_new
        self._tidy = tidy
        self._current: Workerd | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._draining: set[asyncio.Task[None]] = set()
        self._exchange_wanted = asyncio.Event()
        self._misses = 0

    @property
    def pid(self) -> int | None:
        return self._current.pid if self._current and not self._current.exited.done() else None

    async def start(self) -> None:
        self._current = await self._spawn()
        self._keeping = asyncio.create_task(self._keep(self._current))

    async def stop(self) -> None:
        if self._keeping:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        for draining in self._draining:
            draining.cancel()
        await asyncio.gather(*self._draining, return_exceptions=True)
        if self._current:
            await self._current.stop(_STOP)

    def exchange(self) -> None:
        """Replace workerd by a fresh one soon; requests in flight end in the old one."""
        self._exchange_wanted.set()

    async def _keep(self, workerd: Workerd) -> None:
        while True:
            wanted = asyncio.ensure_future(self._exchange_wanted.wait())
            try:
                await asyncio.wait(
                    {workerd.exited, wanted}, timeout=_PROBE_EVERY, return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                wanted.cancel()
            if workerd.exited.done():
                _log.warning("workerd ended with status %s: starting it again", workerd.exited.result())
                workerd = await self._renew(workerd)
            elif self._exchange_wanted.is_set():
                workerd = await self._renew(workerd)
            else:
                self._tidy()
                await self._probe(workerd)

    async def _renew(self, old: Workerd) -> Workerd:
        self._exchange_wanted.clear()
        self._misses = 0
        self._current = new = await self._spawned()
        self._on_new()
        retiring = asyncio.create_task(old.stop(_DRAIN))
        self._draining.add(retiring)
        retiring.add_done_callback(self._draining.discard)
        return new

    async def _spawned(self) -> Workerd:
        """Start one, however often that takes: a full disk or an upgrade of the binary may end."""
        for wait in itertools.chain(_BACKOFF, itertools.repeat(_BACKOFF[-1])):
            await asyncio.sleep(wait)
            try:
                return await self._spawn()
            except (OSError, RuntimeUnavailable) as error:
                _log.error("workerd can't be started again, trying on: %s", error)
        raise AssertionError

    async def _probe(self, workerd: Workerd) -> None:
        """Kill a workerd that a Worker keeps busy for ever; a merely slow machine gets more time."""
        began, used = time.monotonic(), workerd.cpu_seconds()
        try:
            await asyncio.wait_for(workerd.ask("GET"), self._patience)
        except TimeoutError:
            self._misses += 1
            busy = (workerd.cpu_seconds() - used) / (time.monotonic() - began)
            if busy > _SPINNING or self._misses >= _MISSES:
                _log.error(
                    "no answer from workerd for %.0f s (a Worker that loops for ever?): restarting it",
                    self._patience,
                )
                workerd.kill()
        except OSError:
            pass
        else:
            self._misses = 0
