# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger finds what was edited, removed or cut, and survives crashes at any place."""

from __future__ import annotations

import errno
import json
import os
from datetime import UTC, datetime

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils import _ledger, _ledger_writer
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger import (
    DONE,
    FAILED,
    INTENDED,
    Ledger,
    LedgerError,
    check_anchor,
)

SUBJECT = {"tenant": "acme", "generation": 1}


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl", "ada@desk", lambda: datetime(2026, 11, 24, 12, 0, tzinfo=UTC))


@pytest.fixture
def filled(ledger):
    for number in range(5):
        ledger.append("thing.put", DONE, SUBJECT | {"generation": number}, "wanted")
    return ledger


def lines(ledger):
    return ledger.path.read_bytes().splitlines(keepends=True)


def write(ledger, content):
    ledger.path.write_bytes(b"".join(content))


def test_entries_come_back_as_they_were_written(ledger):
    written = ledger.append("thing.put", INTENDED, SUBJECT, "für die Prüfung")
    (found,) = ledger.entries()
    assert found == written
    assert (found.number, found.who, found.why, found.at) == (
        1,
        "ada@desk",
        "für die Prüfung",
        "2026-11-24T12:00:00Z",
    )
    assert ledger.path.stat().st_mode & 0o777 == 0o600


def test_a_change_writes_its_intent_and_its_end(ledger):
    with ledger.change("thing.put", SUBJECT, "wanted") as entry:
        assert [item.outcome for item in ledger.entries()] == [INTENDED]
    assert [(item.outcome, item.of) for item in ledger.entries()] == [(INTENDED, 0), (DONE, entry.number)]


def test_a_change_that_fails_says_so(ledger):
    with pytest.raises(ZeroDivisionError), ledger.change("thing.put", SUBJECT, "wanted"):
        raise ZeroDivisionError
    assert [item.outcome for item in ledger.entries()] == [INTENDED, FAILED]


def edited(content):
    return [*content[:2], content[2].replace(b"wanted", b"wished"), *content[3:]]


def rehashed(content):
    """An edited entry with a hash that fits: the next one doesn't continue it."""
    fields = json.loads(content[2]) | {"why": "wished"}
    del fields["hash"]
    fields["hash"] = _ledger._hash(fields)
    return [*content[:2], _ledger.canonical(fields) + b"\n", *content[3:]]


@pytest.mark.parametrize(
    ("spoil", "place", "why"),
    [
        (edited, "line 3", "was edited"),
        (rehashed, "line 4", "does not continue"),
        (lambda content: content[:2] + content[3:], "line 3", "entry 3 belongs here, 4 stands here"),
        (lambda content: [content[1], content[0], *content[2:]], "line 1", "entry 1 belongs here"),
        (lambda content: [*content, content[-1]], "line 6", "entry 6 belongs here"),
        (lambda content: content[:-1], "ends with entry 4, but had 5", "cut off"),
        (lambda content: [], "ends with entry 0, but had 5", "cut off"),
        (lambda content: [*content[:-1], content[-1][:-9]], "ends with entry 4", "cut off"),
        (lambda content: [*content[:2], b"[1]\n", *content[3:]], "line 3", "no entry"),
        (lambda content: [*content[:2], b"{" * 100_000 + b"\n", *content[3:]], "line 3", "no entry"),
        (lambda content: [*content[:2], b"\xff\n", *content[3:]], "line 3", "no entry"),
        (
            lambda content: [content[0].replace(b'"of":0', b'"of":"0"'), *content[1:]],
            "line 1",
            "no entry of a ledger",
        ),
        (lambda content: [content[0].replace(b",", b", "), *content[1:]], "line 1", "was edited"),
    ],
)
def test_whatever_was_done_to_it_is_found_with_its_place(filled, spoil, place, why):
    write(filled, spoil(lines(filled)))
    with pytest.raises(LedgerError, match=place) as caught:
        filled.entries()
    assert why in str(caught.value)
    with pytest.raises(LedgerError):
        filled.append("thing.put", DONE, SUBJECT, "more")


def test_a_ledger_that_was_written_anew_is_found_by_an_anchor_kept_elsewhere(filled):
    kept = filled.last().anchor
    for path in filled.path.parent.iterdir():
        path.unlink()
    for number in range(6):
        filled.append("thing.put", DONE, SUBJECT | {"generation": number}, "forged")
    with pytest.raises(LedgerError, match="written anew"):
        check_anchor(filled.entries(), kept, "ledger.jsonl")


@pytest.mark.parametrize("anchor", ["x", "1", "1 ff", "-1 " + "0" * 64])
def test_what_is_no_anchor_is_said(filled, anchor):
    with pytest.raises(LedgerError, match="is no anchor"):
        check_anchor(filled.entries(), anchor, "ledger.jsonl")


def test_without_its_head_it_is_not_believed(filled):
    head = filled.path.with_name("ledger.jsonl.head")
    anchor = head.read_text()
    head.unlink()
    with pytest.raises(LedgerError, match=r"ledger.jsonl.head is missing") as caught:
        filled.entries()
    head.write_text(str(caught.value).rpartition(": ")[2])
    assert len(filled.entries()) == 5
    assert head.read_text().strip() == anchor.strip()


@pytest.mark.parametrize("left", [1, 20, 200])
def test_a_torn_entry_never_took_effect_and_is_written_over(filled, left):
    whole = filled.path.read_bytes()
    filled.path.write_bytes(whole + lines(filled)[-1][:left])
    assert len(filled.entries()) == 5
    filled.append("thing.put", DONE, SUBJECT, "after the crash")
    assert [item.number for item in filled.entries()] == [1, 2, 3, 4, 5, 6]


def test_a_crash_between_entry_and_head_loses_neither(filled, monkeypatch):
    def die(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(_ledger, "write_atomically", die)
    with pytest.raises(KeyboardInterrupt):
        filled.append("thing.put", DONE, SUBJECT, "the last")
    monkeypatch.undo()
    assert filled.last().why == "the last"
    assert filled.append("thing.put", DONE, SUBJECT, "more").number == 7


@pytest.mark.parametrize("room", [0, 1, 100])
def test_a_full_disk_leaves_the_ledger_as_it_was(filled, monkeypatch, room):
    real = os.write

    def full(handle, data):
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data[:room])

    before = filled.path.read_bytes()
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(LedgerError, match=r"can't be written: No space left on device\. Nothing is changed"):
        filled.append("thing.put", DONE, SUBJECT, "more")
    monkeypatch.undo()
    assert filled.path.read_bytes() == before


def test_an_entry_that_is_too_long_is_refused(filled):
    with pytest.raises(LedgerError, match="shorten the reason"):
        filled.append("thing.put", DONE, SUBJECT, "x" * 20_000)
    assert len(filled.entries()) == 5


def test_a_text_that_is_no_unicode_is_refused(filled):
    with pytest.raises(LedgerError, match="not valid Unicode"):
        filled.append("thing.put", DONE, SUBJECT, "wanted\udcff")
    assert len(filled.entries()) == 5
    write(filled, [*lines(filled)[:4], lines(filled)[4].replace(b"wanted", b"\\udcff")])
    with pytest.raises(LedgerError, match="line 5: the entry was edited"):
        filled.entries()


def test_what_was_checked_is_not_checked_again_unless_it_changed(tmp_path, monkeypatch):
    ledger, parsed = Ledger(tmp_path / "l", "ada"), []
    real = _ledger._parsed
    monkeypatch.setattr(_ledger, "_parsed", lambda line, place: parsed.append(line) or real(line, place))
    for number in range(5):
        ledger.append("thing", "done", {"number": number}, "asked")
    ledger.entries()
    assert len(parsed) == 5
    content = ledger.path.read_bytes()
    ledger.path.write_bytes(content.replace(b'"number":1}', b'"number":9}', 1))
    with pytest.raises(LedgerError, match="line 2: the entry was edited"):
        ledger.entries()
    ledger.path.write_bytes(content)
    assert len(ledger.entries()) == 5


def full_disk(*_args):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_without_room_for_the_first_head_file_leaves_a_ledger_that_is_believed(ledger, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(_ledger, "write_atomically", full_disk)
        for _attempt in range(3):
            with pytest.raises(LedgerError, match="No space left"):
                ledger.append("thing.put", DONE, SUBJECT, "wanted")
    ledger.append("thing.put", DONE, SUBJECT, "wanted")
    assert [entry.number for entry in ledger.entries()] == [1, 2]


def test_a_writer_without_room_for_the_first_head_file_leaves_a_ledger_that_is_believed(ledger, monkeypatch):
    writer = _ledger_writer.Writer(ledger)
    with monkeypatch.context() as patched:
        patched.setattr(_ledger_writer, "write_atomically", full_disk)
        for _attempt in range(3):
            with pytest.raises(LedgerError, match="No space left"):
                writer.append("thing.put", DONE, SUBJECT)
    writer.append("thing.put", DONE, SUBJECT)
    # As a process that is killed here leaves it.
    assert [entry.number for entry in ledger.entries()] == [1, 2]
    writer.close()
