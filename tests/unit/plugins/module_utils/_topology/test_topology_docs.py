# SPDX-License-Identifier: GPL-3.0-or-later
"""What docs/topology.md shows is what happens, and what other pages add to a topology is good."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology import (
    DOCUMENT,
    TopologyError,
    read_topology,
)

DOCS = Path(__file__).resolve().parents[5] / "docs"
PAGE = (DOCS / "topology.md").read_text()
BLOCKS = re.findall(r"```(yaml)?\n(.*?)```", PAGE, re.DOTALL)
GOOD, BAD = (text for kind, text in BLOCKS if kind)
ANSWER = next(text for kind, text in BLOCKS if text.startswith("topology.yml has"))


def test_the_first_example_is_good(tmp_path: Path) -> None:
    (tmp_path / "topology.yml").write_text(GOOD)
    assert len(read_topology(tmp_path / "topology.yml").planes) == 2


@pytest.mark.parametrize("page", ["configuration.md", "relay.md", "secrets.md"])
def test_the_fragments_of_other_pages_are_good(page: str, tmp_path: Path) -> None:
    found = re.findall(r"```yaml\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    parts = [data for text in found if isinstance(data := yaml.safe_load(text), dict) and "tenants" in data]
    assert parts
    whole = yaml.safe_load(GOOD)
    for part in parts:
        whole = _laid_over(whole, part)
    (tmp_path / "schemas").mkdir()
    for name in ("flags", "campaigns"):
        (tmp_path / "schemas" / f"{name}.json").write_text("{}")
    (tmp_path / "topology.yml").write_text(yaml.safe_dump(whole))
    assert len(read_topology(tmp_path / "topology.yml").planes) == 2


def _laid_over(base: Any, more: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(more, dict):
        return more
    return base | {name: _laid_over(base.get(name), value) for name, value in more.items()}


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
