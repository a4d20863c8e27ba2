# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports are in force, and whether the planes of a topology are reached on them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
import yaml
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
        ((None, None, None), None, (8787, 8788, 8789)),
        ((None, None, None), (9001, 9002, 9009), (9001, 9002, 9009)),
        ((9003, None, None), (9001, 9002, 9009), (9003, 9002, 9009)),
        ((None, 9004, None), None, (8787, 9004, 9005)),
        ((None, None, 9004), None, (8787, 8788, 9004)),
        ((9003, 9004, 9005), (9001, 9002, 9009), (9003, 9004, 9005)),
        ((9004, 9003, None), None, (9004, 9003, 9005)),
        ((None, 8789, None), (8787, 8788, 8789), (8787, 8789, 8790)),
        ((8789, None, None), (8787, 8788, 8789), (8789, 8788, 8790)),
    ],
    ids=[
        "usual",
        "last time",
        "one of them",
        "Workers",
        "relay",
        "all",
        "the API has the next",
        "the Workers take the relay's",
        "the API takes the relay's",
    ],
)
def test_ports_are_those_asked_for_else_those_of_last_time(
    layout: Layout,
    asked: tuple[int | None, int | None, int | None],
    remembered: tuple[int, int, int] | None,
    in_force: tuple[int, int, int],
) -> None:
    if remembered:
        choice.remember(layout, choice.Ports(*remembered))
    assert choice.chosen(layout, *asked) == in_force


@pytest.mark.parametrize(
    ("text", "in_force"),
    [
        ('{"api": 9001, "http": 9002}', (9001, 9002, 9003)),
        ('{"api": 9003, "http": 9002}', (9003, 9002, 9004)),
        ('{"api": 8789, "http": 8788}', (8789, 8788, 8790)),
    ],
)
def test_a_memory_from_before_there_was_a_relay_is_one(
    layout: Layout, text: str, in_force: tuple[int, int, int]
) -> None:
    layout.ports.write_text(text)
    assert choice.chosen(layout, None, None, None) == in_force


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"api": 9001}', '{"api": "x", "http": 1}'])
def test_an_odd_memory_counts_for_nothing(layout: Layout, text: str) -> None:
    layout.ports.write_text(text)
    assert choice.chosen(layout, None, None, None) == (8787, 8788, 8789)


@pytest.mark.parametrize(
    ("ports", "wrong"),
    [
        ((0, 8788, None), "0 is no port. Choose one from 1 to 65535"),
        ((8787, 65536, None), "65536 is no port"),
        ((8787, 8788, 0), "0 is no port"),
        ((9000, 9000, None), "can't share port 9000. Choose ports that differ"),
        ((9000, 9001, 9000), "can't share port 9000"),
    ],
)
def test_impossible_ports_are_refused(layout: Layout, ports: tuple[int, int, int | None], wrong: str) -> None:
    with pytest.raises(Problem, match=wrong):
        choice.chosen(layout, *ports)


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


SCRIPT = Path(__file__).resolve().parents[5] / "scripts" / "play"
ROOT = SCRIPT.parents[1]


@pytest.mark.parametrize(
    ("asked", "memory"),
    [
        ({}, '{"api": 9001, "http": 9002, "relay": 9007}'),
        ({}, '{"api": 9001, "http": 9002}'),
        ({}, '{"api": 9003, "http": 9002}'),
        ({}, None),
        ({"HTTP_PORT": "8789"}, None),
        ({"HTTP_PORT": "8789"}, '{"api": 8787, "http": 8788, "relay": 8789}'),
        ({"API_PORT": "8789"}, '{"api": 8787, "http": 8788, "relay": 8789}'),
        (
            {"API_PORT": "8788", "HTTP_PORT": "8789", "RELAY_PORT": "8787"},
            '{"api": 1, "http": 2, "relay": 3}',
        ),
    ],
)
def test_the_topology_of_scripts_play_has_the_ports_that_are_chosen(
    tmp_path: Path, asked: dict[str, str], memory: str | None
) -> None:
    for name in ("scripts/play", "scripts/lib.sh", "inventories/embedded/topology.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    layout = Layout(run=tmp_path / ".run", files=tmp_path)
    layout.run.mkdir()
    if memory:
        layout.ports.write_text(memory)
    wanted = [asked.get(f"{name}_PORT") for name in ("API", "HTTP", "RELAY")]
    ports = choice.chosen(layout, *(int(port) if port else None for port in wanted))
    script = [tmp_path / "scripts/play", "--inventory"]
    environment = {"PATH": os.environ["PATH"], **asked}
    said = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    topology = yaml.safe_load((tmp_path / said.stdout.strip()).read_text())
    acme = topology["tenants"]["acme"]
    assert (topology["edge"]["port"], topology["edge"]["connect_to"]) == (
        ports.http,
        f"127.0.0.1:{ports.http}",
    )
    assert acme["relay"] == {"url": f"http://127.0.0.1:{ports.relay}", "listen": f"127.0.0.1:{ports.relay}"}
    assert acme["connectors"]["edge"]["port"] == ports.api
