# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lock may go, what is an alarm, which snapshot is the newest."""

from __future__ import annotations

import datetime

import pytest
from hostbackup import config as configs
from hostbackup import locks, restic, restore, status
from hostbackup.problem import Problem
from hostbackup.restic import Snapshot

NOW = datetime.datetime(2026, 1, 31, 3, 0, tzinfo=datetime.UTC)
HOUR = 3600
CONFIG = configs.parsed(
    {"host": "cp", "repository": "/r", "key_file": "/k", "parts": [{"name": "a", "paths": ["/a"]}]}
)


def lock(name, hostname="cp", pid=7, minutes=1):
    return locks.Lock(name, hostname, pid, NOW - datetime.timedelta(minutes=minutes))


def names(found):
    return [one.id for one in found]


@pytest.mark.parametrize(
    ("found", "dead", "others", "sweep"),
    [
        ([], [], [], []),
        ([lock("ours")], ["ours"], [], []),
        ([lock("ours", pid=1)], [], ["ours"], []),
        ([lock("theirs", "other")], [], ["theirs"], []),
        ([lock("ours"), lock("theirs", "other")], ["ours"], ["theirs"], []),
        ([lock("ours"), lock("theirs", "other", minutes=31)], ["ours"], ["theirs"], ["theirs"]),
        ([lock("ours", pid=1, minutes=90)], [], ["ours"], ["ours"]),
        ([lock("ahead", "other", minutes=-60)], [], ["ahead"], []),
    ],
    ids=[
        "none",
        "dead",
        "living",
        "other-host",
        "both",
        "old-of-other-host",
        "old-but-living",
        "clock-ahead",
    ],
)
def test_only_a_dead_lock_of_this_host_may_go(found, dead, others, sweep):
    judged = locks.judge(found, "cp", lambda pid: pid == 1, NOW)
    assert (names(judged.dead), names(judged.others), names(judged.sweep)) == (dead, others, sweep)


@pytest.mark.parametrize(
    ("stat", "alive"),
    [
        (None, False),
        ("5 (postgres) S 1 5", False),
        ("5 (restic) S 1 5", True),
        ("5 (restic) T 1 5", True),
        ("5 (restic) Z 1 5", False),
    ],
    ids=["gone", "another-program", "living", "stopped", "dead-but-unwaited"],
)
def test_which_process_is_alive(tmp_path, stat, alive):
    (tmp_path / "5").mkdir()
    if stat:
        (tmp_path / "5" / "stat").write_text(f"{stat}\n")
    assert locks.alive(5, tmp_path) is alive


def found(**more):
    kept = {"at": 0.0, "made_at": 0.0}
    return {
        "read_only": "",
        "backup": kept,
        "restored": kept,
        "check": kept,
        "failed": None,
        "drill_failed": None,
    } | more


@pytest.mark.parametrize(
    ("state", "hours", "told"),
    [
        (found(), 1, []),
        (found(), 27, ["the newest backup is 27 hours old, more than 26"]),
        (found(backup=None), 1, ["there is no backup yet"]),
        (found(restored=None), 1, ["there is no restored snapshot yet"]),
        (
            found(backup={"at": 7200.0}),
            0,
            ["the newest backup is 2.0 hours in the future: set the host's clock right (timedatectl)"],
        ),
        (found(failed={"problem": "no space"}), 1, ["the last run failed: no space"]),
        (found(read_only="half"), 1, ["the host is read-only: half"]),
    ],
    ids=["well", "old", "none", "never-restored", "future", "failed", "read-only"],
)
def test_what_is_an_alarm(state, hours, told):
    assert status.alarms(state, CONFIG.limits, hours * HOUR) == told


def snapshot(name, sequence, hours=0):
    return Snapshot(name, NOW + datetime.timedelta(hours=hours), "cp", "g", sequence)


def test_the_newest_is_by_number_and_not_by_clock():
    found = sorted([snapshot("b", 2), snapshot("a", 1, hours=1)], key=lambda one: (one.sequence, one.time))
    assert restore.chosen(found, "", CONFIG).id == "b"
    assert restore.chosen(found, "a", CONFIG).id == "a"


def test_a_snapshot_that_is_not_there_is_said_with_the_newest():
    with pytest.raises(Problem, match="The newest is b, of 2026-01-31 03:00 UTC"):
        restore.chosen([snapshot("b", 2)], "c", CONFIG)
    with pytest.raises(Problem, match="has no snapshot of cp"):
        restore.chosen([], "", CONFIG)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"host": 1}'])
def test_what_is_no_declaration_is_refused(tmp_path, text):
    path = tmp_path / "backup.json"
    path.write_text(text)
    with pytest.raises(Problem, match="is no declaration of a backup"):
        configs.load(path)


def test_a_repository_that_does_not_answer_is_said_soon(tmp_path, monkeypatch):
    slow = tmp_path / "restic"
    slow.write_text("#!/bin/sh\necho 'retrying: connection refused' >&2\nexec sleep 20\n")
    slow.chmod(0o755)
    monkeypatch.setattr(restic, "ANSWER_SECONDS", 0.5)
    place = "s3:http://127.0.0.1:9/backups"
    ours = restic.Restic(configs.Config("cp", place, tmp_path / "key", (), restic=str(slow)))
    for ask in (ours.snapshots, ours.init):
        with pytest.raises(Problem, match=f"{place} gave no answer in 0.5 s: retrying: connection refused"):
            ask()


def test_a_line_and_metrics_tell_the_same(tmp_path):
    found = {
        "host": "cp",
        "backup": {"snapshot": "a81feafc00", "at": 1.8e9, "size": 3000, "added": 12},
        "restored": {"snapshot": "52c09e1f00", "made_at": 1.79e9},
        "check": {"at": 1.79e9, "size": 2000},
        "read_only": "",
        "next_run": 1.8e9 + 600,
        "alarms": [],
    }
    assert status.line(found) == (
        "cp: newest a81feafc 2027-01-15 08:00 UTC | restored 52c09e1f 2026-09-21 14:13 UTC"
        " | size 3000 bytes, +12"
        " | repository 2000 bytes, checked 2026-09-21 14:13 UTC | next 2027-01-15 08:10 UTC | healthy"
    )
    told = dict(line.split(" ") for line in status.metrics(found).splitlines() if not line.startswith("#"))
    assert {name.removeprefix("adsengineer_backup_"): float(value) for name, value in told.items()} == {
        "last_success_seconds": 1.8e9,
        "last_restored_seconds": 1.79e9,
        "last_check_seconds": 1.79e9,
        "size_bytes": 3000,
        "added_bytes": 12,
        "repository_bytes": 2000,
        "next_run_seconds": 1.8e9 + 600,
        "healthy": 1,
        "read_only": 0,
    }
    assert "next_run" not in status.metrics(found | {"next_run": None})
