# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves the API and the runtime until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Generator
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .api.app import ABORT, App
from .api.call import Edge
from .api.checks import Checker, Checks
from .environment import write_ready
from .store import Store

LOOPBACK = "127.0.0.1"
GRACE = 2


class Runs(Checker, Protocol):
    """The runtime as the server needs it."""

    port: int

    @property
    def pid(self) -> int | None:
        """Return the process id of workerd."""

    async def start(self) -> None:
        """Serve deployed Workers."""

    async def stop(self) -> None:
        """Stop serving them."""


class _Protocol(H11Protocol):
    """Lets the application cut its connection, which faults need."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, ABORT: transport.abort}


class _Server(uvicorn.Server):
    """Leaves signals to `serve`, which has the runtime to stop as well."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def listen(port: int) -> socket.socket:
    """Take a port of the loopback address; 0 takes any."""
    # asyncio switches the 40 ms delay of small answers off only where the protocol is named.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


async def serve(store: Store, runtime: Runs, listener: socket.socket, ready: Path) -> None:
    """Serve until SIGTERM or SIGINT; `ready` says where while it does."""
    edge = Edge(store, Checks(runtime))
    server = _Server(_config(App(edge)))
    _stop_on_signal(server)
    try:
        await runtime.start()
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        await _started(server, serving)
        edge.facts.update(_facts(listener, runtime))
        write_ready(ready, edge.facts)
        await serving
    finally:
        ready.unlink(missing_ok=True)
        await runtime.stop()


def _config(app: App) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE,
    )


def _facts(listener: socket.socket, runtime: Runs) -> dict[str, Any]:
    return {
        "api": listener.getsockname()[1],
        "http": runtime.port,
        "pid": os.getpid(),
        "workerd_pid": runtime.pid,
    }


def _stop_on_signal(server: uvicorn.Server) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, server)


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


async def _started(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
