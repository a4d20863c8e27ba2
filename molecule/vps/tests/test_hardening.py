# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role hardening promises, asked of the host itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def sshd(host):
    """What sshd really uses, whatever its files say."""
    lines = host.check_output("sshd -T").splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("permitrootlogin", "no"),
        ("passwordauthentication", "no"),
        ("kbdinteractiveauthentication", "no"),
        ("authenticationmethods", "publickey"),
        ("x11forwarding", "no"),
        ("allowtcpforwarding", "no"),
    ],
)
def test_sshd_uses(sshd, word, value):
    assert sshd[word] == value


@pytest.mark.parametrize(
    ("word", "old"),
    [("kexalgorithms", "nistp"), ("ciphers", "cbc"), ("macs", "sha1"), ("macs", "umac-64")],
)
def test_sshd_offers_nothing_old(sshd, word, old):
    assert old not in sshd[word]
    assert sshd[word]


def login_by_key(host, user):
    """A new login from this machine, not over the connection of the checks."""
    config = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "ssh_config"
    argv = ["ssh", "-F", config, "-o", "ControlPath=none", "-o", "BatchMode=yes", "-l", user]
    argv += [host.check_output("hostname"), "true"]
    return subprocess.run(argv, capture_output=True, timeout=20, check=False).returncode == 0


def test_failures_lock_a_password_and_never_a_key(host):
    salt = host.check_output("openssl passwd -6 right")
    host.check_output("usermod --password %s debian", salt)
    attempt = "echo %s | setpriv --reuid nobody --regid nogroup --clear-groups su debian -c true"
    try:
        assert host.run(attempt, "right").rc == 0, "the probe itself must be able to succeed"
        for _failure in range(6):
            assert host.run(attempt, "wrong").rc != 0
        assert host.run(attempt, "right").rc != 0
        assert login_by_key(host, "debian")
    finally:
        host.run("faillock --user debian --reset")
        host.run("usermod --password '*' debian")


def test_root_is_refused_although_its_key_is_there(host):
    assert "ssh-ed25519" in host.file("/root/.ssh/authorized_keys").content_string
    assert login_by_key(host, "debian")
    assert not login_by_key(host, "root")


def test_the_service_user_can_not_log_in(host):
    user = host.user("adsengineer")
    assert (user.shell, user.home) == ("/usr/sbin/nologin", "/var/lib/adsengineer")


def test_upgrades_are_installed_by_themselves(host):
    assert host.check_output("apt-config shell X APT::Periodic::Unattended-Upgrade") == "X='1'"
    assert host.run("systemctl is-enabled apt-daily-upgrade.timer").rc == 0
    assert host.run("unattended-upgrade --dry-run").rc == 0


def test_the_journal_has_a_limit(host):
    assert "SystemMaxUse=500M" in host.check_output("systemd-analyze cat-config systemd/journald.conf")
    assert host.file("/var/log/journal").is_directory


def test_a_crash_leaves_no_dump(host):
    assert host.check_output("su -s /bin/sh -c 'ulimit -Hc' adsengineer") == "0"


def test_blocked_modules_can_not_be_loaded(host):
    assert "install dccp /bin/false" in host.file("/etc/modprobe.d/adsengineer.conf").content_string


def test_kernel_parameters_are_right_where_the_host_can_set_them(host):
    """Where /proc/sys is read-only, as in one of the containers, the role says so and the file waits."""
    written = host.check_output("grep -c ^- /etc/sysctl.d/80-adsengineer.conf")
    assert int(written) > 30
    assert host.check_output("sysctl -n net.ipv4.ip_forward") == "1"
    if host.run("test -w /proc/sys/net/ipv4/conf/all/rp_filter").rc == 0:
        assert host.check_output("sysctl -n net.ipv4.conf.all.rp_filter") == "1"


def test_time_is_synchronised_where_the_host_has_a_clock(host):
    assert host.run("systemctl is-enabled systemd-timesyncd").rc == 0


def test_no_parachute_is_left_armed(host):
    left = host.run("ls -d /var/lib/adsengineer-parachute/*/ /etc/systemd/system/adsengineer-parachute*")
    assert left.stdout == ""
