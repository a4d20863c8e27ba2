# SPDX-License-Identifier: GPL-3.0-or-later
"""Connectors come up one at a time, with the inputs they should have."""

from __future__ import annotations

import http.server
import json
import threading

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import connectors
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.connectors import (
    ConnectorError,
    Connectors,
    Ready,
)
from ansible_collections.adsengineer.orchestrator.plugins.modules.tunnel_connectors import wrong


class Host:
    """A host with systemd, as far as these commands go."""

    def __init__(self, folder):
        self.wants, self.input = folder / "wants", folder / "token"
        self.wants.mkdir()
        self.input.write_text("one")
        self.state = folder / "state"
        self.running: dict[str, str] = {}
        self.said: list[str] = []
        self.broken: set[str] = set()
        self.slow = 0
        self.now = 0.0

    def run(self, argv):
        words, unit = argv[1:], argv[-1]
        if argv[0] == "journalctl":
            return 0, "ERR no way to the edge\n"
        if words[0] == "list-units":
            return 0, "".join(f"{name} loaded active running x\n" for name in self.running)
        if words[0] == "is-active":
            return (0 if unit in self.running else 3), ""
        if words[0] != "reset-failed":
            self.said.append(" ".join(words))
        if words[0] == "enable":
            (self.wants / unit).unlink(missing_ok=True)
            (self.wants / unit).symlink_to("/x")
        if words[0] == "restart":
            if unit in self.broken:
                return 1, "Job failed"
            self.running[unit] = self.input.read_text()
        if words[0] == "disable":
            self.running.pop(unit, None)
            (self.wants / unit).unlink(missing_ok=True)
        return 0, ""

    def ask(self, port):
        if self.slow > 0:
            self.slow -= 1
            return Ready(problem="/ready says 503")
        unit = f"cloudflared@{port}.service"
        return Ready(4, "c") if unit in self.running else Ready(problem="/ready does not answer")

    def sleep(self, seconds):
        self.now += seconds

    def bring(self, *ports, check=False):
        self.said.clear()
        brought = Connectors(
            [self.input],
            self.state,
            timeout=5,
            check=check,
            run=self.run,
            ask=self.ask,
            clock=lambda: self.now,
            sleep=self.sleep,
            wants=self.wants,
        )
        return brought.converge(ports)


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def units(verb, *ports):
    return [f"{verb} cloudflared@{port}.service" for port in ports]


def test_they_are_started_once(host):
    assert host.bring(20241, 20242, check=True).actions == units("start", 20241, 20242)
    assert host.said == []
    first = host.bring(20241, 20242)
    assert first.actions == units("start", 20241, 20242)
    assert [item["connections"] for item in first.connectors] == [4, 4]
    assert host.bring(20241, 20242).actions == []
    assert host.said == []


def test_other_inputs_call_for_a_restart_one_at_a_time(host):
    host.bring(20241, 20242)
    host.input.write_text("two")
    assert host.bring(20241, 20242, check=True).actions == units("restart", 20241, 20242)
    host.bring(20241, 20242)
    restarts = [said for said in host.said if said.startswith("restart")]
    assert restarts == units("restart", 20241, 20242)
    assert set(host.running.values()) == {"two"}


def test_a_second_one_is_not_touched_while_the_first_does_not_serve(host):
    host.bring(20241, 20242)
    host.input.write_text("two")
    host.slow = 1000
    with pytest.raises(ConnectorError, match=r"cloudflared@20241\.service does not serve: /ready says 503"):
        host.bring(20241, 20242)
    assert host.running["cloudflared@20242.service"] == "one"
    host.slow = 0
    assert host.bring(20241, 20242).actions == units("restart", 20241, 20242), "nothing was taken as done"


def test_a_slow_one_is_waited_for(host):
    host.slow = 3
    assert host.bring(20241).connectors[0]["connections"] == 4


def test_what_fails_quotes_the_journal(host):
    host.broken.add("cloudflared@20241.service")
    with pytest.raises(ConnectorError, match="Its journal says: ERR no way to the edge"):
        host.bring(20241)


def test_surplus_ones_are_stopped(host):
    host.bring(20241, 20242, 20243)
    assert host.bring(20241, check=True).actions == units("stop", 20242, 20243)
    assert host.bring(20241).actions == units("stop", 20242, 20243)
    assert set(host.running) == {"cloudflared@20241.service"}
    assert host.bring().actions == units("stop", 20241)


@pytest.mark.parametrize("spoil", ["killed", "disabled"])
def test_one_that_does_not_run_is_started(host, spoil):
    host.bring(20241)
    if spoil == "killed":
        host.running.clear()
    else:
        (host.wants / "cloudflared@20241.service").unlink()
    assert host.bring(20241).actions == units("start", 20241)


def test_a_missing_input_is_named(host):
    host.input.unlink()
    with pytest.raises(ConnectorError, match="token does not exist"):
        host.bring(20241)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"readyConnections": 4, "connectorId": "c"}, (4, "c", "")),
        (503, {"readyConnections": 0, "connectorId": "c"}, (0, "c", "/ready says 503")),
        (200, [], (0, "", "/ready answers what can't be read (AttributeError)")),
        (200, "x", (0, "", "/ready answers what can't be read (AttributeError)")),
    ],
)
def test_asking_a_real_server(status, body, expected):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/ready" else 404)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_arguments):
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        found = connectors.ask(server.server_port)
        thread.join()
    assert (found.connections, found.connector, found.problem) == expected


def test_nobody_answers():
    assert "does not answer" in connectors.ask(1).problem


@pytest.mark.parametrize(
    ("ports", "words"),
    [([80], "has 80"), ([2000, 2000], "2000 twice"), (list(range(2000, 2026)), "26 entries"), ([20241], "")],
)
def test_ports(ports, words):
    assert words in wrong(ports) if words else wrong(ports) == ""
