# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/topology.md shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology import (
    DOCUMENT,
    TopologyError,
    read_topology,
)

PAGE = (Path(__file__).resolve().parents[5] / "docs" / "topology.md").read_text()
BLOCKS = re.findall(r"```(yaml)?\n(.*?)```", PAGE, re.DOTALL)
GOOD, BAD = (text for kind, text in BLOCKS if kind)
ANSWER = next(text for kind, text in BLOCKS if text.startswith("topology.yml has"))


def test_the_first_example_is_good(tmp_path: Path) -> None:
    (tmp_path / "topology.yml").write_text(GOOD)
    assert len(read_topology(tmp_path / "topology.yml").planes) == 2


def test_the_errors_are_those_that_are_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("topology.yml").write_text(BAD)
    with pytest.raises(TopologyError) as caught:
        read_topology("topology.yml")
    assert f"{caught.value}\n" == ANSWER


def test_every_setting_is_described() -> None:
    assert re.findall(
        r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", PAGE.split("## Settings")[1], re.MULTILINE
    ) == list(DOCUMENT["properties"])
