# SPDX-License-Identifier: GPL-3.0-or-later
"""The copy is of what is there, of one moment where that matters, and costs nothing where nothing changed."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from hostbackup import databases, index, stage
from hostbackup.problem import Problem

ACCOUNTS = Path(__file__).resolve().parents[3] / "standin" / "accounts.py"


@pytest.fixture
def source(tmp_path):
    place = tmp_path / "source"
    (place / "deep").mkdir(parents=True)
    (place / "deep" / "file").write_text("content")
    (place / "link").symlink_to("deep/file")
    return place


def taken(tmp_path, source, seen=None):
    found = stage.Stage(tmp_path / "copy", {} if seen is None else seen, clock=lambda: 4e9)
    found.take([(source, "data")])
    return found


def test_the_copy_is_what_the_index_says(tmp_path, source):
    found = taken(tmp_path, source)
    assert list(index.differences(tmp_path / "copy", found.entries)) == []
    assert (tmp_path / "copy" / "data" / "link").readlink().name == "file"


#: SQLite itself needs room for a longer name beside a database.
LONG, ODD = ["\u00fc" * 127, "x" * 255], ["\udcff.db", "-rf", "a\nb", "%2e%2e", "a?mode=rw#"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [*((name, index.FILE) for name in LONG + ODD), *((name, index.DATABASE) for name in ODD)],
)
def test_a_name_can_be_whatever_linux_takes(tmp_path, source, name, kind):
    if kind == index.DATABASE:
        with closing(sqlite3.connect(tmp_path / "new")) as made:
            made.execute("CREATE TABLE told (words)")
        (tmp_path / "new").rename(source / name)
    else:
        (source / name).write_text("content")
    found = taken(tmp_path, source)
    assert list(index.differences(tmp_path / "copy", found.entries)) == []
    assert found.entries[f"data/{name}"].kind == kind


@pytest.mark.parametrize("place", ["file", "folder"])
def test_no_link_that_is_put_in_between_is_followed(tmp_path, source, monkeypatch, place):
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "file").write_text("for root alone")
    real = stage._identity

    def exchanged(path):
        found, own = real(path), path if place == "file" else path.parent
        if not own.is_symlink():
            own.rename(tmp_path / "moved")
            own.symlink_to(foreign / "file" if place == "file" else foreign)
        return found

    monkeypatch.setattr(stage, "_identity", exchanged)
    assert "data/deep/file" not in taken(tmp_path, source).entries
    assert not [
        path for path in (tmp_path / "copy").rglob("file") if not path.is_symlink() and path.is_file()
    ]


def test_a_root_below_a_link_is_copied(tmp_path, source):
    (tmp_path / "way").symlink_to(tmp_path)
    assert taken(tmp_path, tmp_path / "way" / source.name).entries["data/deep/file"].size == 7


def test_what_did_not_change_is_not_copied_again(tmp_path, source, monkeypatch):
    seen = {}
    taken(tmp_path, source, seen)
    monkeypatch.setattr(stage.Stage, "_copy", lambda *words: pytest.fail("copied again"))
    found = taken(tmp_path, source, seen)
    assert found.entries["data/deep/file"].size == 7


def test_what_changed_just_now_is_copied_again(tmp_path, source):
    """A later write could have left the same size and time."""
    found = stage.Stage(tmp_path / "copy", {}, clock=lambda: source.stat().st_mtime)
    found.take([(source, "data")])
    assert found.seen["data/deep/file"][1] is False


@pytest.mark.parametrize("change", ["content", "gone", "renamed", "folder"])
def test_each_change_is_followed(tmp_path, source, change):
    seen = {}
    taken(tmp_path, source, seen)
    file = source / "deep" / "file"
    if change == "content":
        file.write_text("other!!")
    else:
        file.unlink() if change != "renamed" else file.rename(source / "deep" / "other")
        if change == "folder":
            file.mkdir()
    found = taken(tmp_path, source, seen)
    assert list(index.differences(tmp_path / "copy", found.entries)) == []
    copied = {
        str(path.relative_to(tmp_path / "copy" / "data")) for path in (tmp_path / "copy" / "data").rglob("*")
    }
    assert copied == {str(path.relative_to(source)) for path in source.rglob("*")}


def test_a_file_that_never_stands_still_is_told(tmp_path, source, monkeypatch):
    real = stage.shutil.copyfile

    def busy(old, new):
        real(old, new)
        with old.open("a") as file:
            file.write("more")

    monkeypatch.setattr(stage.shutil, "copyfile", busy)
    assert taken(tmp_path, source).restless == ["data/deep/file"]


def test_sockets_and_sidecars_are_left_out(tmp_path, source):
    os.mkfifo(source / "pipe")
    with closing(sqlite3.connect(source / "a.db")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE t (x)")
        database.commit()
        (source / "no-wal").write_text("ends like one")
        found = taken(tmp_path, source)
    assert list(index.differences(tmp_path / "copy", found.entries)) == []
    assert found.entries["data/a.db"].kind == index.DATABASE
    assert {"data/pipe", "data/a.db-wal", "data/a.db-shm"} & set(found.entries) == set()
    assert "data/no-wal" in found.entries


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_busy_database_is_copied_whole_in_every_round(tmp_path, mode):
    """Money moves all the time; in each copy the sum is right and the rows follow each other."""
    path, stop = tmp_path / "bank.db", threading.Event()
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA journal_mode = {mode}")
        database.execute("CREATE TABLE account (id INTEGER PRIMARY KEY, money INTEGER)")
        database.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY)")
        database.executemany("INSERT INTO account VALUES (?, 100)", [(n,) for n in range(200)])
        database.commit()

    def move():
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as writer:
            writer.execute("PRAGMA synchronous = OFF")
            number = 0
            while not stop.is_set():
                number += 1
                writer.execute("BEGIN IMMEDIATE")
                writer.execute("UPDATE account SET money = money - 1 WHERE id = ?", (number % 200,))
                writer.execute("UPDATE account SET money = money + 1 WHERE id = ?", ((number * 7 + 1) % 200,))
                writer.execute("INSERT INTO entry VALUES (?)", (number,))
                writer.execute("COMMIT")

    writer = threading.Thread(target=move)
    writer.start()
    counts = []
    try:
        for round_ in range(40):
            copy = tmp_path / f"copy{round_}.db"
            databases.copy(path, copy)
            assert databases.facts(copy)["account"] == 200
            with closing(sqlite3.connect(f"file:{copy}?immutable=1", uri=True)) as database:
                total, count, last = database.execute(
                    "SELECT (SELECT sum(money) FROM account), count(*), coalesce(max(id), 0) FROM entry"
                ).fetchone()
            assert (total, count) == (20_000, last)
            counts.append(count)
    finally:
        stop.set()
        writer.join()
    assert counts == sorted(counts)
    assert counts[-1] > counts[0], "nobody wrote meanwhile"


def test_a_damaged_database_is_said(tmp_path):
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (x)")
        database.executemany("INSERT INTO t VALUES (?)", [("x" * 100,)] * 500)
        database.commit()
    content = bytearray(path.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(Problem, match="is damaged"):
        databases.facts(path)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.write_text("CONTENT"), "another content"),
        (lambda path: path.write_text("longer than it was"), "7 were saved"),
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.chmod(0o777), "has the mode 0777"),
        (lambda path: path.with_name("more").write_text(""), "does not belong here"),
    ],
    ids=["content", "size", "gone", "mode", "more"],
)
def test_a_copy_that_was_spoiled_is_found(tmp_path, source, spoil, told):
    found = taken(tmp_path, source)
    spoil(tmp_path / "copy" / "data" / "deep" / "file")
    assert told in " ".join(index.differences(tmp_path / "copy", found.entries))


def test_rows_and_the_files_they_name_are_of_one_copy_in_every_round(tmp_path):
    """Somebody writes files and then the rows that name them; no copy has a row without its file."""
    source, copy, seen = tmp_path / "accounts", tmp_path / "copy", {}
    writer = subprocess.Popen([sys.executable, ACCOUNTS, "write", source])
    counts, end = [], time.monotonic() + 20
    try:
        while not (source / "receipts" / "3").exists() and time.monotonic() < end:
            time.sleep(0.01)
        for _round in range(15):
            found = stage.Stage(copy, seen)
            found.take([(source, "accounts")])
            told = subprocess.check_output([sys.executable, ACCOUNTS, "check", copy / "accounts"])
            checked = json.loads(told)
            assert checked["torn"] == ""
            counts.append(checked["entries"])
            time.sleep(0.05)
    finally:
        writer.kill()
        writer.wait()
    assert counts == sorted(counts)
    assert counts[-1] > counts[0] + 10, "nobody wrote meanwhile"
