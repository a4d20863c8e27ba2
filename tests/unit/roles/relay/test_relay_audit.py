# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit: nonces come back, ledgers follow each other, refusals are bounded."""

from __future__ import annotations

import asyncio
import errno
import json

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils import _ledger_writer
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger import LedgerError
from relay import audit as audits
from relay.audit import Audit, Bucket
from relay.config import load
from relay.nonces import KEPT, Nonces
from relay.refusal import REPLAYED, UNREACHABLE, Refused
from relay.service import Service
from relay_plane import Plane, connector, files

NOW = 1_800_000_000.0


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def audit(tmp_path, clock):
    made = Audit(tmp_path, "relay@test", clock)
    yield made
    made.close()


def call(audit, nonce, expires=int(NOW) + 300):
    begun = audit.begin({"plane": "acme-eu", "nonce": nonce, "expires": expires})
    audit.settle()
    audit.end(begun, {"status": 200})


def test_nonces_come_back_over_several_ledgers(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(audits, "LARGEST", 2_000)
    audit = Audit(tmp_path, "relay@test", clock)
    for number in range(20):
        call(audit, f"n{number}")
    audit.close()
    assert len(list(tmp_path.glob("calls-*.jsonl"))) > 3
    again = Audit(tmp_path, "relay@test", clock)
    assert {nonce for _plane, nonce, _end in again.used()} == {f"n{number}" for number in range(20)}
    again.close()
    first = json.loads((tmp_path / "calls-000002.jsonl").read_text().splitlines()[0])
    assert first["what"] == "relay.continued"
    assert first["subject"]["anchor"] == (tmp_path / "calls-000001.jsonl.head").read_text().strip()


def test_a_disk_that_fills_up_before_the_next_ledger_is_survived(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(audits, "LARGEST", 1)
    audit = Audit(tmp_path, "relay@test", clock)
    call(audit, "first")
    with monkeypatch.context() as patched:
        patched.setattr(_ledger_writer, "write_atomically", full_disk)
        for _attempt in range(2):
            with pytest.raises(LedgerError, match="No space left"):
                audit.begin({"plane": "acme-eu", "nonce": "refused", "expires": 1})
            audit.refuse(Refused(REPLAYED, "again"), {})
    call(audit, "second")
    audit.close()
    again = Audit(tmp_path, "relay@test", clock)
    assert {nonce for _plane, nonce, _end in again.used()} == {"first", "second"}
    again.close()


def full_disk(*_args):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_old_ledgers_are_not_read(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(audits, "LARGEST", 1)
    audit = Audit(tmp_path, "relay@test", clock)
    for nonce in ("old", "older than the window", "new"):
        call(audit, nonce, int(clock.now) + 300)
        clock.now += 5_000
    clock.now -= 5_000
    audit.close()
    (tmp_path / "calls-000001.jsonl").write_text("nothing that could be read\n")
    again = Audit(tmp_path, "relay@test", clock)
    assert "new" in {nonce for _plane, nonce, _end in again.used()}
    again.close()


def test_a_ledger_that_was_exchanged_after_it_was_continued_stops_the_start(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(audits, "LARGEST", 1)
    audit = Audit(tmp_path, "relay@test", clock)
    call(audit, "first")
    call(audit, "second")
    audit.close()
    other = tmp_path / "other"
    made = Audit(other, "relay@test", clock)
    call(made, "another")
    made.close()
    for name in ("calls-000001.jsonl", "calls-000001.jsonl.head"):
        (tmp_path / name).write_bytes((other / name).read_bytes())
    with pytest.raises(LedgerError, match="exchanged"):
        Audit(tmp_path, "relay@test", clock)


@pytest.mark.parametrize("change", [b"acme-eu:acme-us", b'"status":200:"status":201'])
def test_an_edited_audit_stops_the_start(tmp_path, clock, change):
    audit = Audit(tmp_path, "relay@test", clock)
    call(audit, "n1")
    audit.close()
    path = tmp_path / "calls-000001.jsonl"
    old, new = (b'"status":200', b'"status":201') if b"status" in change else change.split(b":")
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(LedgerError, match="edited"):
        Audit(tmp_path, "relay@test", clock)


def test_a_cut_end_is_found_and_a_torn_one_is_dropped(tmp_path, clock):
    audit = Audit(tmp_path, "relay@test", clock)
    call(audit, "n1")
    audit.close()
    path = tmp_path / "calls-000001.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"torn')
    Audit(tmp_path, "relay@test", clock).close()
    assert path.read_bytes() == whole
    path.write_bytes(whole.splitlines(keepends=True)[0])
    with pytest.raises(LedgerError, match="cut off"):
        Audit(tmp_path, "relay@test", clock)


def test_refusals_are_bounded_and_counted(audit, clock, tmp_path, capsys):
    for _round in range(80):
        audit.refuse(Refused(REPLAYED, "again"), {"plane": "acme-eu"})
    clock.now += 2
    audit.refuse(Refused(REPLAYED, "again"), {"plane": "acme-eu"})
    entries = [json.loads(line) for line in (tmp_path / "calls-000001.jsonl").read_text().splitlines()]
    assert len(entries) == 51
    assert entries[-1]["subject"] == {"plane": "acme-eu", "code": "replayed", "not_entered": 30}
    assert len(capsys.readouterr().err.splitlines()) == 51


def test_bucket_with_a_clock_that_is_set_back():
    clock = Clock()
    bucket = Bucket(1, clock)
    assert bucket.take() == 0
    clock.now -= 100
    assert bucket.take() is None
    clock.now += 1
    assert bucket.take() == 1


def test_nonces_are_kept_until_their_signature_can_not_be_valid_by_any_clock_and_then_forgotten(clock):
    nonces = Nonces([("a", "known")], clock)
    assert nonces.use("b", "known")
    clock.now += KEPT
    assert not nonces.use("a", "known")
    clock.now += 1
    assert nonces.use("a", "known")


def test_a_leap_of_the_clock_and_back_does_not_let_a_copy_in(tmp_path, clock):
    plane, audit = Plane(), Audit(tmp_path / "audit", "relay@test", clock)
    files(tmp_path, {plane.name: plane.about({"echo": connector(1)})}, "127.0.0.1:1")
    service = Service(load(tmp_path / "relay.json", tmp_path / "secrets.json"), audit, clock)
    first = plane.signed(created=NOW)

    def told(message):
        with pytest.raises(Refused) as refused:
            asyncio.run(service.answer(message))
        return refused.value.kind

    assert told(first) == UNREACHABLE
    clock.now += 3600
    assert told(plane.signed(created=clock.now)) == UNREACHABLE
    clock.now -= 3590
    assert told(first) == REPLAYED
    asyncio.run(service.close())


def test_nonces_are_bounded(monkeypatch):
    monkeypatch.setattr("relay.nonces.MOST", 2)
    nonces = Nonces()
    assert nonces.use("a", "1")
    assert nonces.use("a", "2")
    with pytest.raises(OverflowError):
        nonces.use("a", "3")
