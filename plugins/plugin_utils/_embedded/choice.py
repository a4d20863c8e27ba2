# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ports are in force: those asked for, else those of last time, else the usual ones."""

from __future__ import annotations

import json
from typing import NamedTuple

from .layout import Layout
from .problem import Problem

_LAST = 65535


class Ports(NamedTuple):
    """Of the API, of deployed Workers, and of the quickstart's relay, 0 when that was not chosen yet."""

    api: int
    http: int
    relay: int = 0


USUAL = Ports(8787, 8788)


def chosen(layout: Layout, api: int | None, http: int | None, relay: int | None) -> Ports:
    """Answer the ports; the run directory remembers the last ones."""
    last = remembered(layout)
    api, http = last.api if api is None else api, last.http if http is None else http
    if relay is None:
        # As scripts/play has it. A port that nobody asked for makes way for one that somebody did.
        next_one = http + 1 if http + 1 != api else http + 2
        relay = next_one if last.relay in (0, api, http) else last.relay
    ports = Ports(api, http, relay)
    for port in ports:
        if not 0 < port <= _LAST:
            raise Problem(f"{port} is no port", f"Choose one from 1 to {_LAST}")
    if len(set(ports)) < len(ports):
        twice = next(port for port in ports if ports.count(port) > 1)
        raise Problem(
            f"the API, the deployed Workers and the relay can't share port {twice}",
            "Choose ports that differ",
        )
    return ports


def remembered(layout: Layout) -> Ports:
    """The ports of last time; what can't be read counts for nothing. An older one has no relay."""
    try:
        said = json.loads(layout.ports.read_text())
        return Ports(int(said["api"]), int(said["http"]), int(said.get("relay", 0)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return USUAL


def remember(layout: Layout, ports: Ports) -> None:
    """Keep the ports for the next time; scripts/play reads them too."""
    layout.ports.write_text(json.dumps(ports._asdict()) + "\n")


__all__ = ["USUAL", "Ports", "chosen", "remember", "remembered"]
