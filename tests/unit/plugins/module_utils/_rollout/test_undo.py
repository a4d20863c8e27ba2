# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rollback by hand goes."""

from __future__ import annotations

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.models import Deployment
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.plan import PlanError
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.undo import (
    Return,
    by_hand,
    explained,
    fronts_touched,
    previous,
)


def whole(version: str, message: str = "") -> Deployment:
    return Deployment("d", "t", message=message, versions=((version, 100.0),))


def shared(candidate: str, running: str, message: str = "") -> Deployment:
    return Deployment("d", "t", message=message, versions=((candidate, 50.0), (running, 50.0)))


HISTORIES = {
    "nothing": ([], None),
    "only one": ([whole("v1")], None),
    "the one before": ([whole("v3"), whole("v2"), whole("v1")], "v2"),
    "the same twice": ([whole("v2"), whole("v2"), whole("v1")], "v1"),
    "splits are skipped": ([whole("v3"), shared("v3", "v2"), whole("v2")], "v2"),
    "out of a split": ([shared("v3", "v2"), whole("v2")], "v2"),
    "not to what a gate refused": (
        [
            whole("v1", "rollout r2 undo"),
            whole("v2", "rollout r2 wave us 100%"),
            shared("v2", "v1", "rollout r2 wave us 0%"),
            whole("v1", "rollout r1 wave us 100%"),
            whole("v0"),
        ],
        "v0",
    ),
    "not back to where it came from": (
        [whole("v1", "rollback by hand"), whole("v2"), whole("v1"), whole("v0")],
        "v0",
    ),
}


@pytest.mark.parametrize(("deployments", "version"), HISTORIES.values(), ids=HISTORIES)
def test_previous(deployments, version):
    assert previous(deployments) == version


def test_by_hand_resolves_previous_and_ids():
    history = {"a": [whole("v2"), whole("v1")], "b": [whole("v9")]}
    assert by_hand(history, {"a": "previous", "b": "v5"}) == [
        Return("a", "v2", "v1"),
        Return("b", "v9", "v5"),
    ]


def test_by_hand_names_everyone_without_a_way_back():
    history = {"a": [whole("v1")], "b": [whole("v1")], "c": [whole("v2"), whole("v1")]}
    with pytest.raises(PlanError, match=r"Nothing was written.*a, b"):
        by_hand(history, dict.fromkeys("abc", "previous"))


@pytest.mark.parametrize(
    ("message", "expected"),
    [("rollout r1 wave fronts 100%", {"f": "previous"}), ("rollout r0 wave fronts 100%", {}), ("", {})],
)
def test_a_front_goes_back_with_the_gateways_of_its_rollout(message, expected):
    history = {"g": [whole("v2", "rollout r1 wave us 100%")], "f": [whole("v2", message)]}
    assert fronts_touched(history, ["g"], ["f"]) == expected


def test_every_worker_is_told():
    back = [Return("a", "v2", "v1"), Return("b", "v2", "v1"), Return("c", "v1", "v1")]
    lines = explained(back, {"b": "refused"}, ["data"])
    assert "undone      a: v2 -> v1" in lines[0]
    assert "NOT UNDONE  b: v2 -> v1 failed: refused" in lines[1]
    assert "unchanged   c: v1" in lines[2]
    assert lines[3].endswith("data")
    assert explained([], {}, []) == ["  nothing had to be undone"]
