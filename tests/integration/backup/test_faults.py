# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault is said, makes nothing worse, and a second run repairs what can be repaired."""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from backup_machine import Machine


def killed(machine: Machine, *words: str, after: float) -> int:
    """Start a run and kill it and its restic with -9, as systemd kills them. Answers its code."""
    run = subprocess.Popen(machine.command(*words), stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        return run.wait(after)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        return run.wait()


@pytest.mark.parametrize("after", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_backup_killed_at_any_moment_is_made_by_the_next(machine: Machine, after):
    machine.ok("backup")
    (machine.data / "notes" / "more").write_bytes(os.urandom(2_000_000))
    before = machine.content()
    killed(machine, "backup", after=after)
    assert machine.content() == before
    machine.ok("backup")
    machine.ok("check")
    machine.ok("drill")
    assert not machine.raw("list", "locks", "--no-lock").strip()


def test_a_copy_that_a_loss_of_power_emptied_is_made_again(machine: Machine):
    time.sleep(2.1)
    machine.ok("backup")
    (copy,) = (machine.state / "work" / "stage").rglob("one.note")
    notes = machine.state / "work" / "seen" / "notes.json"
    kept = json.loads(notes.read_text())
    copy.write_bytes(b"")
    notes.write_text(json.dumps(kept | {"boot": "the one before"}))
    machine.ok("backup")
    machine.ok("drill")
    assert json.loads(notes.read_text())["boot"] == kept["boot"]
    # Nothing is read again afterwards.
    inode = copy.stat().st_ino
    machine.ok("backup")
    assert copy.stat().st_ino == inode


@pytest.mark.parametrize("after", [0.4, 0.9, 1.4, 1.9])
def test_a_check_and_forget_killed_at_any_moment_lose_nothing(machine: Machine, after):
    for _number in range(3):
        (machine.data / "notes" / "more").write_bytes(os.urandom(500_000))
        machine.ok("backup")
    newest = machine.status()["backup"]["snapshot"]
    killed(machine, "check", after=after)
    machine.ok("backup")
    machine.ok("check")
    assert newest in machine.snapshots()
    machine.ok("drill", "--snapshot", newest)


@pytest.mark.parametrize("after", [0.2, 0.6, 0.9, 1.2, 1.5])
def test_a_restore_killed_at_any_moment_stays_read_only_until_the_next(machine: Machine, tmp_path, after):
    before = machine.content()
    machine.ok("backup")
    machine.destroyed(tmp_path / "new")
    code = killed(machine, "restore", after=after)
    if code != 0 and machine.data.exists():
        assert machine.mark.exists()
    machine.ok("restore")
    assert machine.content() == before
    assert not machine.mark.exists()


def test_a_wrong_key_is_said_and_changes_nothing(machine: Machine):
    machine.ok("backup")
    (machine.place / "key").write_text("another-key-altogether\n")
    before = machine.content()
    for words in ("backup", "check", "drill", "restore"):
        told = machine.fails(words)
        assert "does not open" in told
        assert "another-key" not in told
    assert machine.content() == before
    assert not machine.mark.exists()
    assert any("does not open" in alarm for alarm in machine.status()["alarms"])


def test_a_repository_that_cannot_be_reached_is_an_alarm_after_a_day(machine: Machine):
    machine.ok("backup")
    machine.repository.rename(machine.place / "away")
    assert "There is no repository" in machine.fails("backup")
    kept = json.loads((machine.state / "backup.json").read_text())
    (machine.state / "backup.json").write_text(json.dumps(kept | {"at": kept["at"] - 27 * 3600}))
    assert "the newest backup is 27 hours old, more than 26" in machine.fails("watch")
    prom = (machine.place / "shared" / "metrics" / "backup.prom").read_text()
    assert "adsengineer_backup_healthy 0" in prom
    (machine.place / "away").rename(machine.repository)
    machine.ok("backup")
    machine.ok("check")
    machine.ok("drill")
    machine.ok("watch")


def pack(machine: Machine) -> Path:
    return max(
        (machine.repository / "data").rglob("*"), key=lambda path: path.stat().st_size * path.is_file()
    )


def test_flipped_bits_are_found_by_check_drill_and_restore(machine: Machine):
    machine.ok("backup")
    before = machine.content()
    damaged = pack(machine)
    damaged.chmod(0o600)
    content = bytearray(damaged.read_bytes())
    for place in range(1000, len(content), len(content) // 7):
        content[place] ^= 0x10
    damaged.write_bytes(content)
    assert "restic check" in machine.fails("check")
    machine.fails("drill")
    assert machine.status()["drill_failed"]
    machine.fails("restore")
    assert machine.content() == before, "what is here was not replaced by what is damaged"
    assert not machine.mark.exists(), "nor is anything missing here"


def test_a_bare_host_that_could_not_be_restored_stays_read_only(machine: Machine, tmp_path):
    machine.ok("backup")
    pack(machine).unlink()
    machine.destroyed(tmp_path / "new")
    machine.fails("restore")
    assert machine.mark.exists()
    assert "read-only" in machine.fails("backup")


def test_a_deleted_snapshot_is_said(machine: Machine):
    machine.ok("backup")
    first = machine.status()["backup"]["snapshot"]
    (machine.data / "notes" / "more").write_text("more")
    machine.ok("backup")
    machine.raw("forget", first)
    assert "is not in" in machine.fails("restore", "--snapshot", first)
    assert not machine.mark.exists()


def stopped_restic(machine: Machine) -> subprocess.Popen[bytes]:
    """A living restic that holds an exclusive lock, stopped in the middle."""
    command = [machine.restic, "-r", str(machine.repository), "--password-file", str(machine.place / "key")]
    run = subprocess.Popen([*command, "--no-cache", "check", "--read-data"], stdout=subprocess.DEVNULL)
    end = time.monotonic() + 20
    # While it is written its name is longer.
    while time.monotonic() < end and not any(
        len(one.name) == 64 for one in (machine.repository / "locks").iterdir()
    ):
        time.sleep(0.005)
    run.send_signal(signal.SIGSTOP)
    assert machine.raw("list", "locks", "--no-lock").split()
    return run


def test_the_lock_of_a_dead_process_is_removed(machine: Machine):
    machine.ok("backup")
    run = stopped_restic(machine)
    run.kill()
    run.wait()
    assert len(machine.raw("list", "locks", "--no-lock").split()) == 1
    machine.ok("backup")
    assert machine.raw("list", "locks", "--no-lock").split() == []


def test_the_lock_of_a_living_process_stays(machine: Machine):
    machine.ok("backup")
    run = stopped_restic(machine)
    try:
        told = machine.fails("backup")
        assert f"of process {run.pid} on {socket.gethostname()}" in told
        assert len(machine.raw("list", "locks", "--no-lock").split()) == 1
    finally:
        run.kill()
        run.wait()
    machine.ok("backup")


def test_two_runs_never_work_at_once(machine: Machine):
    machine.ok("backup")
    with (machine.state / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in ("backup", "check", "drill", "restore"):
            assert "Another run" in machine.fails(words)
    machine.ok("backup")


@pytest.fixture
def small(tmp_path: Path):
    """A disk that is soon full."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount one")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_of_the_repository_is_said_and_later_repaired(machine: Machine, small: Path):
    shutil.copytree(machine.repository, small / "repository")
    machine.declare(repository=str(small / "repository"))
    machine.ok("backup")
    (machine.data / "notes" / "more").write_bytes(os.urandom(8_000_000))
    told = machine.fails("backup")
    assert "no space left" in told
    subprocess.run(["mount", "-o", "remount,size=40m", str(small)], check=True)
    machine.ok("backup")
    machine.ok("check")
    machine.ok("drill")


def test_a_full_disk_of_the_host_is_said_and_later_repaired(machine: Machine, small: Path):
    machine.ok("backup")
    shutil.copytree(machine.data, small / "data", symlinks=True)
    shutil.move(machine.place / "shared", small / "shared")
    machine.declare(shared=str(small / "shared"))
    (machine.data / "notes" / "more").write_bytes(os.urandom(4_000_000))
    assert "no space left" in machine.fails("backup")
    subprocess.run(["mount", "-o", "remount,size=60m", str(small)], check=True)
    machine.ok("backup")
    machine.ok("drill")


def test_a_restore_onto_a_disk_that_is_too_small_says_so_before_it_begins(machine: Machine, small: Path):
    (machine.data / "notes" / "more").write_bytes(os.urandom(9_000_000))
    machine.ok("backup")
    before = machine.content()
    machine.declare(shared=str(small / "shared"))
    told = machine.fails("restore")
    assert "room for" in told
    assert machine.content() == before


def test_a_clock_an_hour_off_keeps_the_order(machine: Machine, monkeypatch):
    """Snapshots are counted: a clock that ran an hour ahead once does not hide what came later."""
    machine.ok("backup")
    newest = machine.snapshots()[0]
    (machine.data / "notes" / "one.note").write_text("written by the later backup")
    machine.ok("backup")
    early = [one for one in machine.snapshots() if one != newest]
    # The first snapshot gets a time in the future, as a clock that was an hour ahead would have given it.
    future = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() + 3600))
    machine.raw("rewrite", "--forget", "--new-time", future, newest)
    machine.ok("restore")
    assert (machine.data / "notes" / "one.note").read_text() == "written by the later backup"
    assert early[0] in machine.snapshots()


def test_a_status_from_the_future_is_an_alarm(machine: Machine):
    machine.ok("backup")
    kept = json.loads((machine.state / "backup.json").read_text())
    (machine.state / "backup.json").write_text(json.dumps(kept | {"at": kept["at"] + 3600}))
    assert "in the future" in machine.fails("watch")


def test_a_damaged_database_fails_the_backup_and_the_old_one_stays(machine: Machine):
    machine.ok("backup")
    database = machine.data / "ledger" / "ledger.db"
    content = bytearray(database.read_bytes())
    for place in range(4096 + 100, len(content)):
        content[place] = random.randrange(256)
    database.write_bytes(content)
    assert "damaged" in machine.fails("backup")
    assert len(machine.snapshots()) == 1


def test_something_declared_that_is_gone_is_said(machine: Machine):
    machine.ok("backup")
    shutil.rmtree(machine.data / "pki")
    assert "of the part pki is not there" in machine.fails("backup")
    assert len(machine.snapshots()) == 1
