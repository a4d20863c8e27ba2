# SPDX-License-Identifier: GPL-3.0-or-later
"""What is saved comes back, on a machine that has the repository and its key only."""

from __future__ import annotations

import itertools
import json
import sqlite3
from contextlib import closing

import pytest
from backup_machine import CANARY, KEY, Machine


def test_a_destroyed_host_comes_back(machine: Machine, tmp_path):
    before = machine.content()
    machine.ok("backup")
    machine.destroyed(tmp_path / "new")
    told = machine.ok("restore")
    assert machine.content() == before
    assert (machine.data / "notes" / "deep" / "big").stat().st_mode & 0o777 == 0o640
    assert "proved ledger: 1 files" in told
    assert "500 rows" in told
    assert not machine.mark.exists()
    assert machine.status()["restored"]["snapshot"] == machine.snapshots()[0]


def test_a_second_restore_changes_nothing(machine: Machine):
    machine.ok("backup")
    machine.ok("restore")
    before = machine.content()
    machine.ok("restore")
    assert machine.content() == before


def test_a_restore_of_once_leaves_a_host_alone_that_is_back(machine: Machine, tmp_path):
    machine.ok("backup")
    machine.destroyed(tmp_path / "new")
    machine.fails("restore", "--once", "--part=notes")
    assert "restored snapshot" in machine.ok("restore", "--once"), "half a host is not back"
    (machine.data / "notes" / "one.note").write_text("written since")
    assert "is back already" in machine.ok("restore", "--once")
    assert (machine.data / "notes" / "one.note").read_text() == "written since"
    machine.ok("restore")
    assert (machine.data / "notes" / "one.note").read_text() != "written since"


def test_an_unchanged_host_adds_almost_nothing(machine: Machine):
    machine.ok("backup")
    machine.ok("backup")
    assert machine.status()["backup"]["added"] < 20_000
    assert machine.status()["backup"]["sequence"] == 2


def test_what_was_removed_and_renamed_is_so_in_the_next_backup(machine: Machine):
    machine.ok("backup")
    (machine.data / "notes" / "one.note").rename(machine.data / "notes" / "two.note")
    (machine.data / "notes" / "link").unlink()
    (machine.data / "notes" / "link").mkdir()
    before = machine.content()
    machine.ok("backup")
    (machine.data / "notes" / "later").write_text("later")
    machine.ok("restore")
    assert machine.content() == before


def test_a_restored_host_counts_on(machine: Machine, tmp_path):
    machine.ok("backup")
    machine.ok("backup")
    machine.destroyed(tmp_path / "new")
    machine.ok("restore")
    assert machine.status()["restored"]["sequence"] == 2
    machine.declare()
    machine.ok("backup")
    assert machine.status()["backup"]["sequence"] == 3


def test_the_old_snapshot_comes_back_when_it_is_named(machine: Machine):
    before = machine.content()
    machine.ok("backup")
    first = machine.snapshots()[0]
    (machine.data / "notes" / "one.note").write_text("newer")
    machine.ok("backup")
    machine.ok("restore", "--snapshot", first[:8])
    assert machine.content() == before


SUBSETS = [
    names for count in range(1, 3) for names in itertools.combinations(("notes", "ledger", "pki"), count)
]


@pytest.mark.parametrize("names", SUBSETS, ids="-".join)
def test_a_subset_leaves_the_host_read_only(machine: Machine, tmp_path, names):
    machine.ok("backup")
    machine.destroyed(tmp_path / "new")
    told = machine.fails("restore", *(f"--part={name}" for name in names))
    missing = {"notes", "ledger", "pki"} - set(names)
    mark = json.loads(machine.mark.read_text())
    assert set(mark["missing"]) == missing
    for name in missing:
        assert name in told.splitlines()[-1]
        assert not (machine.data / name).exists()
    machine.declare()
    assert "read-only" in machine.fails("backup")
    assert len(machine.snapshots()) == 1
    machine.declare(parts=[])
    machine.ok("restore", *(f"--part={name}" for name in missing))
    assert not machine.mark.exists()


def test_parts_of_two_backups_leave_the_host_read_only(machine: Machine):
    machine.ok("backup")
    machine.ok("restore")
    (machine.data / "notes" / "one.note").write_text("newer")
    machine.ok("backup")
    told = machine.fails("restore", "--part=notes")
    assert "different generations" in told
    assert "different generations" in machine.status()["read_only"]
    machine.ok("accept")
    assert not machine.mark.exists()
    machine.ok("backup")


def test_a_hardlinked_database_row_comes_back_while_somebody_reads(machine: Machine):
    """A reader with an open transaction does not stop a backup."""
    with closing(sqlite3.connect(machine.data / "ledger" / "ledger.db")) as database:
        database.execute("BEGIN")
        database.execute("SELECT count(*) FROM entry").fetchone()
        machine.ok("backup")


def test_the_drill_proves_and_leaves_nothing(machine: Machine):
    machine.ok("backup")
    assert "was restored and proved" in machine.ok("drill")
    assert not (machine.state / "work" / "drill").exists()
    status = machine.status()
    assert status["restored"]["made_at"] == status["backup"]["made_at"]


@pytest.mark.parametrize(
    ("part", "command", "told"),
    [
        ("notes", ["grep", "-q", "nobody wrote this", "one.note"], "of the part notes (grep) ended with"),
        ("notes", ["no-such-program"], "can't run no-such-program"),
        ("absent", ["true"], "of the part absent, which the snapshot has not. It has notes, ledger, pki"),
    ],
    ids=["refuses", "no-program", "no-part"],
)
def test_a_drill_fails_when_an_application_refuses_the_data(machine: Machine, part, command, told):
    machine.ok("backup")
    machine.declare(checks=[{"part": part, "command": command}])
    assert told in machine.fails("drill")
    assert told in machine.status()["drill_failed"]["problem"]
    assert machine.status()["restored"] is None
    assert not (machine.state / "work" / "drill").exists()
    inside = str(machine.data / "notes" / "one.note").lstrip("/")
    machine.declare(checks=[{"part": "notes", "command": ["grep", "-q", CANARY, inside]}])
    assert "checked notes: " in machine.ok("drill")
    assert machine.status()["alarms"] == ["there is no check of the repository yet"]


def test_no_secret_is_in_what_others_read(machine: Machine):
    told = machine.ok("backup") + machine.ok("check") + machine.ok("drill") + machine.ok("status")
    shared = machine.place / "shared"
    others = [path for path in shared.rglob("*") if path.is_file() and "work" not in path.parts]
    assert {path.name for path in others} >= {"status.json", "backup.prom"}
    read = "".join(path.read_text() for path in others)
    for canary in (KEY, CANARY):
        assert canary not in told
        assert canary not in read
    packed = b"".join(path.read_bytes() for path in machine.repository.rglob("*") if path.is_file())
    assert CANARY.encode() not in packed
    assert KEY.encode() not in packed
    assert (machine.state / "work").stat().st_mode & 0o777 == 0o700
