# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever locks himself out is let in again by the host itself, within 90 s, and nobody helps."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

EPHEMERAL = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
PLAYS = Path(__file__).parents[1] / "plays"
CONFIG = EPHEMERAL / "ssh_config"
NAMES = re.findall(r"^Host (\S+)$", CONFIG.read_text(), re.M)
TRIALS = ["allow-users", "closed-port", "broken-pam"]
WITHIN = 90


def host_of(trial):
    return next(name for name in NAMES if name.endswith(trial))


def ssh(name, command):
    argv = [
        "ssh",
        "-F",
        str(CONFIG),
        "-o",
        "ControlPath=none",
        "-o",
        "ConnectTimeout=3",
        "-o",
        "BatchMode=yes",
    ]
    try:
        return subprocess.run([*argv, name, command], capture_output=True, text=True, timeout=10, check=False)
    except subprocess.TimeoutExpired as error:
        return subprocess.CompletedProcess(argv, 255, "", str(error))


def reachable(name):
    return ssh(name, "sudo -n true").returncode == 0


def play(name, target, *options):
    argv = ["ansible-playbook", "-i", os.environ["MOLECULE_INVENTORY_FILE"], str(PLAYS / f"{name}.yml")]
    argv += ["-e", f"target={target}", *options]
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def kill(process):
    """As kill -9 does it, to Ansible and all its children; the master connection lives on, as it would."""
    os.killpg(process.pid, signal.SIGKILL)
    return process.communicate()[0]


@pytest.fixture(scope="module")
def trials():
    """Start all three, watch each host go away and come back; the times are seconds since it went away."""
    assert all(reachable(host_of(trial)) for trial in TRIALS)
    running = {trial: play(trial.replace("-", "_"), host_of(trial)) for trial in TRIALS}
    gone, back, said = {}, {}, {}
    begin = time.monotonic()
    while len(back) < len(TRIALS) and time.monotonic() - begin < 240:
        for trial in TRIALS:
            there = reachable(host_of(trial))
            if trial not in gone and not there:
                gone[trial] = time.monotonic()
                if trial == "broken-pam":  # in the middle of the role
                    said[trial] = kill(running[trial])
            elif trial in gone and trial not in back and there:
                back[trial] = time.monotonic() - gone[trial]
        time.sleep(0.5)
    for trial, process in running.items():
        if trial not in said:
            said[trial] = process.communicate(timeout=120)[0]
    print({trial: f"{seconds:.1f} s" for trial, seconds in back.items()})
    return gone, back, said


def journal(trial):
    return ssh(host_of(trial), "sudo journalctl --no-pager -n 40 -u 'adsengineer-parachute-*'").stdout


@pytest.mark.parametrize("trial", TRIALS)
def test_the_host_was_out_of_reach(trials, trial):
    assert trial in trials[0], trials[2][trial]


@pytest.mark.parametrize("trial", TRIALS)
def test_it_is_back_within_90_seconds(trials, trial):
    assert trials[1].get(trial, 999) <= WITHIN, journal(trial)


@pytest.mark.parametrize("trial", TRIALS)
def test_the_journal_says_what_was_put_back(trials, trial):
    assert "the old state of" in journal(trial)


def test_an_old_login_is_no_proof(trials):
    assert re.search(r"This login began [0-9.]+ s before the arming", trials[2]["allow-users"])


def test_the_role_says_what_happened(trials):
    assert "put the old ones back" in trials[2]["closed-port"]


@pytest.mark.parametrize("trial", TRIALS)
def test_nothing_of_the_arming_is_left(trials, trial):
    left = ssh(
        host_of(trial),
        "sudo sh -c 'ls -d /var/lib/adsengineer-parachute/*/ /etc/systemd/system/adsengineer-parachute*'",
    )
    assert left.stdout == ""
    assert ssh(host_of(trial), "systemctl is-system-running").stdout.strip() == "running", journal(trial)


@pytest.mark.parametrize(
    ("role", "words"), [("hardening", "leaves out debian"), ("firewall", "which leaves out 172")]
)
def test_what_is_known_to_lock_out_is_refused_before_anything_changes(trials, role, words):
    process = play("refused", host_of("closed-port"), "-e", f"role={role}")
    said = process.communicate(timeout=120)[0]
    assert process.returncode == 2
    assert "Nothing was changed." in said
    assert words in said
    assert "changed=0" in said


def test_a_reboot_does_not_fold_the_parachute(trials):
    name = host_of("broken-pam")
    made = "install -d /etc/trial; echo old >/etc/trial/changed; chmod 0640 /etc/trial/changed"
    assert ssh(name, f"sudo sh -euc '{made}'").returncode == 0
    process = play("reboot", name)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    assert ssh(name, "sudo cat /etc/trial/changed").stdout == "new\n"
    ssh(name, "sudo systemctl reboot")
    time.sleep(3)
    subprocess.run(
        [Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / "scripts" / "vps", "ready", name], check=True
    )
    for _second in range(60):
        found = ssh(
            name, "sudo sh -c 'cat /etc/trial/changed; stat -c %a /etc/trial/changed; ls /etc/trial'"
        ).stdout
        if found == "old\n640\nchanged\n":
            return
        time.sleep(1)
    pytest.fail(f"{found!r}\n{journal('broken-pam')}")
