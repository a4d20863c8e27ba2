# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports are in force, and whether the planes of a topology are reached on them."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded import (
    choice,
    lifecycle,
    reach,
)
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.layout import Layout
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.problem import Problem


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(run=tmp_path, files=tmp_path)


@pytest.mark.parametrize(
    ("asked", "remembered", "in_force"),
    [
        ((None, None), None, (8787, 8788)),
        ((None, None), (9001, 9002), (9001, 9002)),
        ((9003, None), (9001, 9002), (9003, 9002)),
        ((None, 9004), None, (8787, 9004)),
        ((9003, 9004), (9001, 9002), (9003, 9004)),
    ],
    ids=["usual", "last time", "one of them", "one, the first time", "both"],
)
def test_ports_are_those_asked_for_else_those_of_last_time(
    layout: Layout,
    asked: tuple[int | None, int | None],
    remembered: tuple[int, int] | None,
    in_force: tuple[int, int],
) -> None:
    if remembered:
        choice.remember(layout, *remembered)
    assert choice.chosen(layout, *asked) == in_force


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"api": 9001}', '{"api": "x", "http": 1}'])
def test_an_odd_memory_counts_for_nothing(layout: Layout, text: str) -> None:
    layout.ports.write_text(text)
    assert choice.chosen(layout, None, None) == choice.USUAL


@pytest.mark.parametrize(
    ("api", "http", "wrong"),
    [
        (0, 8788, "0 is no port. Choose one from 1 to 65535"),
        (8787, 65536, "65536 is no port"),
        (9000, 9000, "both have port 9000"),
    ],
)
def test_impossible_ports_are_refused(layout: Layout, api: int, http: int, wrong: str) -> None:
    with pytest.raises(Problem, match=wrong):
        choice.chosen(layout, api, http)


@pytest.mark.parametrize("connect_to", ["", "127.0.0.1:8788", "localhost:8788", "192.0.2.1:443"])
def test_planes_on_the_embedded_edges_port_or_elsewhere_agree(connect_to: str) -> None:
    reach.check_agreement(connect_to, 8788, "make")


@pytest.mark.parametrize(
    ("by", "remedy"),
    [
        ("make", "make quickstart HTTP_PORT=8788"),
        ("ansible-playbook", "adsengineer.orchestrator.quickstart -e embedded_edge_http_port=8788"),
    ],
)
def test_planes_on_another_port_are_refused_with_both_ways_out(by: str, remedy: str) -> None:
    with pytest.raises(Problem) as caught:
        reach.check_agreement("127.0.0.1:8788", 9002, by)
    said = str(caught.value)
    assert "reached at 127.0.0.1:8788, and the embedded edge's port is 9002" in said
    assert "Write 9002 into edge.port and edge.connect_to" in said
    assert remedy in said


def test_planes_that_are_served_pass_and_those_of_other_machines_are_not_asked(layout: Layout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reach.check_served(layout, f"127.0.0.1:{server.getsockname()[1]}", "make")
    reach.check_served(layout, "192.0.2.1:1", "make")


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (None, "the embedded edge is not running, as nobody answers on 127.0.0.1:1. Run make quickstart."),
        (lifecycle.Serving(8787, 8788, 1), "reached at 127.0.0.1:1, and the embedded edge's port is 8788"),
    ],
    ids=["stopped", "on another port"],
)
def test_planes_that_nobody_serves_are_told_with_the_remedy(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, now: lifecycle.Serving | None, told: str
) -> None:
    monkeypatch.setattr(lifecycle, "serving", lambda _layout: now)
    with pytest.raises(Problem) as caught:
        reach.check_served(layout, "127.0.0.1:1", "make")
    assert told in str(caught.value)


def test_what_scripts_play_reads_is_what_is_remembered(layout: Layout) -> None:
    choice.remember(layout, 9001, 9002)
    assert json.loads(layout.ports.read_text()) == {"api": 9001, "http": 9002}
    script = (Path(__file__).resolve().parents[5] / "scripts" / "play").read_text()
    assert f".run/{layout.ports.name}" in script
    assert '"http": ' in layout.ports.read_text()
