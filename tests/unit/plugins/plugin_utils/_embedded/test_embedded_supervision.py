# SPDX-License-Identifier: GPL-3.0-or-later
"""The declared ecosystem, PM2's environment, ports, and whose folder is whose."""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded import lifecycle, pm2, ports
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.choice import Ports
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.layout import (
    Layout,
    digest,
    private,
)
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.problem import Problem

SETTINGS = pm2.Settings(Ports(8787, 8788, 8789), ("edge.localhost", "other.localhost"))


def test_the_ecosystem_says_all_that_runs(tmp_path: Path) -> None:
    layout = Layout(run=tmp_path / "a run", files=tmp_path / "files")
    (app,) = json.loads(pm2.ecosystem(layout, SETTINGS, "abc"))["apps"]
    assert " " not in app["script"]
    assert Path(app["cwd"], app["script"]) == layout.python
    words = " ".join(app["args"][3:])
    assert words == (
        f"--dir {layout.run} --workerd {layout.workerd} --api-port 8787 --http-port 8788"
        " --zone edge.localhost --zone other.localhost"
    )
    assert app["env"]["EMBEDDED_EDGE_SOURCE"] == "abc"


def test_pm2_gets_nothing_of_the_callers_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "canary")
    layout = Layout(run=tmp_path, files=tmp_path)
    environment = pm2.environment(layout, Path("/opt/node/bin/node"))
    assert "canary" not in "".join(environment.values())
    assert environment["PATH"].startswith("/opt/node/bin:")
    assert environment["PM2_HOME"] == str(tmp_path / "pm2")


@pytest.mark.parametrize(("length", "inside"), [(60, True), (200, False)])
def test_sockets_lie_where_their_path_is_short_enough(length: int, inside: bool) -> None:
    layout = Layout(run=Path("/" + "x" * length), files=Path("/"))
    assert (layout.sockets == layout.pm2_home) is inside
    assert len(os.fsencode(layout.sockets / "interactor.sock")) < 108


@pytest.mark.parametrize(
    ("by", "command"),
    [
        ("make", r"make quickstart API_PORT={api} HTTP_PORT=\d+"),
        (
            "ansible-playbook",
            r"ansible-playbook adsengineer\.orchestrator\.quickstart"
            r" -e embedded_edge_api_port={api} -e embedded_edge_http_port=\d+",
        ),
    ],
)
def test_a_free_port_passes_and_a_busy_one_names_its_holder_and_the_remedy(by: str, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        api, http = free.getsockname()[1], taken.getsockname()[1]
        free.close()
        with pytest.raises(Problem) as caught:
            ports.check({"api": api, "http": http}, by)
        ports.check({"api": api, "http": http}, by, ours=(http,))
    said = str(caught.value)
    assert f"port {http} of 127.0.0.1 is taken by process {os.getpid()} (" in said
    assert re.search(f"or take others: {command.format(api=api)}\\.$", said), said
    assert str(http) not in said.split("take others")[1]
    ports.check({"api": api, "http": http}, by)


def test_ports_of_one_holder_are_told_in_one_clause_and_the_remedy_has_two_that_differ() -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        first, second = one.getsockname()[1], two.getsockname()[1]
        with pytest.raises(Problem) as caught:
            ports.check({"api": first, "http": second}, "make")
    said = str(caught.value)
    assert f"ports {first} and {second} of 127.0.0.1 are taken by process {os.getpid()} (" in said
    api, http = re.search(r"API_PORT=(\d+) HTTP_PORT=(\d+)", said).groups()  # type: ignore[union-attr]
    assert len({api, http, str(first), str(second)}) == 4


def test_the_holder_of_a_port_may_be_hidden(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:2253 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1\n"
    )
    assert ports.holder(8787, tmp_path) == "a process of another user"
    (tmp_path / "42" / "fd").mkdir(parents=True)
    (tmp_path / "42" / "fd" / "3").symlink_to("socket:[4711]")
    (tmp_path / "42" / "cmdline").write_bytes(b"nginx\0-g\0daemon off;\0")
    assert ports.holder(8787, tmp_path) == "process 42 (nginx -g daemon off;)"
    assert ports.holder(8788, tmp_path) == "a process of another user"
    (tmp_path / "42" / "cmdline").write_bytes(b"sh\0-c\0one\n  two\0")
    assert ports.holder(8787, tmp_path) == "process 42 (sh -c one two)"


def test_a_folder_with_other_things_in_it_is_never_taken(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(Problem, match="no run directory"), lifecycle.locked(tmp_path):
        pass
    with pytest.raises(Problem, match="no run directory"):
        lifecycle.remove(Layout(run=tmp_path, files=tmp_path))
    assert (tmp_path / "thesis.tex").exists()
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_run_directory_is_its_owners_only_and_is_removed_whole(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with lifecycle.locked(run):
        assert run.stat().st_mode & 0o777 == 0o700
    layout = Layout(run=run, files=tmp_path)
    assert lifecycle.remove(layout) is True
    assert not run.exists()
    assert lifecycle.remove(layout) is False


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match="can't be written"), lifecycle.locked(tmp_path / "file" / "run"):
        pass


def test_a_ready_file_of_a_dead_process_counts_for_nothing(tmp_path: Path) -> None:
    layout = Layout(run=tmp_path, files=tmp_path)
    for text in (
        "",
        "{}",
        '{"api": 1, "http": 2, "pid": 999999999}',
        f'{{"api": 1, "http": 2, "pid": {os.getpid()}}}',
    ):
        layout.ready.write_text(text)
        assert lifecycle.serving(layout) is None


def test_folders_are_closed_to_others(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o775)
    private(tmp_path / "open")
    assert (tmp_path / "open").stat().st_mode & 0o777 == 0o700


def test_the_digest_sees_names_and_contents_but_no_caches(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    first = digest(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("x")
    assert digest(tmp_path) == first
    (tmp_path / "a").rename(tmp_path / "b")
    assert digest(tmp_path) != first
