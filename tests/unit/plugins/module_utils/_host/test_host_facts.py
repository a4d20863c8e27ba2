# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told about a host, and which kernel parameters can be set there."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import facts, sysctl


def test_release():
    text = '# comment\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n\nnonsense\n'
    assert facts.release(text) == {"ID": "debian", "VERSION_ID": "12", "VERSION_CODENAME": "bookworm"}


@pytest.mark.parametrize(
    ("environment", "marker", "expected"),
    [("container=docker\0A=1\0", False, True), ("A=1\0xcontainer=\0", False, False), ("A=1\0", True, True)],
)
def test_container(tmp_path, environment, marker, expected):
    (tmp_path / "proc" / "1").mkdir(parents=True)
    (tmp_path / "proc" / "1" / "environ").write_text(environment)
    (tmp_path / "run" / "systemd").mkdir(parents=True)
    if marker:
        (tmp_path / "run" / "systemd" / "container").write_text("docker")
    assert facts.container(tmp_path / "proc", tmp_path / "run") is expected


def test_effective_settings_with_several_ports():
    assert facts.effective("port 22\nport 2222\nusedns no\n") == {"port": "22 2222", "usedns": "no"}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (".ssh/authorized_keys", ["/home/ada/.ssh/authorized_keys"]),
        ("none", []),
        ("%h/keys /etc/ssh/authorized_keys.d/%u", ["/home/ada/keys", "/etc/ssh/authorized_keys.d/ada"]),
    ],
)
def test_key_files(pattern, expected):
    assert facts.key_files(pattern, "ada", "/home/ada") == [Path(path) for path in expected]


def test_keys_are_counted_without_comments(tmp_path):
    (tmp_path / "keys").write_text("# mine\n\nssh-ed25519 AAAA\n  # not\nssh-rsa BBBB\n")
    assert facts.count_keys([tmp_path / "keys", tmp_path / "missing"]) == 2


@pytest.fixture
def kernel(tmp_path):
    for key, value in {
        "net/ipv4/ip_forward": "0",
        "net/ipv4/ip_local_port_range": "1024\t65535",
        "net/ipv4/conf/eth0.7/rp_filter": "0",
        "kernel/sysrq": "1",
    }.items():
        (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / key).write_text(f"{value}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("settings", "container", "changes", "refused"),
    [
        ({"net.ipv4.ip_forward": 0}, True, {}, []),
        ({"net.ipv4.ip_forward": True}, True, {"net.ipv4.ip_forward": "1"}, []),
        ({"net.ipv4.ip_local_port_range": "1024 65535"}, True, {}, []),
        ({"net/ipv4/conf/eth0.7/rp_filter": 1}, True, {"net/ipv4/conf/eth0.7/rp_filter": "1"}, []),
        ({"kernel.sysrq": 0}, False, {"kernel.sysrq": "0"}, []),
        ({"kernel.sysrq": 0}, True, {}, ["belongs to the machine"]),
        ({"kernel.sysrq": 1}, True, {}, []),
        ({"kernel.nonsense": 1}, False, {}, ["no such key"]),
    ],
)
def test_what_can_be_set(kernel, settings, container, changes, refused):
    found, not_set = sysctl.outstanding(settings, container=container, root=kernel)
    assert found == changes
    assert len(not_set) == len(refused)
    for one, words in zip(not_set, refused, strict=True):
        assert words in one.reason


def test_a_read_only_proc_is_told(kernel, monkeypatch):
    monkeypatch.setattr(sysctl, "writable", lambda path: False)
    changes, refused = sysctl.outstanding({"net.ipv4.ip_forward": 1}, container=True, root=kernel)
    assert changes == {}
    assert "read-only" in refused[0].reason


def test_a_refusal_of_the_kernel_is_told(kernel):
    (kernel / "net" / "ipv4" / "ip_forward").unlink()
    (kernel / "net" / "ipv4" / "ip_forward").mkdir()
    assert [one.key for one in sysctl.set_live({"net.ipv4.ip_forward": "1"}, kernel)] == [
        "net.ipv4.ip_forward"
    ]


def test_forwarding_comes_first_since_it_resets_others():
    text = sysctl.text({"net.ipv4.conf.all.rp_filter": 1, "net.ipv4.ip_forward": 1})
    assert text.splitlines()[1:] == ["-net.ipv4.ip_forward = 1", "-net.ipv4.conf.all.rp_filter = 1"]


def test_a_key_that_forwarding_reset_is_set_again(kernel, monkeypatch):
    redirects = kernel / "net" / "ipv4" / "conf" / "all" / "accept_redirects"
    redirects.parent.mkdir(parents=True)
    redirects.write_text("0\n")
    plain = sysctl.set_live

    def as_the_kernel(changes, root):
        refused = plain(changes, root)
        if "net.ipv4.ip_forward" in changes:
            redirects.write_text("1\n")
        return refused

    monkeypatch.setattr(sysctl, "set_live", as_the_kernel)
    settings = {"net.ipv4.ip_forward": 1, "net.ipv4.conf.all.accept_redirects": 0}
    done, refused = sysctl.bring(settings, container=False, root=kernel)
    assert done == {"net.ipv4.ip_forward": "1", "net.ipv4.conf.all.accept_redirects": "0"}
    assert refused == []
    assert sysctl.live("net.ipv4.conf.all.accept_redirects", kernel) == "0"
    assert sysctl.bring(settings, container=False, root=kernel) == ({}, [])


def test_a_key_that_can_not_be_set_is_tried_once(kernel, monkeypatch):
    refusal = sysctl.Refused("net.ipv4.ip_forward", "1", "no")
    tried = []
    monkeypatch.setattr(sysctl, "set_live", lambda changes, root: tried.append(changes) or [refusal])
    assert sysctl.bring({"net.ipv4.ip_forward": 1}, container=False, root=kernel) == ({}, [refusal])
    assert len(tried) == 1
