# SPDX-License-Identifier: GPL-3.0-or-later
"""A matrix of who reaches whom, tried from inside each container and from the control plane."""

from __future__ import annotations

import json
import time

import pytest

TENANTS = ["acme", "globex", "initech"]
PLACES = [
    "acme",
    "globex",
    "initech",
    "acme_peer",
    "initech_peer",
    "gateway",
    "control_plane",
    "allowed",
    "outside",
]
# Everything else is forbidden.
MAY = {
    "acme": {"acme", "acme_peer"},
    "globex": {"globex"},
    "initech": {"initech", "allowed"},
    "control_plane": set(PLACES),
}


def output(host, command):
    ran = host.run(command)
    assert ran.rc == 0, f"{command}: {ran.stderr}\n{host.run('journalctl -n 30 --no-pager').stdout}"
    return ran.stdout.strip()


def address(host, container):
    return json.loads(output(host, f"docker inspect {container}"))[0]["NetworkSettings"]["Networks"]


@pytest.fixture(scope="module")
def places(host):
    """Address and port of each place; a second container of a tenant is started when there is none."""
    for tenant in ("acme", "initech"):
        have = f"docker container inspect peer-{tenant} >/dev/null 2>&1"
        run = f"docker run -d --name peer-{tenant} --restart unless-stopped --network tenant_{tenant}"
        output(host, f"{have} || {run} adsengineer-reference:1")
    names = {tenant: f"reference-{tenant}" for tenant in TENANTS}
    names |= {"acme_peer": "peer-acme", "initech_peer": "peer-initech"}
    found = {}
    for place, name in names.items():
        (network,) = address(host, name).values()
        found[place] = (network["IPAddress"], 8080)
    own = output(host, "ip -4 -json address show dev eth0")
    # Ports of other places are the same for all, the gateway is each tenant's own.
    return found | {
        "control_plane": (json.loads(own)[0]["addr_info"][0]["local"], 9090),
        "allowed": ("198.51.100.2", 8081),
        "outside": ("198.51.100.2", 8082),
    }


def gateway(host, tenant):
    found = json.loads(output(host, f"docker network inspect tenant_{tenant}"))[0]
    return found["IPAM"]["Config"][0]["Gateway"], 9090


def reaches(host, source, target):
    to, port = target
    if source == "control_plane":
        return (
            host.run(f"python3 -c \"import socket; socket.create_connection(('{to}', {port}), 2)\"").rc == 0
        )
    return host.run(f"docker exec reference-{source} nc -w 2 {to} {port}").rc == 0


@pytest.fixture(scope="module")
def matrix(host, places):
    """Every pair, tried; what is up needs a moment after a reboot."""
    for _attempt in range(40):
        if all(reaches(host, "control_plane", target) for target in places.values()):
            break
        time.sleep(0.5)
    found = {}
    for source in [*TENANTS, "control_plane"]:
        own = places | {"gateway": gateway(host, "acme" if source == "control_plane" else source)}
        found[source] = {place for place, target in own.items() if reaches(host, source, target)}
    return found


@pytest.mark.parametrize("source", MAY)
def test_reaches_what_it_may(matrix, source):
    assert matrix[source] >= MAY[source]


@pytest.mark.parametrize("source", MAY)
def test_reaches_nothing_else(matrix, source):
    assert matrix[source] - MAY[source] == set()


def test_without_the_rules_tenants_reach_the_control_plane(host, places):
    """The trial itself can tell: with the rules taken away, what they forbid is open."""
    targets = [gateway(host, "acme"), places["control_plane"]]
    output(host, "nft delete table inet adsengineer_docker")
    try:
        assert any(reaches(host, "acme", target) for target in targets)
    finally:
        output(host, "systemctl reload adsengineer-docker-guard")
    assert not any(reaches(host, "acme", target) for target in targets)


def test_no_container_sees_another_tenant_by_name(host):
    for name in ("reference-globex", "peer-acme"):
        found = host.run(f"docker exec reference-acme nc -w 2 {name} 8080").rc == 0
        assert found == (name == "peer-acme")


def test_nothing_is_published(host):
    assert output(host, "docker ps --format '{{.Ports}}'").strip() == ""
