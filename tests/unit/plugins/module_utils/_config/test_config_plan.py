# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions of a synchronisation, one rule at a time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.canonical import Unsound
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.plan import (
    Plan,
    Stamp,
    decide,
    restore,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.policy import Rules
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.state import (
    State,
    read_history,
    read_state,
    write_history,
    write_state,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.view import View

AT = datetime(2026, 1, 1, tzinfo=UTC)


def gateway(**settings: Any) -> dict[str, Any]:
    return {"gateway": settings}


def planned(state: State, view: View, declared: Any, policy: str = "fail", hours: int = 0) -> Plan:
    stamp = Stamp("me", AT + timedelta(hours=hours), "why")
    return decide(view, declared, state, Rules((("*", policy),)), stamp, lambda _documents: [])


def at(state: State, **proposals: Any) -> View:
    """The edge as this state left it, with proposals."""
    head = state.head
    assert head is not None
    keys = {"head": head.item().metadata} | {
        f"v/{name}": {"sha256": name} for name in head.documents.values()
    }
    raw = {f"edit/{name}": json.dumps(value).encode() for name, value in proposals.items()}
    return View(keys, head, state.documents, raw)


@pytest.fixture
def first() -> State:
    return planned(State("acme-eu"), View({}), gateway(a=1, b=1)).state


@pytest.fixture
def second(first: State) -> State:
    return planned(first, at(first), gateway(a=2, b=1)).state


def edit(revision: int, **settings: Any) -> dict[str, Any]:
    return {"patch": gateway(**settings), "revision": revision, "by": "ed"}


def test_hundreds_of_proposals_that_are_shown_again_do_not_undo_a_newer_one(first: State) -> None:
    many = {f"b{number:04}": edit(1, a=number) for number in range(1000)}
    taken = planned(first, at(first, **many), gateway(a=1, b=1), "edge")
    state = read_state(write_state(taken.state))
    again = planned(state, at(state, a=edit(2, a="newer"), **many), gateway(a=1, b=1), "edge")
    assert again.state.documents == gateway(a="newer", b=1)


@pytest.mark.parametrize(
    ("policy", "value", "outcome"),
    [("control_plane", 3, "declined"), ("edge", 9, "taken"), ("newest", 3, "declined")],
)
def test_policies_when_the_edge_knew_an_older_revision(
    second: State, policy: str, value: int, outcome: str
) -> None:
    plan = planned(second, at(second, x=edit(1, a=9)), gateway(a=3, b=1), policy)
    assert plan.state.documents == gateway(a=value, b=1)
    assert [item.outcome for item in plan.edits] == [outcome]


@pytest.mark.parametrize("policy", ["fail", "newest"])
def test_nobody_wins_when_both_knew_the_same(second: State, policy: str) -> None:
    plan = planned(second, at(second, x=edit(2, a=9)), gateway(a=3, b=1), policy)
    assert plan.stops
    assert not plan.writes
    assert [item.outcome for item in plan.edits] == ["in conflict"]


def test_an_old_proposal_for_a_key_that_did_not_change_is_taken(second: State) -> None:
    plan = planned(second, at(second, x=edit(1, b=9)), gateway(a=2, b=1))
    assert (plan.state.documents, plan.conflicts) == (gateway(a=2, b=9), ())


def test_a_proposal_is_settled_once_however_often_it_is_shown(second: State) -> None:
    taken = planned(second, at(second, x=edit(2, b=9)), gateway(a=2, b=1)).state
    later = planned(taken, at(taken), gateway(a=2, b=3)).state
    assert later.documents == gateway(a=2, b=3), "an edit of the declaration wins over what was taken before"
    again = planned(later, at(later, x=edit(2, b=9)), gateway(a=2, b=3))
    assert [item.outcome for item in again.edits] == ["settled before"]
    assert (again.remove, again.head) == (("edit/x",), None)


@pytest.mark.parametrize("revision", [3, 99])
def test_a_revision_that_is_not_there_is_refused(second: State, revision: int) -> None:
    plan = planned(second, at(second, x=edit(revision, b=9)), gateway(a=2, b=1))
    assert plan.edits[0].outcome == f"refused: it names revision {revision}, and the newest is 2"


def test_the_gateway_can_not_be_removed(second: State) -> None:
    proposal = {"patch": {"gateway": None}, "revision": 2}
    plan = planned(second, at(second, x=proposal), gateway(a=2, b=1))
    assert plan.edits[0].outcome.startswith("refused")
    assert plan.state.documents == gateway(a=2, b=1)


def test_values_are_removed_an_hour_after_the_last_revision_that_names_them(second: State) -> None:
    third = planned(second, at(second), gateway(a=3, b=1)).state
    assert third.unused == {}
    view = at(third)
    old = {f"v/{name}": {"sha256": name} for name in ("0" * 64, *third.head.former.values())}  # type: ignore[union-attr]
    seen = planned(third, replace(view, keys={**view.keys, **old}), gateway(a=3, b=1)).state
    assert list(seen.unused) == ["0" * 64], "the former revision's values stay"
    early = planned(seen, replace(view, keys={**view.keys, **old}), gateway(a=3, b=1))
    assert early.remove == ()
    late = planned(seen, replace(view, keys={**view.keys, **old}), gateway(a=3, b=1), hours=1)
    assert late.remove == ("v/" + "0" * 64,)


def test_restoring(second: State) -> None:
    stamp = Stamp("me", AT, "")
    plan = restore(at(second), gateway(a=2, b=1), second, 1, stamp, lambda _documents: [])
    assert plan.state.documents == gateway(a=1, b=1)
    assert plan.state.revision == 3
    assert plan.state.effective(gateway(a=2, b=1)) == gateway(a=1, b=1), "it holds"
    assert plan.state.effective(gateway(a=5, b=1)) == gateway(a=5, b=1), "until the declaration changes"
    gone = restore(at(second), gateway(a=2, b=1), second, 7, stamp, lambda _documents: [])
    assert gone.blocked == ("revision 7 is not in the history, which ends with 1, 2",)
    apart = restore(View({}), gateway(a=2, b=1), second, 1, stamp, lambda _documents: [])
    assert "synchronise first" in apart.blocked[0]


def test_a_state_survives_its_files(second: State) -> None:
    read = read_state(write_state(second))
    assert replace(read, history=read_history(write_history(second.history), read.id)) == second
    assert second.is_whole


def test_a_history_ends_with_the_head_though_a_killed_process_had_written_more(
    first: State, second: State
) -> None:
    assert read_history(write_history(second.history), first.id) == tuple(first.history)


@pytest.mark.parametrize("content", [b"", b"[]\n", b"{}\n", b"{", b"\xff"])
def test_histories_that_are_none_are_refused(second: State, content: bytes) -> None:
    with pytest.raises(Unsound, match="bring"):
        read_history(content, second.id)


@pytest.mark.parametrize(
    ("old", "new"), [('"format": 1', '"format": 2'), ('"taken"', '"took"'), ('"seal"', '"sea"'), ("{", "[")]
)
def test_states_that_were_edited_are_refused(second: State, old: str, new: str) -> None:
    content = write_state(second).decode()
    with pytest.raises(Unsound):
        read_state(content.replace(old, new, 1).encode())


def test_documents_that_were_edited_are_noticed(second: State) -> None:
    content = write_state(second).decode().replace('"b": 1', '"b": 7', 1)
    assert not read_state(content.encode()).is_whole


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "without a seal"])
def test_a_state_knows_its_documents(second: State, sealed: bool) -> None:
    state = read_state(write_state(second)) if sealed else second
    assert bool(state.seal) is sealed
    assert state.holds(gateway(a=2, b=1))
    assert not state.holds(gateway(a=2, b=True))
    assert not state.holds({})


def test_a_seal_that_a_merge_of_files_brought_from_another_state_says_nothing(
    first: State, second: State
) -> None:
    mixed = replace(second, seal=read_state(write_state(first)).seal)
    assert mixed.holds(gateway(a=2, b=1))
    assert not mixed.holds(gateway(a=1, b=1))
