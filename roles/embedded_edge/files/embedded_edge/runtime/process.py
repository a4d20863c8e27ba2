# SPDX-License-Identifier: GPL-3.0-or-later
"""One workerd process."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from .binary import Binary, RuntimeUnavailable
from .sockets import Folder, call

__all__ = ["Workerd", "start"]

_HERE = Path(__file__).resolve().parent
_CONFIG = _HERE / "host" / "edge.capnp"
_LAUNCHER = _HERE / "launch.py"
_READY_WITHIN = 30.0
_numbers = itertools.count(1)


class Workerd:
    """A running workerd; `exited` is done when it has ended, for whatever reason."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Folder, control: str) -> None:
        self._process = process
        self._folder = folder
        self._control = control
        self.pid = process.pid
        self.exited = asyncio.ensure_future(process.wait())

    async def ask(self, method: str, body: bytes = b"") -> bytes:
        """Ask its control entry point."""
        return await call(self._folder.short(self._control), method, body)

    def cpu_seconds(self) -> float:
        """Processor time used so far; 0 once it has ended."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def stop(self, grace: float) -> None:
        """Let requests in flight finish for `grace` seconds, then kill it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait({self.exited}, timeout=grace)
        finally:
            self.kill()
            self._folder.remove(self._control)
        await self.exited


async def start(binary: Binary, config: str, folder: Folder, http: socket.socket | None = None) -> Workerd:
    """Start workerd with one of the configurations in edge.capnp and return it once it answers."""
    control = f"control-{next(_numbers)}.sock"
    with folder.listen(control) as listening, (folder.path / "workerd.log").open("ab") as log:
        sockets = {"control": listening, **({"http": http} if http else {})}
        process = await asyncio.create_subprocess_exec(
            *_command(binary, config, sockets),
            cwd=folder.path,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[one.fileno() for one in sockets.values()],
            start_new_session=True,
        )
    workerd = Workerd(process, folder, control)
    try:
        await _ready(workerd, binary, folder)
    except BaseException:
        await asyncio.shield(workerd.stop(0))
        raise
    return workerd


def _command(binary: Binary, config: str, sockets: Mapping[str, socket.socket]) -> list[str]:
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid())]
    given = [f"--socket-fd={name}={one.fileno()}" for name, one in sockets.items()]
    return [*launcher, str(binary.path), "serve", "--experimental", str(_CONFIG), config, *given]


async def _ready(workerd: Workerd, binary: Binary, folder: Folder) -> None:
    """The socket listens already, so one request waits in its queue until workerd takes it."""
    answer = asyncio.ensure_future(workerd.ask("GET"))
    try:
        await asyncio.wait(
            {answer, workerd.exited}, timeout=_READY_WITHIN, return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        answer.cancel()
    if answer.done() and answer.exception() is None:
        return
    ended = f"ended with status {workerd.exited.result()}" if workerd.exited.done() else "doesn't answer"
    where = f"see {folder.path / 'workerd.log'}"
    raise RuntimeUnavailable(f"workerd at {binary.path} {ended} ({where})")
