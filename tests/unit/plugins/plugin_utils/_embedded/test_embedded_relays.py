# SPDX-License-Identifier: GPL-3.0-or-later
"""Which relays run beside the embedded edge, with what, and how they are known and ended."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.action.embedded_relay import local
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded import (
    lifecycle,
    processes,
    relays,
)
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.choice import Ports
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.layout import Layout, here
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.pm2 import Settings
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.problem import Problem
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.relays import Relay


def plane(name: str = "acme-eu", listen: str = "127.0.0.1:8801", **other: Any) -> dict[str, Any]:
    tenant, _dash, region = name.partition("-")
    relay = {"control_plane": None, "listen": listen, "authority": listen, "connectors": {"x": {}}}
    about = {"name": name, "tenant": tenant, "environment": "production", "region": region}
    return about | {"relay": relay | other}


def test_the_relays_of_this_machine_are_those_on_loopback_without_a_control_plane() -> None:
    planes = [
        plane(),
        plane("acme-us"),
        plane("globex-eu", "unix:/run/adsengineer-relay-globex/relay.sock"),
        plane("hooli-eu", "127.0.0.1:8802", control_plane="cp1"),
        {"name": "plain-eu", "tenant": "plain", "relay": None},
        {"name": "by-hand"},
    ]
    (found,) = local(planes)
    assert (found["tenant"], found["listen"], found["authority"]) == ("acme", *["127.0.0.1:8801"] * 2)
    assert found["planes"] == {
        "acme-eu": {"region": "eu", "connectors": {"x": {}}},
        "acme-us": {"region": "us", "connectors": {"x": {}}},
    }


def test_two_tenants_on_one_port_are_refused() -> None:
    with pytest.raises(Problem, match=r"relays of acme and globex both listen at 127\.0\.0\.1:8801\. Give"):
        local([plane(), plane("globex-eu")])


def test_a_port_that_no_relay_has_is_refused_where_there_is_one() -> None:
    relays.check_agreement(None, {8789}, "make")
    relays.check_agreement(9789, set(), "make")
    relays.check_agreement(9789, {8801, 9789}, "make")
    with pytest.raises(Problem) as caught:
        relays.check_agreement(9789, {8802, 8801}, "make")
    said = str(caught.value)
    assert (
        "relay listens on port 8801 and 8802, and 9789 was asked for. Write 9789 into url and listen" in said
    )
    assert said.endswith("run this without RELAY_PORT=9789.")


@pytest.mark.parametrize(
    "listen", ["", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "10.0.0.7:8801", "unix:/run/relay.sock"]
)
def test_a_place_where_no_relay_can_listen_is_refused(listen: str) -> None:
    with pytest.raises(
        Problem, match=rf"no relay can listen at '{re.escape(listen)}' here\. Write it as 127"
    ):
        relays.port_of(listen)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(run=tmp_path / "a run", files=here(".").files)


@pytest.mark.parametrize(
    ("usual", "remedy"),
    [
        (True, r"or take others: make quickstart API_PORT=\d+ HTTP_PORT=\d+ RELAY_PORT=\d+\.$"),
        (False, r"or write another port than {port} into url and listen of that relay\.$"),
    ],
    ids=["the quickstart's", "one of a topology of one's own"],
)
def test_a_busy_port_of_a_relay_is_told_with_its_remedy(layout: Layout, usual: bool, remedy: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = Ports(*free(2), port if usual else 8789)
        lifecycle.check_ports(layout, Settings(ports, (), frozenset()), "make")
        with pytest.raises(Problem, match=remedy.format(port=port)) as caught:
            lifecycle.check_ports(layout, Settings(ports, (), frozenset([port])), "make")
    assert f"port {port} of 127.0.0.1 is taken by process" in str(caught.value)


def free(count: int) -> list[int]:
    made = [socket.create_server(("127.0.0.1", 0)) for _turn in range(count)]
    found = [one.getsockname()[1] for one in made]
    for one in made:
        one.close()
    return found


@pytest.fixture
def relay(layout: Layout) -> Iterator[Relay]:
    """A relay's files, and somebody who answers in its place."""
    config = json.dumps({"tenant": "acme"}).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = json.dumps({"status": "ok", "config": hashlib.sha256(config).hexdigest()}).encode()
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_args: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Relay(layout.relays / "acme", server.server_address[1], config)
    made.folder.mkdir(parents=True)
    made.public.write_bytes(config)
    made.ecosystem.write_text(relays._declared(layout, made))
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def process(relay: Relay) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is called as the relay is."""
    argv = ["-c", "import time; time.sleep(60)", "relay", "--config", str(relay.public)]
    with subprocess.Popen([sys.executable, *argv]) as made:
        yield made
        made.kill()


def test_pm2_is_told_places_and_no_secret(layout: Layout, relay: Relay) -> None:
    (app,) = json.loads(relay.ecosystem.read_text())["apps"]
    assert (app["name"], app["script"]) == ("relay-acme", "venv/bin/python")
    folder = f"{layout.run}/relay/acme"
    assert app["args"] == [
        *("-sP", "-m", "relay"),
        *("--config", f"{folder}/relay.json", "--secrets", f"{folder}/secrets.json"),
        *("--audit", f"{folder}/audit"),
    ]
    code, library = app["env"]["PYTHONPATH"].split(":")
    assert Path(code, "relay", "__main__.py").is_file()
    assert library == f"{layout.run}/library"
    relays._link(layout)
    relays._link(layout)
    assert Path(library, "ansible_collections/adsengineer/orchestrator/plugins/module_utils").is_dir()


def test_a_relay_is_current_while_it_runs_with_its_files(
    layout: Layout, relay: Relay, process: subprocess.Popen[bytes]
) -> None:
    assert relays.current(layout, relay)
    assert not relays.current(layout, Relay(relay.folder, relay.port, b"{}")), "another configuration"
    assert not relays.current(layout, Relay(relay.folder, free(1)[0], relay.config)), "nobody answers"
    relay.ecosystem.write_text(relay.ecosystem.read_text().replace("RELAY_SOURCE", "OTHER_SOURCE"))
    assert not relays.current(layout, relay), "other code"


def test_who_answers_for_a_process_that_is_gone_is_not_believed(layout: Layout, relay: Relay) -> None:
    assert not relays.current(layout, relay)


def test_a_relay_is_known_by_its_files_and_ended(
    layout: Layout, relay: Relay, process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    other = Layout(run=tmp_path / "a", files=layout.files)
    assert processes.relays(layout) == processes.left(layout) == [process.pid]
    assert processes.relays(layout, layout.relays / "acm") == processes.left(other) == []
    threading.Thread(target=process.wait, daemon=True).start()
    relays.stop(layout, relay.folder)
    assert process.wait(10) == -15
    assert not relay.ecosystem.exists()
    assert relay.public.exists()


def test_the_port_of_a_running_relay_is_ours(
    layout: Layout, relay: Relay, process: subprocess.Popen[bytes]
) -> None:
    relay.public.write_text(json.dumps({"listen": f"127.0.0.1:{relay.port}"}))
    assert relays.held(layout) == {relay.port}
    settings = Settings(Ports(*free(2), relay.port), (), frozenset([relay.port]))
    lifecycle.check_ports(layout, settings, "make")
    process.kill()
    process.wait()
    assert relays.held(layout) == set()


def test_what_is_no_longer_declared_is_removed_but_for_its_audit(layout: Layout, relay: Relay) -> None:
    relay.private.write_text("{}")
    relay.audit.mkdir()
    assert relays.undeclared(layout, {"acme"}) == []
    assert relays.undeclared(layout, {"globex"}) == [relay.folder]
    relays.remove(layout, relay.folder)
    assert [path.name for path in relay.folder.iterdir()] == ["audit"]
    assert relays.undeclared(layout, set()) == []


def test_a_stop_of_all_forgets_what_pm2_was_told(layout: Layout, relay: Relay) -> None:
    lifecycle.stop(layout)
    assert not relay.ecosystem.exists()
