# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which ports are in force: those asked for, else those of last time, else the usual ones."""

from __future__ import annotations

import json

from .layout import Layout
from .problem import Problem

USUAL = (8787, 8788)
_LAST = 65535


def chosen(layout: Layout, api: int | None, http: int | None) -> tuple[int, int]:
    """Answer the ports of the API and of deployed Workers; the run directory remembers the last ones."""
    last = remembered(layout)
    ports = (last[0] if api is None else api, last[1] if http is None else http)
    for port in ports:
        if not 0 < port <= _LAST:
            raise Problem(f"{port} is no port", f"Choose one from 1 to {_LAST}")
    if ports[0] == ports[1]:
        raise Problem(
            f"the API and the deployed Workers can't both have port {ports[0]}",
            "Choose two ports that differ",
        )
    return ports


def remembered(layout: Layout) -> tuple[int, int]:
    """The ports of last time; what can't be read counts for nothing."""
    try:
        said = json.loads(layout.ports.read_text())
        return int(said["api"]), int(said["http"])
    except (OSError, ValueError, KeyError, TypeError):
        return USUAL


def remember(layout: Layout, api: int, http: int) -> None:
    """Keep the ports for the next time; scripts/play reads them too."""
    layout.ports.write_text(json.dumps({"api": api, "http": http}) + "\n")


__all__ = ["USUAL", "chosen", "remember", "remembered"]
