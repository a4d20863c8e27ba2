# SPDX-License-Identifier: GPL-3.0-or-later
"""Only the installed tarball, in an empty folder: the quickstart, and an inventory of one's own."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from newcomer import (
    ROOT,
    Shell,
    ansible,
    changes,
    free_ports,
    processes_below,
    token_holders,
    token_places,
    words,
)


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


def play(shell: Shell, name: str, *options: str) -> str:
    return shell.good(ansible("ansible-playbook"), f"adsengineer.orchestrator.{name}", *options)


def refused(shell: Shell, name: str, *options: str) -> str:
    """Run a playbook that has to fail; answer what it said as one line."""
    done = shell.run(ansible("ansible-playbook"), f"adsengineer.orchestrator.{name}", *options)
    assert done.returncode != 0, done.stdout
    return " ".join(done.stdout.split())


def on(api: int, http: int, relay: int) -> list[str]:
    ports = {"api": api, "http": http, "relay": relay}
    return words([f"embedded_edge_{name}_port={port}" for name, port in ports.items()])


def through_the_relay(http: int) -> str:
    """What the embedded edge says of the token that the relay adds, asked by a visitor of a Worker."""
    url = f"http://127.0.0.1:{http}/v1/relay/edge/client/v4/user/tokens/verify"
    answer = httpx.get(url, headers={"Host": "acme-eu.edge.localhost"}, timeout=30)
    return str(answer.json()["result"]["status"])


@pytest.fixture(scope="module")
def ports() -> list[int]:
    return free_ports()


def test_a_check_in_an_empty_folder_says_what_it_would_do_and_does_nothing(
    empty: Shell, ports: list[int]
) -> None:
    told = play(empty, "quickstart", "--check", *on(*ports))
    assert "the planes of a starter topology deployed to it" in told
    assert list(empty.folder.iterdir()) == []


@pytest.fixture(scope="module")
def quickstart(empty: Shell, ports: list[int]) -> str:
    return play(empty, "quickstart", *on(*ports))


def test_the_quickstart_needs_nothing_but_the_collection(
    empty: Shell, quickstart: str, ports: list[int]
) -> None:
    assert changes(quickstart) > 0
    assert f"http://acme-eu.edge.localhost:{ports[1]}" in quickstart
    assert "source .run/edge.env && ansible-playbook -i inventory/topology.yml" in quickstart
    assert "ansible-playbook adsengineer.orchestrator.stop" in quickstart
    assert {path.name for path in empty.folder.iterdir()} == {".run", "inventory"}
    assert through_the_relay(ports[1]) == "active"


def test_its_secrets_are_found_by_every_command_with_its_inventory(empty: Shell, quickstart: str) -> None:
    told = play(empty, "secrets", "-i", "inventory")
    assert re.search(r"acme +production +api_key +1 .* fresh", told)
    assert re.search(r"acme +production +sink_token +1 .* fresh", told)
    deploy = f"{ansible('ansible-playbook')} adsengineer.orchestrator.deploy -i inventory --check"
    assert changes(empty.good("bash", "-euc", f". .run/edge.env && {deploy}")) == 0


def test_the_second_run_keeps_the_ports_and_changes_nothing(empty: Shell, quickstart: str) -> None:
    again = play(empty, "quickstart")
    assert changes(again) == 0
    assert "4 of 4 planes are healthy" in again


def test_the_topology_follows_the_port_unless_somebody_has_edited_it(empty: Shell, quickstart: str) -> None:
    topology = empty.folder / "inventory" / "topology.yml"
    first = topology.read_text()
    api, http, relay = free_ports()
    moved = play(empty, "quickstart", *on(api, http, relay))
    assert f"http://acme-eu.edge.localhost:{http}" in moved
    assert "4 of 4 planes are healthy" in moved
    assert f"connect_to: 127.0.0.1:{http}\n" in topology.read_text()
    assert (
        f'relay: {{url: "http://127.0.0.1:{relay}", listen: "127.0.0.1:{relay}"}}\n' in topology.read_text()
    )
    assert through_the_relay(http) == "active"

    topology.write_text(topology.read_text() + "# mine\n")
    other = free_ports(1)[0]
    told = refused(empty, "quickstart", "-e", f"embedded_edge_http_port={other}")
    assert f"planes are reached at 127.0.0.1:{http}, and the embedded edge's port is {other}" in told
    assert f"ansible-playbook adsengineer.orchestrator.quickstart -e embedded_edge_http_port={http}" in told
    told = refused(empty, "quickstart", "-e", f"embedded_edge_relay_port={other}")
    assert f"the topology's relay listens on port {relay}, and {other} was asked for" in told
    assert topology.read_text().endswith("# mine\n")
    assert changes(play(empty, "quickstart")) == 0

    # As an earlier release wrote it, whose quickstart had no relay.
    without = re.sub(r"^    # The fourth kind(.*\n)+?(?=  globex:)", "", topology.read_text(), flags=re.M)
    topology.write_text(without)
    assert changes(play(empty, "quickstart")) > 0
    assert "relay" not in " ".join(processes_below(empty.folder))
    assert changes(play(empty, "quickstart")) == 0

    topology.write_text(first)
    assert "4 of 4 planes are healthy" in play(empty, "quickstart")


def test_a_bad_release_is_undone(empty: Shell, quickstart: str) -> None:
    command = (
        f". .run/edge.env && {ansible('ansible-playbook')} adsengineer.orchestrator.release_bad -i inventory"
    )
    done = empty.run("bash", "-euc", command)
    assert done.returncode != 0
    assert "What was undone:" in done.stdout
    assert "POST /v1/events" in done.stdout
    assert "4 of 4 planes are healthy" in play(empty, "status", "-i", "inventory")


def test_what_is_stopped_or_taken_is_told_in_the_playbooks_words(empty: Shell, quickstart: str) -> None:
    play(empty, "stop")
    told = refused(empty, "status", "-i", "inventory")
    assert "the embedded edge is not running" in told
    assert "Run ansible-playbook adsengineer.orchestrator.quickstart." in told
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = refused(empty, "quickstart", "-e", f"embedded_edge_api_port={port}")
    assert re.search(
        rf"port {port} of 127\.0\.0\.1 is taken by process \d+ .*"
        r"quickstart -e embedded_edge_api_port=\d+ -e embedded_edge_http_port=\d+ "
        r"-e embedded_edge_relay_port=\d+\.",
        told,
    )
    assert "4 of 4 planes are healthy" in play(empty, "quickstart")


def test_a_topology_of_ones_own_is_deployed(empty: Shell, quickstart: str) -> None:
    mine = empty.folder / "mine"
    mine.mkdir()
    text = (empty.folder / "inventory" / "topology.yml").read_text()
    # Whoever starts from it has no secrets yet.
    text = re.sub(r"^    secrets:\n(.*\n)+?(?=  globex:)", "", text, flags=re.M)
    (mine / "topology.yml").write_text(
        re.sub(r"^name: .*$", "name: mine", text, flags=re.M).replace("acme", "zenith")
    )
    command = f". .run/edge.env && {ansible('ansible-playbook')} adsengineer.orchestrator.site -i mine"
    output = empty.good("bash", "-euc", command)
    assert "zenith-eu" in output
    assert changes(output) > 0
    assert changes(empty.good("bash", "-euc", command)) == 0


def test_the_token_is_in_its_files_and_with_the_relay_alone(empty: Shell, quickstart: str) -> None:
    run, said = empty.folder / ".run", empty.folder.parent / "said"
    said.write_text(quickstart)
    assert token_places(run, Path(empty.extra["ANSIBLE_HOME"]), said) == token_holders(run)
