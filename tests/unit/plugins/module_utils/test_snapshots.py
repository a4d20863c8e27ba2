# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger import DONE, Ledger
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._snapshots import (
    WHAT,
    Saved,
    lost,
    recorded,
    subject,
    unrecorded,
)

ONE, TWO, THREE = (Saved(name * 64, number, "g") for number, name in enumerate("abc", 1))


@pytest.fixture
def known(tmp_path):
    """The ledger has two snapshots of cp, and the same numbers of another host."""
    ledger = Ledger(tmp_path / "ledger", "me", lambda: datetime(2027, 1, 1, tzinfo=UTC))
    for host, saved in (("cp", ONE), ("cp", TWO), ("other", Saved("d" * 64, 9, "g"))):
        ledger.append(WHAT, DONE, subject(host, saved), "backup")
    return recorded(ledger.entries(), "cp")


def test_only_what_is_new_is_recorded(known):
    assert unrecorded(known, [THREE, TWO, ONE]) == [THREE]


@pytest.mark.parametrize(
    ("present", "gone"),
    [([ONE, TWO], ""), ([TWO], ""), ([THREE], ""), ([ONE], TWO.id), ([], TWO.id)],
    ids=["all", "retention", "newer", "deleted", "empty"],
)
def test_a_deleted_newest_is_missed(known, present, gone):
    assert lost(known, present) == gone


def test_an_empty_ledger_misses_nothing():
    assert lost({}, [ONE]) == ""
