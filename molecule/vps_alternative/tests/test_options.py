# SPDX-License-Identifier: GPL-3.0-or-later
"""The other value of every option counts, too."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def sshd(host):
    return host.check_output("sshd -T").splitlines()


@pytest.mark.parametrize(
    "line", ["port 22", "port 2222", "maxsessions 6", "allowtcpforwarding local", "permitrootlogin no"]
)
def test_sshd_uses(sshd, line):
    assert line in sshd


def test_only_the_listed_user_may_log_in(sshd):
    assert [line for line in sshd if line.startswith("allowusers")] == ["allowusers ada@172.16.0.0/12"]


def test_the_admin_came_in_by_a_key_of_etc(host):
    assert host.file("/etc/ssh/authorized_keys.d/ada").user == "root"
    assert not host.file("/home/ada/.ssh/authorized_keys").exists


def test_passwords_are_not_locked(host):
    assert host.run("grep faillock /etc/pam.d/common-auth").rc == 1


@pytest.mark.parametrize("path", ["/etc/apt/apt.conf.d/52adsengineer", "/etc/modprobe.d/adsengineer.conf"])
def test_what_was_turned_off_is_not_there(host, path):
    assert not host.file(path).exists


def test_settings_of_time_and_journal(host):
    assert "NTP=time.example" in host.check_output("systemd-analyze cat-config systemd/timesyncd.conf")
    assert "SystemMaxUse=100M" in host.check_output("systemd-analyze cat-config systemd/journald.conf")


def test_a_kernel_parameter_of_ones_own(host):
    assert host.check_output("sysctl -n net.ipv4.tcp_syncookies") == "2"


def test_the_service_user_has_another_name(host):
    assert host.user("services").home == "/var/lib/services"


def attempt(host, user, port):
    gateway = host.check_output("ip -4 route show default").split()[2]
    script = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"
    command = "setpriv --reuid %s --clear-groups python3 -c %s %s %s"
    return host.run(command, user, script, gateway, str(port)).stderr.strip().splitlines()[-1]


def test_a_user_reaches_only_what_is_its_own_and_others_everything(host):
    """Nobody listens there, so a refused connection is one that went out."""
    assert "ConnectionRefusedError" in attempt(host, "root", 8444)
    assert "ConnectionRefusedError" in attempt(host, "services", 8443)
    assert "ConnectionRefusedError" not in attempt(host, "services", 8444)
    assert "ConnectionRefusedError" not in attempt(host, "services", 53)


def test_rules_for_what_comes_in(host):
    rules = host.check_output("nft list chain inet adsengineer input")
    for rule in (
        "ip saddr 172.16.0.0/12 tcp dport { 22, 2222 } accept",
        "ip6 saddr 2001:db8::/32 tcp dport { 22, 2222 } accept",
        "ip saddr 172.16.0.0/12 tcp dport 8098 accept",
        "udp dport 8097 accept",
    ):
        assert rule in rules
    assert "log prefix" not in rules


def test_containers_may_not_go_out(host):
    forward = host.check_output("nft list chain inet adsengineer forward")
    assert 'iifname "docker0" accept' not in forward
