# SPDX-License-Identifier: GPL-3.0-or-later
"""An installed collection has no inventories/: the quickstart brings the embedded one along."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_starter_topology_is_the_embedded_inventory() -> None:
    starter = ROOT / "playbooks" / "files" / "topology.yml"
    assert starter.read_text() == (ROOT / "inventories" / "embedded" / "topology.yml").read_text()
