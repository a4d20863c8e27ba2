# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the relays of tenants beside the embedded edge, each as a process of the run directory's PM2.

Of a relay that runs, C(/healthz) tells the digest of its configuration, which changes with its secrets.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import re
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from . import choice, install, pm2, ports, processes, words
from .layout import Layout, digest, private
from .problem import Problem

_START = 30.0
_LISTEN = re.compile(r"127\.0\.0\.1:([0-9]+)")
_COLLECTION = "ansible_collections/adsengineer/orchestrator"
#: What the service consists of, below the collection.
_SOURCES = ("roles/relay/files/relay", "plugins/module_utils")


@dataclass(frozen=True)
class Relay:
    """A relay as it is to run: its folder, its port, and the text of its public file."""

    folder: Path
    port: int
    config: bytes

    @property
    def tenant(self) -> str:
        return self.folder.name

    @property
    def public(self) -> Path:
        return self.folder / "relay.json"

    @property
    def private(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def audit(self) -> Path:
        return self.folder / "audit"

    @property
    def output(self) -> Path:
        return self.folder / "relay.log"

    @property
    def ecosystem(self) -> Path:
        return self.folder / "ecosystem.json"


def port_of(listen: str) -> int:
    """The port of C(127.0.0.1:PORT). Raises Problem for anything else."""
    found = _LISTEN.fullmatch(listen)
    if not found:
        raise Problem(f"no relay can listen at '{listen}' here", "Write it as 127.0.0.1:PORT")
    return int(found[1])


def held(layout: Layout) -> set[int]:
    """The ports of the relays that run for this run directory."""
    found = set()
    for path in layout.relays.glob("*/relay.json"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, Problem):
            if processes.relays(layout, path.parent):
                found.add(port_of(json.loads(path.read_text())["listen"]))
    return found


def check_port(port: int, usual: int, by: str) -> None:
    """Refuse a port that is held. ``usual`` is the one that can be asked for by an option."""
    try:
        ports.check({"relay": port}, by)
    except Problem as problem:
        if port == usual:
            raise
        remedy = f"Stop what is there, or write another port than {port} into url and listen of that relay"
        raise Problem(problem.wrong, remedy) from None


def check_agreement(asked: int | None, listening: Collection[int], by: str) -> None:
    """Refuse a port that was asked for, and that no relay of the topology has."""
    if asked is None or not listening or asked in listening:
        return
    has = " and ".join(map(str, sorted(listening)))
    raise Problem(
        f"the topology's relay listens on port {has}, and {asked} was asked for",
        f"Write {asked} into url and listen of that relay, or run this without "
        + words.asked(by, "relay", asked),
    )


def current(layout: Layout, relay: Relay) -> bool:
    """Tell whether it serves with these files and the code that is there now."""
    try:
        if (relay.public.read_bytes(), relay.ecosystem.read_text()) != (
            relay.config,
            _declared(layout, relay),
        ):
            return False
    except OSError:
        return False
    return bool(processes.relays(layout, relay.folder)) and _serves(relay)


def start(layout: Layout, relay: Relay, by: str) -> None:
    """Start it as declared and wait until it serves."""
    node = install.node(layout)
    if node is None:
        raise Problem(f"no embedded edge is installed in {layout.run}", f"Run {words.quickstart(by)}")
    check_port(relay.port, choice.remembered(layout).relay, by)
    _link(layout)
    relay.public.write_bytes(relay.config)
    relay.output.write_text("")
    relay.ecosystem.write_text(_declared(layout, relay))
    try:
        pm2.ask(layout, node, "start", str(relay.ecosystem))
        _await(relay)
    except Problem:
        stop(layout, relay.folder)
        raise


def stop(layout: Layout, folder: Path) -> None:
    """End the relay of a folder; its files stay."""
    found = Relay(folder, 0, b"")
    node = install.node(layout)
    if found.ecosystem.exists() and node and processes.supervisor(layout):
        # Somebody may have removed it by hand.
        with contextlib.suppress(Problem):
            pm2.ask(layout, node, "delete", _name(found))
    processes.end(processes.relays(layout, folder))
    found.ecosystem.unlink(missing_ok=True)


def undeclared(layout: Layout, tenants: Collection[str]) -> list[Path]:
    """Folders of relays that are no longer wanted and have more than their audit left."""
    found = sorted(layout.relays.glob("*/secrets.json"))
    return [path.parent for path in found if path.parent.name not in tenants]


def remove(layout: Layout, folder: Path) -> None:
    """End a relay and remove its files; its audit stays."""
    stop(layout, folder)
    gone = Relay(folder, 0, b"")
    for path in (gone.public, gone.output, gone.private):
        path.unlink(missing_ok=True)


def _name(relay: Relay) -> str:
    return f"relay-{relay.tenant}"


def _declared(layout: Layout, relay: Relay) -> str:
    code = layout.collection / _SOURCES[0]
    argv = ["-sP", "-m", "relay", "--config", str(relay.public), "--secrets", str(relay.private)]
    env = {
        "PYTHONPATH": os.pathsep.join([str(code.parent), str(layout.library)]),
        "RELAY_SOURCE": digest(*(layout.collection / source for source in _SOURCES)),
    }
    return pm2.declared(layout, _name(relay), [*argv, "--audit", str(relay.audit)], env, relay.output)


def _link(layout: Layout) -> None:
    """A checkout's path does not end like the collection's name, by which the service imports its library."""
    place = layout.library / _COLLECTION
    if place.is_symlink() and place.readlink() == layout.collection:
        return
    private(place.parent)
    place.unlink(missing_ok=True)
    place.symlink_to(layout.collection)


def _await(relay: Relay) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if _serves(relay):
            return
        time.sleep(0.05)
    raise Problem(
        f"the relay of {relay.tenant} did not serve within {_START:.0f} s; it said: {pm2.said(relay.output)}",
        f"Read {relay.output}, and run this again when the reason is gone",
    )


def _serves(relay: Relay) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", relay.port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        said = json.loads(answer.read())
        return answer.status == 200 and said.get("config") == hashlib.sha256(relay.config).hexdigest()
    except (OSError, http.client.HTTPException, ValueError, AttributeError):
        return False
    finally:
        connection.close()


__all__ = [
    "Relay",
    "check_agreement",
    "check_port",
    "current",
    "held",
    "port_of",
    "remove",
    "start",
    "stop",
    "undeclared",
]
