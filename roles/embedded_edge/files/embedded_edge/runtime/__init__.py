# SPDX-License-Identifier: GPL-3.0-or-later
"""Run deployed Workers in workerd.

Two workerd processes, both children that die with this one: the first serves, the second checks uploads.
Each has one static host Worker (host/), which loads versions when they are first asked for, and asks the
application in internal.py, in this process, for everything it needs: routes, deployments, code and KV.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from embedded_edge.bundle import Bundle, Check, Source

from . import log, process
from .binary import RuntimeUnavailable, find
from .checker import Checker
from .internal import Internal
from .server import served
from .sockets import Folder, listen_tcp
from .supervisor import Supervisor

__all__ = ["Check", "NoRuntime", "Runtime", "RuntimeUnavailable", "Source"]

_log = logging.getLogger("embedded_edge.runtime")


class Runtime:
    """Answers for deployed Workers on 127.0.0.1:`port`, and checks uploads.

    `max_isolates` bounds the versions that are in memory (about 2 MB each): past it a fresh workerd takes
    over. A Worker that keeps the processor for `patience` seconds stops all the others, as there is one
    thread: workerd is then restarted, which cuts the requests in flight.
    """

    def __init__(
        self,
        source: Source,
        directory: Path,
        http_port: int,
        workerd: str | None = None,
        *,
        max_isolates: int = 400,
        patience: float = 5.0,
    ) -> None:
        self.port = http_port
        self._source = source
        self._directory = directory
        self._workerd = workerd
        self._max_isolates = max_isolates
        self._patience = patience
        self._loaded = 0
        self._opened = contextlib.AsyncExitStack()
        self._supervisor: Supervisor | None = None
        self._checker: Checker | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the serving workerd, None when there is none; a restart changes it."""
        return self._supervisor.pid if self._supervisor else None

    async def start(self) -> None:
        """Serve; RuntimeUnavailable says in one line why that isn't possible."""
        async with contextlib.AsyncExitStack() as opened:
            await self._open(opened)
            self._opened = opened.pop_all()

    async def stop(self) -> None:
        """End both processes; requests in flight get a few seconds."""
        await self._opened.aclose()
        self._supervisor = self._checker = None

    async def check(self, bundle: Bundle) -> Check:
        """Tell whether the bundle compiles and starts, and what it handles."""
        if self._checker is None:
            raise RuntimeUnavailable("the runtime isn't started")
        return await self._checker.check(bundle)

    async def _open(self, opened: contextlib.AsyncExitStack) -> None:
        binary = find(self._workerd)
        http = opened.enter_context(listen_tcp(self.port))
        self.port = http.getsockname()[1]
        log.trim(self._directory)
        folder = opened.enter_context(contextlib.closing(Folder(self._directory)))
        opened.callback(folder.remove, "internal.sock")
        internal = Internal(self._source, binary.build_date, self._count)
        await opened.enter_async_context(served(internal.app, folder.listen("internal.sock")))

        self._supervisor = Supervisor(
            lambda: process.start(binary, "edge", folder, http),
            patience=self._patience,
            on_new=self._forget_count,
            tidy=lambda: log.trim(self._directory),
        )
        self._checker = Checker(lambda: process.start(binary, "checker", folder), binary.build_date)
        opened.push_async_callback(self._supervisor.stop)
        opened.push_async_callback(self._checker.stop)
        await self._supervisor.start()

    def _count(self) -> None:
        self._loaded += 1
        if self._loaded > self._max_isolates and self._supervisor:
            _log.info("%d versions are loaded: a fresh workerd takes over", self._loaded)
            self._supervisor.exchange()

    def _forget_count(self) -> None:
        self._loaded = 0


class NoRuntime:
    """Stands in where deployed Workers aren't run: every bundle passes."""

    pid: int | None = None
    port: int = 0

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def check(self, bundle: Bundle) -> Check:
        """Say yes."""
        return Check(True, "", ("fetch",), 1)
