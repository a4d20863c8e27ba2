# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that are open live on through a reload of all rules and of the engine."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
from pathlib import Path

import pytest

EPHEMERAL = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
CONFIG = EPHEMERAL / "ssh_config"
(HOST,) = re.findall(r"^Host (\S+)$", CONFIG.read_text(), re.M)
OUTSIDE = "198.51.100.2"
RELOAD = "systemctl reload adsengineer-firewall adsengineer-docker-guard docker"

pytestmark = pytest.mark.skipif((EPHEMERAL / "changed").exists(), reason="tried before anything was changed")


def answer(session, line):
    """What comes back of a line within 10 s."""
    session.stdin.write(f"{line}\n")
    session.stdin.flush()
    ready, _write, _error = select.select([session.stdout], [], [], 10)
    return session.stdout.readline().strip() if ready else "nothing"


def test_a_login_goes_on(host):
    argv = ["ssh", "-F", str(CONFIG), "-o", "ControlPath=none", HOST, "cat"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        try:
            assert answer(session, "before") == "before"
            host.check_output(RELOAD)
            assert answer(session, "after") == "after"
        finally:
            session.kill()


TO_CONTAINER = """
import socket, subprocess, sys
there = socket.create_connection((sys.argv[1], 8080), 5)
subprocess.run(sys.argv[2], shell=True, check=True)
there.sendall(b"GET /healthz HTTP/1.0\\r\\n\\r\\n")
there.settimeout(10)
print(there.recv(100).decode())
"""


def test_the_host_s_connection_to_a_container_goes_on(host):
    (network,) = json.loads(host.check_output("docker inspect reference-acme"))[0]["NetworkSettings"][
        "Networks"
    ].values()
    said = host.check_output("python3 -c %s %s %s", TO_CONTAINER, network["IPAddress"], RELOAD)
    assert "200 OK" in said


FROM_CONTAINER = """
import subprocess, sys, time
into = ["docker", "exec", "-i", "reference-initech", "nc", "-w", "60", sys.argv[1], "8081"]
there = subprocess.Popen(into, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
listed = ["ip", "netns", "exec", "outside", "ss", "-Htn", "state", "established", "sport", "=", ":8081"]
end = time.monotonic() + 20
while not subprocess.run(listed, capture_output=True, check=True).stdout:
    assert time.monotonic() < end, "it never connected"
    time.sleep(0.1)
subprocess.run(sys.argv[2], shell=True, check=True)
there.stdin.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
there.stdin.flush()
print(there.stdout.readline().decode())
there.kill()
"""


def test_a_container_s_connection_to_where_it_may_goes_on(host):
    said = host.check_output("timeout 60 python3 -c %s %s %s", FROM_CONTAINER, OUTSIDE, RELOAD)
    assert "200 OK" in said
