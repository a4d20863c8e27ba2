# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles made goes when they are told so, in one play; without Docker a host need not forward.

Runs after the tests of the options, whose host it takes apart.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

PLAYS = Path(__file__).parents[1] / "plays"


def play(name, *options):
    argv = [
        "ansible-playbook",
        "-i",
        os.environ["MOLECULE_INVENTORY_FILE"],
        str(PLAYS / f"{name}.yml"),
        *options,
    ]
    return subprocess.run(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=400, check=False
    )


@pytest.fixture(scope="module")
def removed():
    done = play("removal")
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_host_with_docker_has_to_forward(host):
    done = play("not_forwarding")
    assert done.returncode == 2, done.stdout
    assert re.search(
        r"Nothing was changed.*hardening_forwarding is false, but Docker is installed", done.stdout
    )
    assert "changed=0" in done.stdout
    assert host.check_output("sysctl -n net.ipv4.ip_forward") == "1"


# The program that puts the old state of files back. The authority, which pki leaves, is elsewhere here.
STAYS = {"/usr/local/lib/adsengineer/parachute"}
STATE = "/var/lib/adsengineer-parachute/"
# systemd's own, and what the tests wrote.
OTHERS = {"/etc/.updated", "/etc/dpkg/dpkg.cfg.d/test-host", "/etc/sudoers.d/90-ada"}


def test_nothing_is_left_but_what_is_meant_to_stay(removed, host):
    """Files that neither the image had nor a package brought, and whatever has a name of ours."""
    differences = subprocess.run(
        ["docker", "diff", host.check_output("hostname")], capture_output=True, text=True, check=True
    ).stdout
    added = re.findall("^A (.+)$", differences, re.M)
    files = set(
        host.check_output("find /etc /usr/local /opt /var/lib/adsengineer* -xdev -type f").splitlines()
    )
    packaged = set(host.check_output("cat /var/lib/dpkg/info/*.list").splitlines())
    ours = {path for path in added if re.search("adsengineer|pm2|tenant", Path(path).name)}
    folders = set(host.check_output("find /etc /usr/local /var -xdev -type d").splitlines())
    left = ((set(added) & files) | ours) - packaged - folders - OTHERS
    left = {path for path in left if not path.startswith((STATE, "/var/lib/systemd/timers/"))}
    assert left == STAYS


def test_no_rule_and_no_network_is_left(removed, host):
    assert "adsengineer" not in host.check_output("nft list tables")
    assert "tn-" not in host.check_output("ip -brief link")


def test_no_unit_has_failed(removed, host):
    assert host.run("systemctl is-system-running").stdout.strip() == "running"


def test_the_second_time_nothing_changes(removed, host):
    done = play("removal")
    assert done.returncode == 0, done.stdout
    assert re.search(r"changed=0 +unreachable=0 +failed=0", done.stdout), done.stdout


def test_without_docker_a_host_need_not_forward(removed, host):
    done = play("not_forwarding")
    assert done.returncode == 0, done.stdout
    assert host.check_output("sysctl -n net.ipv4.ip_forward") == "0"
    assert "net.ipv4.ip_forward = 0" in host.file("/etc/sysctl.d/80-adsengineer.conf").content_string
