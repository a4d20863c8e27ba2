# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts and stops the embedded edge, and removes its run directory."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import http.client
import json
import shutil
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import choice, install, pm2, ports, processes, relays
from .layout import Layout, digest, private
from .pm2 import Settings
from .problem import Problem

MARK = ".embedded-edge"
_START = 30.0


@dataclass(frozen=True)
class Serving:
    """What a serving embedded edge says of itself."""

    api_port: int
    http_port: int
    pid: int


@contextlib.contextmanager
def locked(run: Path) -> Iterator[None]:
    """Hold a run directory for this process; make it when there is none. A second process waits."""
    try:
        _refuse_foreign(run)
        private(run)
        handle = (run / MARK).open("a")
    except OSError as error:
        raise _unwritable(run, error) from None
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield
        except OSError as error:
            raise _unwritable(run, error) from None


def _refuse_foreign(run: Path) -> None:
    """A folder with anything else in it must not be closed to others, nor removed."""
    if run.is_dir() and not (run / MARK).exists() and any(run.iterdir()):
        raise Problem(
            f"{run} is no run directory of an embedded edge, and it isn't empty",
            "Choose another folder with embedded_edge_dir",
        )


def _unwritable(run: Path, error: OSError) -> Problem:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Problem(f"the disk is full at {run}", "Free some space, or choose another embedded_edge_dir")
    place = error.filename or run
    return Problem(
        f"{place} can't be written: {error.strerror}",
        "Run it as the user who owns that folder, or choose another with embedded_edge_dir",
    )


def serving(layout: Layout) -> Serving | None:
    """Answer the embedded edge of this run directory, when it lives and answers."""
    try:
        said = json.loads(layout.ready.read_text())
        found = Serving(int(said["api"]), int(said["http"]), int(said["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if processes.edge(layout, found.pid) and _healthy(found.api_port) else None


def current(layout: Layout, settings: Settings) -> bool:
    """Tell whether it serves as declared, supervised, with the code that is there now."""
    now = serving(layout)
    if now is None or not processes.supervisor(layout) or (now.api_port, now.http_port) != settings.ports[:2]:
        return False
    try:
        return layout.ecosystem.read_text() == _declared(layout, settings)
    except OSError:
        return False


def check_ports(layout: Layout, settings: Settings, by: str) -> None:
    """Refuse ports that are held by anybody but what runs here, while that goes on."""
    now = serving(layout)
    _check_ports(settings, by, {*((now.api_port, now.http_port) if now else ()), *relays.held(layout)})


def make_way(layout: Layout, settings: Settings, by: str) -> None:
    """Stop what runs here, and refuse ports that are taken."""
    stop(layout)
    _check_ports(settings, by)


def start(layout: Layout, settings: Settings, by: str) -> Serving:
    """Start it under PM2 as declared and wait until it serves; one that runs differently is stopped first."""
    make_way(layout, settings, by)
    choice.remember(layout, settings.ports)
    layout.ready.unlink(missing_ok=True)
    layout.output.write_text("")
    layout.ecosystem.write_text(_declared(layout, settings))
    node = install.node(layout)
    if node is None:
        raise Problem(f"nothing is installed in {layout.run}", "Install it first")
    try:
        pm2.ask(layout, node, "start", str(layout.ecosystem))
        return _awaited(layout)
    except Problem:
        stop(layout)
        raise


def stop(layout: Layout) -> bool:
    """Stop it and its PM2; tell whether anything ran."""
    supervised = processes.supervisor(layout)
    node = install.node(layout)
    if supervised and node:
        pm2.ask(layout, node, "kill")
    left = [*processes.supervisor(layout), *processes.left(layout)]
    if left:
        processes.end(left)
    # What is gone is not declared to PM2 any more.
    for path in (layout.ready, *layout.relays.glob("*/ecosystem.json")):
        path.unlink(missing_ok=True)
    return bool(supervised or left)


def remove(layout: Layout) -> bool:
    """Stop it and remove its run directory; tell whether there was one."""
    if not layout.run.exists():
        return False
    with locked(layout.run):
        stop(layout)
        if layout.sockets != layout.pm2_home:
            shutil.rmtree(layout.sockets, ignore_errors=True)
        shutil.rmtree(layout.run)
    return True


def _check_ports(settings: Settings, by: str, ours: Collection[int] = ()) -> None:
    mine = {"api": settings.ports.api, "http": settings.ports.http}
    if settings.ports.relay in settings.relays:
        mine["relay"] = settings.ports.relay
    ports.check(mine, by, ours)
    for port in sorted(settings.relays.difference(mine.values(), ours)):
        relays.check_port(port, settings.ports.relay, by)


def _declared(layout: Layout, settings: Settings) -> str:
    return pm2.ecosystem(layout, settings, digest(layout.files / "embedded_edge"))


def _awaited(layout: Layout) -> Serving:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        found = serving(layout)
        if found:
            return found
        time.sleep(0.05)
    raise Problem(
        f"the embedded edge did not serve within {_START:.0f} s; it said: {pm2.said(layout.output)}",
        f"Read {layout.output}",
    )


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/_embedded/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


__all__ = [
    "MARK",
    "Serving",
    "check_ports",
    "current",
    "locked",
    "make_way",
    "remove",
    "serving",
    "start",
    "stop",
]
