# SPDX-License-Identifier: GPL-3.0-or-later
"""The units that the timers start do their work, say what failed, and give no secret away."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

PLACE = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
STATE = "/var/lib/adsengineer/backup"
KEY = "canary-key-8d5f3e7ac2f94d10"


@pytest.fixture
def spare(host):
    if "-spare" not in host.check_output("hostname"):
        pytest.skip("this host is no spare")
    return host


@pytest.fixture(autouse=True)
def _either(host, request):
    if "-spare" in host.check_output("hostname") and "spare" not in request.fixturenames:
        pytest.skip("this host is a spare")


def started(host, what):
    """Start what a timer starts, and wait for its end."""
    return host.run(f"systemctl start adsengineer-backup@{what}.service").rc


def status(host):
    return json.loads(host.check_output(f"cat {STATE}/status.json"))


def test_the_timers_wait(host):
    for what in ("backup", "check", "drill", "watch"):
        timer = host.service(f"adsengineer-backup-{what}.timer")
        assert timer.is_enabled
        assert timer.is_running
        started_by = f"systemctl show --property Unit --value adsengineer-backup-{what}.timer"
        assert host.check_output(started_by) == f"adsengineer-backup@{what}.service"
    delay = "systemctl show --property RandomizedDelayUSec --value adsengineer-backup-drill.timer"
    assert host.check_output(delay) == "15min"


def test_the_week(host):
    assert started(host, "backup") == 0
    assert started(host, "watch") != 0, "nothing was restored yet"
    assert started(host, "check") == 0
    assert started(host, "drill") == 0
    assert started(host, "watch") == 0
    found = status(host)
    assert found["alarms"] == []
    assert found["restored"]["snapshot"] == found["backup"]["snapshot"]
    assert "proved notes: 2 files" in host.check_output("journalctl -u adsengineer-backup@drill -o cat")
    assert "adsengineer_backup_healthy 1" in host.check_output("cat /var/lib/adsengineer/metrics/backup.prom")
    assert not host.file(f"{STATE}/work/drill").exists
    assert found["next_run"] > found["at"]
    assert re.search(r"\| next 20[0-9 :-]+ UTC \| healthy$", host.check_output("adsengineer-backup status"))


def test_the_module_tells_it(host):
    told = host.ansible("adsengineer.orchestrator.backup_info", "", check=False, become=True)
    assert told["healthy"], told
    assert told["next_run"]
    assert told["restored"]["snapshot"] == told["newest"]["snapshot"]
    assert told["line"].endswith("healthy")


def test_a_run_that_systemd_killed_is_made_up_by_the_next(host):
    host.check_output("head -c 200000000 /dev/urandom >/srv/notes/big")
    host.check_output("systemctl start --no-block adsengineer-backup@backup.service")
    host.check_output(
        "for _ in $(seq 200); do pgrep -x restic >/dev/null && break; sleep 0.05; done; pgrep -x restic"
    )
    host.check_output("systemctl kill --signal KILL adsengineer-backup@backup.service")
    host.run(
        "for _ in $(seq 50); do systemctl is-failed -q adsengineer-backup@backup && break; sleep 0.1; done"
    )
    assert host.run("pgrep -x restic").rc != 0
    host.check_output("rm /srv/notes/big")
    host.check_output("systemctl reset-failed")
    for what in ("backup", "check", "drill"):
        assert started(host, what) == 0, host.check_output(
            "journalctl -u 'adsengineer-backup@*' -n 20 -o cat"
        )
    assert host.check_output("adsengineer-backup locks") == ""


def test_a_failure_is_a_failed_unit_and_a_line(host):
    host.check_output("mv /srv/repository/config /srv/away")
    try:
        assert started(host, "backup") != 0
        lines = host.check_output("journalctl -u adsengineer-backup@backup -p err -o cat -n 3")
        assert "There is no repository at /srv/repository" in lines
    finally:
        host.check_output("mv /srv/away /srv/repository/config")
    host.check_output("systemctl reset-failed")
    assert started(host, "backup") == 0
    assert status(host)["alarms"] == []


def test_who_may_read(host):
    assert host.file("/etc/adsengineer/backup/key").mode == 0o600
    assert host.file(f"{STATE}/work").mode == 0o700
    assert host.file(f"{STATE}/status.json").mode == 0o644
    assert host.run(f"su -s /bin/sh nobody -c 'cat {STATE}/status.json'").rc == 0
    assert host.run(f"su -s /bin/sh nobody -c 'ls {STATE}/work'").rc != 0


def test_the_key_is_nowhere_else(host):
    hidden = f"{KEY[:-1]}[{KEY[-1]}]"
    assert host.check_output(f"journalctl | grep -c {hidden} || true") == "0"
    places = "/etc /var/lib/adsengineer /var/log /run /srv /usr/local /tmp"
    assert (
        host.check_output(f"grep -rl {hidden} {places} 2>/dev/null || true") == "/etc/adsengineer/backup/key"
    )
    assert host.check_output("grep -rl canary-content-2f7[d] /srv/repository || true") == ""


def test_the_spare_proved_it_while_the_host_was_gone(spare):
    told = (PLACE / "spare.log").read_text()
    assert "proved notes: 2 files" in told
    assert "checked notes: " in told
    assert re.search("snapshot [0-9a-f]{8} was restored and proved in [0-9.]+ s", told)
    assert spare.check_output("restic version").startswith("restic 0.")


def test_a_check_that_fails_fails_the_drill(spare):
    told = (PLACE / "spare-failed.log").read_text()
    assert "The check of the part notes (grep) ended with 1" in told
    assert "was restored and proved" not in told


def test_the_host_itself_is_no_spare(spare):
    assert "name another host of the inventory than this one" in (PLACE / "spare-itself.log").read_text()


def test_the_spare_is_as_it_was(spare):
    places = "/var/lib/adsengineer* /etc/adsengineer* /usr/local/lib/adsengineer*"
    left = f"find {places} -type f 2>/dev/null || true"
    assert spare.check_output(left) == "/var/lib/adsengineer-parachute/.lock"
    hidden = f"({KEY[:-1]}[{KEY[-1]}]|canary-content-2f7[d])"
    places = "/etc /root /home /var /run /srv /usr/local /tmp"
    assert spare.check_output(f"grep -rlE '{hidden}' {places} 2>/dev/null || true") == ""
    assert spare.check_output(f"journalctl | grep -cE '{hidden}' || true") == "0"
    assert KEY not in (PLACE / "spare.log").read_text()
