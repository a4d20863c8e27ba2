# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Holds the address at which a topology's planes are reached against the embedded edge that serves them."""

from __future__ import annotations

import re
import socket

from . import lifecycle, words
from .layout import Layout
from .problem import Problem

_LOOPBACK = re.compile(r"(127\.\d+\.\d+\.\d+|localhost):(\d+)")
_PATIENCE = 2.0


def check_agreement(connect_to: str, http_port: int, by: str) -> None:
    """Refuse planes that are reached on another port of this machine than the embedded edge's."""
    port = _port(connect_to)
    if port is not None and port != http_port:
        raise _elsewhere(connect_to, port, http_port, by)


def check_served(layout: Layout, connect_to: str, by: str) -> None:
    """Refuse to go on when the planes are this machine's and nobody serves them."""
    port = _port(connect_to)
    if port is None or _listens(connect_to.rpartition(":")[0], port):
        return
    now = lifecycle.serving(layout)
    if now and now.http_port != port:
        raise _elsewhere(connect_to, port, now.http_port, by)
    raise Problem(
        f"the embedded edge is not running, as nobody answers on {connect_to}", f"Run {words.quickstart(by)}"
    )


def _elsewhere(connect_to: str, port: int, http_port: int, by: str) -> Problem:
    return Problem(
        f"the topology's planes are reached at {connect_to}, and the embedded edge's port is {http_port}",
        f"Write {http_port} into edge.port and edge.connect_to of the topology, "
        f"or move the embedded edge: {words.quickstart(by, http=port)}",
    )


def _port(connect_to: str) -> int | None:
    """The port, when the address is this machine's own."""
    found = _LOOPBACK.fullmatch(connect_to)
    return int(found[2]) if found else None


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE):
            return True
    except OSError:
        return False


__all__ = ["check_agreement", "check_served"]
