# SPDX-License-Identifier: GPL-3.0-or-later
"""A matrix of who reaches whom, tried from inside each container, from the control plane and from outside."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

CHANGED = (Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "changed").exists()
PEERS = {"acme_peer", "globex_peer", "initech_peer"}
OUTSIDE = "198.51.100.2"
# Everything else is forbidden, see declared/.
FIRST = {
    "acme": {"acme", "acme_peer"},
    "globex": {"globex", "globex_peer"},
    "initech": {"initech", "allowed"},
    "control_plane": {"acme", "globex", "initech", "gateway", "control_plane", "allowed"} | PEERS,
    "outside": set(),
}
# What is left of the tenant that is declared no more is a container that was started by hand.
LATER = {
    "acme": {"acme", "acme_peer"},
    "globex": {"globex_peer"},
    "initech": {"initech", "later"},
    "hooli": {"hooli"},
    "control_plane": {"acme", "initech", "hooli", "gateway", "control_plane", "later"} | PEERS,
    "outside": {"gateway", "control_plane"},
}
MAY = LATER if CHANGED else FIRST
CONTAINERS = {name: f"reference-{name}" for name in MAY if name not in ("control_plane", "outside")}
if CHANGED:
    CONTAINERS["globex"] = "peer-globex"
# All at once: what is forbidden is mostly dropped, and each drop is a wait.
FROM_CONTAINER = """for target in %s; do
  (IFS=,; set -- $target; nc -w 2 "$2" "$3" </dev/null >/dev/null 2>&1 && echo "$1") &
done; wait"""
FROM_HOST = """
import socket, sys
from concurrent.futures import ThreadPoolExecutor

def reached(target):
    name, address, port = target.split(",")
    try:
        socket.create_connection((address, int(port)), 2).close()
    except OSError:
        return ""
    return name

print(*filter(None, ThreadPoolExecutor(32).map(reached, sys.argv[1:])), sep="\\n")
"""


def output(host, command, *words):
    ran = host.run(command, *words)
    assert ran.rc == 0, f"{command}: {ran.stderr}\n{host.run('journalctl -n 30 --no-pager').stdout}"
    return ran.stdout.strip()


def address(host, container):
    (network,) = json.loads(output(host, "docker inspect %s", container))[0]["NetworkSettings"][
        "Networks"
    ].values()
    return network["IPAddress"]


@pytest.fixture(scope="module")
def places(host):
    """Address and port of each place; a second container of a tenant is started when there is none."""
    for peer in sorted(PEERS):
        tenant = peer.removesuffix("_peer")
        have = f"docker container inspect peer-{tenant} >/dev/null 2>&1"
        run = f"docker run -d --name peer-{tenant} --restart unless-stopped --network tenant_{tenant}"
        output(host, f"{have} || {run} adsengineer-reference:1")
    own = json.loads(output(host, "ip -4 -json address show dev eth0"))[0]["addr_info"][0]["local"]
    found = {
        f"{tenant}_peer": (address(host, f"peer-{tenant}"), 8080) for tenant in ("acme", "globex", "initech")
    }
    found |= {
        tenant: (address(host, container), 8080)
        for tenant, container in CONTAINERS.items()
        if container.startswith("reference")
    }
    return found | {"control_plane": (own, 9090), "allowed": (OUTSIDE, 8081), "later": (OUTSIDE, 8082)}


def gateway(host, tenant):
    found = json.loads(output(host, "docker network inspect %s", f"tenant_{tenant}"))[0]
    return found["IPAM"]["Config"][0]["Gateway"], 9090


def reached(host, source, targets):
    """Which of the targets answer, tried from a source."""
    if source == "outside":  # its own are no question
        targets = {name: target for name, target in targets.items() if target[0] != OUTSIDE}
    words = [f"{name},{to},{port}" for name, (to, port) in targets.items()]
    if source in CONTAINERS:
        said = output(host, "docker exec %s sh -c %s", CONTAINERS[source], FROM_CONTAINER % " ".join(words))
    else:
        inside = "ip netns exec outside " if source == "outside" else ""
        said = output(host, f"{inside}python3 -c %s {' '.join(words)}", FROM_HOST)
    return set(said.split())


@pytest.fixture(scope="module")
def matrix(host, places):
    """Every pair, tried; what is up needs a moment after a reboot."""
    for _attempt in range(40):
        if reached(host, "control_plane", places) >= MAY["control_plane"] - {"gateway"}:
            break
        time.sleep(0.5)
    return {
        source: reached(
            host, source, places | {"gateway": gateway(host, source if source in CONTAINERS else "acme")}
        )
        for source in MAY
    }


@pytest.mark.parametrize("source", MAY)
def test_reaches_what_it_may(matrix, source):
    assert matrix[source] >= MAY[source]


@pytest.mark.parametrize("source", MAY)
def test_reaches_nothing_else(matrix, source):
    assert matrix[source] - MAY[source] == set()


def test_without_the_rules_tenants_reach_the_control_plane(host, places):
    """The trial itself can tell: each of the two tables holds alone, and with neither all is open."""
    targets = {"gateway": gateway(host, "acme"), "control_plane": places["control_plane"]}
    tables = {"adsengineer_docker": "adsengineer-docker-guard", "adsengineer": "adsengineer-firewall"}
    for table in tables:
        output(host, "nft delete table inet %s", table)
        try:
            assert reached(host, "acme", targets) == set()
        finally:
            output(host, "systemctl reload %s", tables[table])
    try:
        for table in tables:
            output(host, "nft delete table inet %s", table)
        assert reached(host, "acme", targets)
    finally:
        for unit in tables.values():
            output(host, "systemctl reload %s", unit)
    assert reached(host, "acme", targets) == set()


def test_no_container_sees_another_tenant_by_name(host):
    targets = {name: (name, 8080) for name in ("reference-initech", "peer-acme")}
    assert reached(host, "acme", targets) == {"peer-acme"}


def test_nothing_is_published(host):
    assert output(host, "docker ps --format '{{.Ports}}'").strip() == ""


@pytest.mark.skipif(not CHANGED, reason="nothing was declared anew yet")
def test_the_container_of_the_tenant_that_went_is_gone(host):
    assert "reference-globex" not in output(host, "docker ps --all --format '{{.Names}}'").split()
