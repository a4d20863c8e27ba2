# SPDX-License-Identifier: GPL-3.0-or-later
"""Only the installed tarball, in an empty folder: the quickstart, and an inventory of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from newcomer import ROOT, Shell, ansible, changes, free_ports, processes_below, words


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """An empty folder, and the collection installed elsewhere."""
    tarballs = list((ROOT / "dist").glob("adsengineer-orchestrator-*.tar.gz"))
    assert len(tarballs) == 1, "run make package first"
    base = tmp_path_factory.mktemp("installed")
    folder = base / "empty folder"
    folder.mkdir()
    paths = {"ANSIBLE_COLLECTIONS_PATH": str(base / "collections"), "ANSIBLE_HOME": str(base / "ansible")}
    shell = Shell(folder, paths)
    install = ["collection", "install", "--offline", "-p", str(base / "collections"), str(tarballs[0])]
    shell.good(ansible("ansible-galaxy"), *install)
    shell.good(ansible("ansible-galaxy"), "collection", "verify", "--offline", "adsengineer.orchestrator")
    yield shell
    role = "name=adsengineer.orchestrator.embedded_edge tasks_from=clean"
    shell.good(ansible("ansible"), "localhost", "-m", "ansible.builtin.include_role", "-a", role)
    assert processes_below(base) == []


@pytest.fixture(scope="module")
def ports() -> list[str]:
    api, http = free_ports()
    return words([f"embedded_edge_api_port={api}", f"embedded_edge_http_port={http}"])


@pytest.fixture(scope="module")
def quickstart(empty: Shell, ports: list[str]) -> str:
    return empty.good(ansible("ansible-playbook"), "adsengineer.orchestrator.quickstart", *ports)


def test_the_quickstart_needs_nothing_but_the_collection(
    empty: Shell, quickstart: str, ports: list[str]
) -> None:
    assert changes(quickstart) > 0
    assert "http://acme-eu.edge.localhost" in quickstart
    assert {path.name for path in empty.folder.iterdir()} == {".run", "inventory"}


def test_the_second_run_changes_nothing(empty: Shell, quickstart: str, ports: list[str]) -> None:
    again = empty.good(ansible("ansible-playbook"), "adsengineer.orchestrator.quickstart", *ports)
    assert changes(again) == 0


def test_a_topology_of_ones_own_is_deployed(empty: Shell, quickstart: str) -> None:
    mine = empty.folder / "mine"
    mine.mkdir()
    text = (empty.folder / "inventory" / "topology.yml").read_text()
    (mine / "topology.yml").write_text(
        re.sub(r"^name: .*$", "name: mine", text, flags=re.M).replace("acme", "zenith")
    )
    command = f". .run/edge.env && {ansible('ansible-playbook')} adsengineer.orchestrator.site -i mine"
    output = empty.good("bash", "-euc", command)
    assert "zenith-eu" in output
    assert changes(output) > 0
    assert changes(empty.good("bash", "-euc", command)) == 0


def test_no_secret_is_left_in_ansibles_own_files(empty: Shell, quickstart: str) -> None:
    token = re.search(r"API_TOKEN=(\S+)", (empty.folder / ".run" / "edge.env").read_text())
    assert token
    assert token[1] not in quickstart
    home = Path(empty.extra["ANSIBLE_HOME"])
    assert [
        path for path in home.rglob("*") if path.is_file() and token[1].encode() in path.read_bytes()
    ] == []
