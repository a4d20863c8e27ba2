# SPDX-License-Identifier: GPL-3.0-or-later
"""What breaks in the middle of a role is repaired by its next run, or told in one line.

One host for all: each role of provision.yml in its order meets its faults while those before it are
complete. The faults are real: Ansible and all that it runs on the host are killed by SIGKILL, dpkg too; the
default route is gone; a file system is full.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

PLAYS = Path(__file__).parents[1] / "plays"
CONFIG = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "ssh_config"
(HOST,) = re.findall(r"^Host (\S+)$", CONFIG.read_text(), re.M)


def play(name, *options):
    argv = [
        "ansible-playbook",
        "-i",
        os.environ["MOLECULE_INVENTORY_FILE"],
        str(PLAYS / f"{name}.yml"),
        *options,
    ]
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def inside(script, seconds=60):
    """Run a script on the host, past sshd and past what the roles do to it."""
    argv = ["docker", "exec", "--interactive", HOST, "sh", "-eu"]
    return subprocess.run(argv, input=script, capture_output=True, text=True, timeout=seconds, check=False)


def must(script):
    ran = inside(script)
    assert ran.returncode == 0, f"{script}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


@contextmanager
def no_network():
    """No way out, to no name server either. This machine is on the host's own bridge and still reaches it."""
    way = must("ip route show default").strip()
    must("ip route del default")
    try:
        yield
    finally:
        must(f"ip route add {way}")


def full(place: str) -> Callable[[], AbstractContextManager]:
    """A small file system without room in the place of a folder."""

    @contextmanager
    def fault():
        must(f"mkdir -p {place}; mount -t tmpfs -o size=64k,mode=0755 full {place}; mkdir -p {place}/partial")
        inside(f"dd if=/dev/zero of={place}/full bs=4k")
        assert inside(f"echo more >{place}/more").returncode != 0, "the probe itself must be refused"
        try:
            yield
        finally:
            must(f"umount {place}")

    return fault


# All that a login has started is in the group of sshd: the module, apt and dpkg. The server itself lives on.
KILL = """
main=$(systemctl show --property MainPID --value ssh)
group=$(systemctl show --property ControlGroup --value ssh)
for root in /sys/fs/cgroup/systemd /sys/fs/cgroup; do
  [ ! -e $root$group/cgroup.procs ] || procs=$root$group/cgroup.procs
done
end=$(($(date +%s) + 100))
until {{ {moment}; }} >/dev/null 2>&1; do [ "$(date +%s)" -lt $end ]; {pause}; done
killed=0
for pid in $(cat $procs); do
  if [ "$pid" != "$main" ] && kill -9 "$pid" 2>/dev/null; then killed=$((killed + 1)); fi
done
[ "$killed" -gt 0 ]
"""


def kill(role, moment, pause="sleep 0.02"):
    """Kill everything at a moment, which is a condition of the shell on the host."""
    process = play("role", "-e", f"role={role}")
    try:
        waited = inside(KILL.format(moment=moment, pause=pause), seconds=120)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        said = process.communicate()[0]
    assert waited.returncode == 0, f"the moment never came: {waited.stderr}\n{said}"


@dataclass(frozen=True)
class Refusal:
    """A fault that a run can't mend: it says what it is, and nothing is harmed."""

    role: str
    name: str
    fault: Callable[[], AbstractContextManager]
    says: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Death:
    """When a run is killed, and what is then half done, as a condition too."""

    role: str
    moment: str
    half: str
    name: str = "killed"
    pause: str = "sleep 0.02"


ADS = "/usr/local/lib/adsengineer"
STATE = "/var/lib/adsengineer-parachute"
UNPACKED = "dpkg-query --show --showformat='${db:Status-Abbrev}' docker.io | grep -q '^i[HUF]'"
TRIALS = [
    Refusal("hardening", "no-network", no_network, "a package server can't be reached"),
    Refusal("hardening", "full-disk", full("/var/cache/apt/archives"), "the disk is full"),
    Death(
        "hardening", f"test -e {STATE}/hardening_access/manifest.json", f"test -d {STATE}/hardening_access"
    ),
    Refusal("firewall", "full-disk", full(STATE), "nothing was changed: .*no space left"),
    Death("firewall", "nft list table inet adsengineer", f"test -d {STATE}/firewall"),
    Refusal("docker", "no-network", no_network, "a package server can't be reached"),
    Death("docker", UNPACKED, 'test -n "$(dpkg --audit)"', name="half-installed-package"),
    Refusal("docker", "full-disk", full("/etc/docker"), "no space left.*The old state is back"),
    Refusal("pm2", "full-disk", full(f"{ADS}/pm2"), "only 0 MB are free"),
    Death("pm2", f"ls -d {ADS}/pm2/.new-*/node_modules", f"! test -e {ADS}/pm2/pm2"),
    Refusal(
        "pm2",
        "no-network",
        no_network,
        "npm ci failed. See that this host reaches its package registry",
        ("-e", "pm2_log_keep=8 pm2_user=other"),
    ),
    Refusal(
        "pm2",
        "no-registry",
        nullcontext,
        "npm ci from http://127.0.0.1:9/ failed. See that this host reaches its package registry",
        ("-e", "pm2_npm_registry=http://127.0.0.1:9/ pm2_user=other"),
    ),
    Refusal(
        "pm2",
        "ended-early",
        nullcontext,
        "process slow may take 60 s to finish .*Set pm2_stop_timeout of the role pm2 to 65 or more",
        ("-e", '{"pm2_processes": [{"name": "slow", "script": "/bin/sleep", "kill_timeout": 60000}]}'),
    ),
    Refusal("pki", "full-disk", full("/etc/adsengineer/pki"), "space left"),
    Death(
        "pki",
        "test -e /etc/adsengineer/ca/1.key",
        "! test -e /etc/adsengineer/pki/live/control-plane",
        pause=":",
    ),
    Refusal("cloudflared", "full-disk", full("/etc/cloudflared"), "no space left"),
    Death(
        "cloudflared",
        "test -e /etc/systemd/system/cloudflared@.service",
        "! systemctl is-active cloudflared@20241",
        pause=":",
    ),
    Refusal("reference_service", "full-disk", full(f"{ADS}/reference"), "no space left"),
    Death("reference_service", "docker inspect reference-acme", "! docker inspect reference-globex"),
]


ROLES = (
    "hardening",
    "firewall",
    "docker",
    "pm2",
    "pki",
    "relay",
    "cloudflared",
    "reference_service",
    "backup",
)


def test_one_tag_alone_on_a_bare_host():
    """The playbook is asked for a single role, which needs none of the others; then it goes again."""
    for options in ((), ("-e", "firewall_state=absent")):
        process = play("all", "--tags", "firewall", *options)
        said = process.communicate(timeout=400)[0]
        assert process.returncode == 0, said
        loaded = inside("nft list chain inet adsengineer input").stdout
        assert ("policy drop" in loaded) is not bool(options), loaded
    assert inside("command -v docker").returncode != 0


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: f"{trial.role}-{trial.name}")
def test_a_fault(trial):
    if isinstance(trial, Refusal):
        with trial.fault():
            process = play("role", "-e", f"role={trial.role}", *trial.options)
            said = process.communicate(timeout=400)[0]
        assert process.returncode == 2, said
        assert "Traceback" not in said, said
        assert re.search(trial.says, said), said
        return
    kill(trial.role, trial.moment, trial.pause)
    assert inside(trial.half).returncode == 0, f"it was not in the middle: {trial.half}"
    process = play("role", "-e", f"role={trial.role}")
    said = process.communicate(timeout=400)[0]
    assert process.returncode == 0, said


def test_in_the_end_all_is_complete():
    process = play("all")
    said = process.communicate(timeout=400)[0]
    assert process.returncode == 0, said
    assert re.search(r"changed=0 +unreachable=0 +failed=0", said), said
    assert must("systemctl is-system-running").strip() == "running"
    assert must("dpkg --audit") == ""


@pytest.mark.parametrize("role", ROLES)
def test_each_tag_alone_changes_nothing_more(role):
    process = play("all", "--tags", role)
    said = process.communicate(timeout=400)[0]
    assert process.returncode == 0, said
    assert re.search(r"changed=0 +unreachable=0 +failed=0", said), said
    # Something of that role ran, and nothing of another one.
    ran = {match[1] for match in re.finditer(r"^TASK \[adsengineer\.orchestrator\.(\w+) : ", said, re.M)}
    assert ran == {role}, said


@pytest.mark.parametrize(
    "place",
    [
        f"{STATE}/*/",
        f"{ADS}/pm2/.new-*",
        "/etc/*/.*.new-*",
        "/etc/adsengineer/*/.*.draft",
        "/var/lib/dpkg/updates/*",
    ],
)
def test_nothing_half_is_left(place):
    assert must(f"ls -d {place} 2>/dev/null || true") == ""
