# SPDX-License-Identifier: GPL-3.0-or-later
"""Which login a process belongs to, on the process trees of both releases of Debian."""

from __future__ import annotations

import os

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import login

TICKS = os.sysconf("SC_CLK_TCK")
# pid: (parent, name, command, ticks, environment)
BOOKWORM = {
    1: (0, "systemd", "/sbin/init", 1, ""),
    90: (1, "sshd", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", 50, ""),
    200: (90, "sshd", "sshd: ada [priv]", 5000, ""),
    210: (200, "sshd", "sshd: ada@notty", 5020, ""),
    220: (210, "sh", "sh -c sudo", 5100, "A=1\0SSH_CONNECTION=192.0.2.7 50000 192.0.2.1 2222\0"),
    230: (220, "sudo", "sudo python3", 5110, ""),
    240: (230, "python3", "python3", 5120, ""),
}
TRIXIE = {
    **BOOKWORM,
    200: (90, "sshd-session", "sshd-session: ada [priv]", 5000, ""),
    210: (200, "sshd-session", "sshd-session: ada@notty", 5020, ""),
}
# After a restart of the service the old sessions belong to PID 1.
ORPHANED = {**TRIXIE, 200: (1, "sshd-session", "sshd-session: ada [priv]", 5000, "")}
# root's session has no second process.
ROOT = {**BOOKWORM, 210: (90, "sshd", "sshd: root@notty", 5000, "")}
BY_EXEC = {1: (0, "systemd", "/sbin/init", 1, ""), 240: (0, "python3", "python3 sshd", 5120, "")}
HOSTILE = {**BOOKWORM, 240: (230, "x) R 1 (sshd", "python3", 5120, "")}


def tree(tmp_path, processes):
    for pid, (parent, name, command, ticks, environment) in processes.items():
        folder = tmp_path / str(pid)
        folder.mkdir(parents=True)
        rest = ["S", str(parent), *["0"] * 17, str(ticks), "0"]
        (folder / "stat").write_text(f"{pid} ({name}) {' '.join(rest)}\n")
        (folder / "cmdline").write_bytes(command.replace(" ", "\0").encode())
        (folder / "environ").write_text(environment)
    return tmp_path


@pytest.mark.parametrize(
    "processes",
    [BOOKWORM, TRIXIE, ORPHANED, ROOT, HOSTILE],
    ids=["bookworm", "trixie", "orphaned", "root", "hostile"],
)
def test_the_login_is_the_session_and_never_the_listener(tmp_path, processes):
    found = login.current(240, tree(tmp_path, processes))
    assert found is not None
    assert found.pid == (210 if processes is ROOT else 200)
    assert found.started == 5000 / TICKS
    assert (found.client, found.port) == ("192.0.2.7", 2222)


def test_a_process_that_came_by_no_login_has_none(tmp_path):
    assert login.current(240, tree(tmp_path, BY_EXEC)) is None


def test_a_process_that_has_gone_has_none(tmp_path):
    assert login.current(999, tree(tmp_path, BOOKWORM)) is None


@pytest.mark.parametrize(
    ("user", "address", "patterns", "expected"),
    [
        ("ada", "192.0.2.7", [], True),
        ("ada", "192.0.2.7", ["ada"], True),
        ("ada", "192.0.2.7", ["bob"], False),
        ("ada", "192.0.2.7", ["a*"], True),
        ("ada", "192.0.2.7", ["Ada"], False),
        ("ada", "192.0.2.7", ["ada@192.0.2.0/24"], True),
        ("ada", "192.0.2.7", ["ada@192.0.2.*"], True),
        ("ada", "192.0.2.7", ["ada@198.51.100.0/24"], False),
        ("ada", "192.0.2.7", ["ada@198.51.100.0/24", "ada@192.0.2.7"], True),
        ("ada", "fe80::1%eth0", ["ada@fe80::/10"], True),
    ],
)
def test_allow_users(user, address, patterns, expected):
    assert login.allowed(user, address, patterns) is expected


@pytest.mark.parametrize(
    ("address", "networks", "expected"),
    [
        ("192.0.2.7", ["192.0.2.0/24"], True),
        ("192.0.2.7", ["198.51.100.0/24", "192.0.2.7"], True),
        ("192.0.2.7", ["2001:db8::/32"], False),
        ("2001:db8::1", ["2001:db8::/32"], True),
        ("192.0.2.7", ["nonsense"], False),
        ("", ["0.0.0.0/0"], False),
    ],
)
def test_networks(address, networks, expected):
    assert login.inside(address, networks) is expected
