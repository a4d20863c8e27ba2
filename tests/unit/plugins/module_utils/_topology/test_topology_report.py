# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology import (
    find_topologies,
    is_topology,
    settings_report,
)
from topology_samples import GOOD, read, spoiled

OURS = "plugin: adsengineer.orchestrator.topology\n"


def test_report() -> None:
    heading, *lines = settings_report(read(GOOD).planes[2]).split("\n")
    assert heading == "globex-us  https://globex-us.example.com  (production)"
    assert [re.split(" {2,}", line.strip()) for line in lines] == [
        ["key", "value", "layer"],
        ["accept", '["impression", "click", "conversion", "view"]', "default of the gateway"],
        ["log_level", '"warn"', "environments.production.settings"],
        ["max_batch", "7", "tenants.globex.regions.us.settings"],
        ["max_event_bytes", "16384", "default of the gateway"],
        ["sample_rate", "1", "default of the gateway"],
    ]
    assert len({line.rindex("  ") for line in lines}) == 1, "the last column is not straight"


def test_report_shows_a_canary_and_cuts_long_values() -> None:
    text = spoiled("{settings: {log_level: warn}}", "{settings: {labels: {note: '" + "x" * 500 + "'}}}")
    report = settings_report(read(text).planes[0])
    assert "(production, canary)" in report
    assert max(map(len, report.split("\n"))) < 120


@pytest.mark.parametrize(
    ("name", "content", "ours"),
    [
        ("topology.yml", "", True),
        ("topology-eu.yaml", "", True),
        ("topology.json", OURS, False),
        ("hosts.yml", OURS, True),
        ("hosts.yml", f"# a comment\nname: x\n{OURS}", True),
        ("hosts.yml", "plugin: 'adsengineer.orchestrator.topology'  # ours\r\n", True),
        ("hosts.yml", "plugin: adsengineer.orchestrator.topology_other\n", False),
        ("hosts.yml", f"# {OURS}", False),
        ("hosts.yml", f"  {OURS}", False),
        ("hosts.yml", "all: {hosts: {a: }}\n", False),
    ],
)
def test_which_files_are_topologies(tmp_path: Path, name: str, content: str, ours: bool) -> None:
    (tmp_path / name).write_text(content)
    assert is_topology(tmp_path / name) == ours
    assert find_topologies([tmp_path]) == ([tmp_path / name] if ours else [])


def test_sources_that_are_no_files() -> None:
    assert find_topologies(["localhost,", "/nonexistent/topology.yml"]) == []
