# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role firewall promises: tried from outside and from inside, not read from its file."""

from __future__ import annotations

import socket
from contextlib import contextmanager

import pytest


@pytest.fixture(scope="module")
def address(host):
    # Not the first of hostname -I: that may be a bridge of Docker's, which this machine has, too.
    return host.check_output("ip -4 route get 192.0.2.1").split("src ")[1].split()[0]


@contextmanager
def listener(host, port):
    """A server on all addresses of the host."""
    unit = f"trial-{port}"
    host.check_output("systemd-run --quiet --unit %s python3 -m http.server %s", unit, str(port))
    try:
        host.check_output(
            "for i in $(seq 50); do ss -Hltn sport = :%s | grep -q . && exit 0; sleep 0.1; done; exit 1",
            str(port),
        )
        yield
    finally:
        host.run("systemctl stop %s", unit)


def answers(address, port):
    try:
        with socket.create_connection((address, port), timeout=2):
            return True
    except OSError:
        return False


def test_ssh_comes_in_and_nothing_else(host, address):
    with listener(host, 8099):
        assert answers(address, 22)
        assert (
            host.run("python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", 8099), 2)'").rc == 0
        )
        assert not answers(address, 8099)
        host.check_output("nft insert rule inet adsengineer input tcp dport 8099 accept")
        assert answers(address, 8099), "the probe itself must be able to succeed"
        host.check_output("systemctl reload adsengineer-firewall")
        assert not answers(address, 8099)


def reach(host, address, port, user="root"):
    """How a connection from the host to this machine ends: refused means that it went out."""
    script = (
        "import socket, sys\n"
        "try:\n socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)\n"
        "except OSError as e:\n print(type(e).__name__, e.errno)\n"
    )
    return host.run(
        "setpriv --reuid %s --clear-groups python3 -c %s %s %s", user, script, address, str(port)
    ).stdout


def test_only_what_is_listed_goes_out(host, address):
    gateway = host.check_output("ip -4 route show default").split()[2]
    assert "113" in reach(host, gateway, 8443) or "PermissionError" in reach(host, gateway, 8443)
    assert "ConnectionRefusedError" in reach(host, gateway, 443)


def test_tables_of_others_survive_reload_and_restart(host):
    host.check_output("nft add table ip trial_other")
    try:
        for what in ("reload adsengineer-firewall", "restart adsengineer-firewall", "stop nftables"):
            host.check_output(f"systemctl {what}")
            assert host.run("nft list table ip trial_other").rc == 0, what
            assert host.run("nft list chain inet adsengineer input").rc == 0, what
    finally:
        host.run("nft delete table ip trial_other")


def test_our_table_comes_back_when_the_distributions_unit_flushes_all(host):
    host.check_output("systemctl restart nftables")
    host.check_output(
        "for i in $(seq 50); do nft list chain inet adsengineer input && exit 0; sleep 0.1; done; exit 1"
    )
    host.check_output("systemctl stop nftables")


def test_it_is_loaded_before_the_network(host):
    order = host.check_output("systemctl show --property=Before adsengineer-firewall")
    assert "network-pre.target" in order
    assert host.run("systemctl is-enabled adsengineer-firewall").rc == 0


def test_a_user_of_its_own_reaches_only_its_own(host):
    """Rules as of firewall_users, made by hand here; the scenario vps_alternative has them from the role."""
    gateway = host.check_output("ip -4 route show default").split()[2]
    host.check_output(
        "nft insert rule inet adsengineer output meta skuid nobody reject with icmpx admin-prohibited"
    )
    try:
        assert "ConnectionRefusedError" in reach(host, gateway, 443)
        assert "ConnectionRefusedError" not in reach(host, gateway, 443, "nobody")
    finally:
        host.check_output("systemctl reload adsengineer-firewall")
