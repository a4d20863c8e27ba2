# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rollback by hand goes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.models import (
    Deployment,
    Version,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.plan import PlanError
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.undo import (
    Return,
    before_newest,
    explained,
    origin,
    previous,
    to_versions,
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
    "back into a split and out of it again": (
        [whole("v1", "rollback by hand"), shared("v2", "v1"), whole("v1"), whole("v0")],
        "v0",
    ),
    "a version of a split that was left stays a way back": (
        [whole("v3"), whole("v1", "rollback by hand"), shared("v2", "v1"), whole("v1")],
        "v1",
    ),
    "where its rollout started, not what a killed one left": (
        [
            whole("v3", "rollout r3 wave us 100%"),
            shared("v3", "v1", "rollout r3 wave us 0%"),
            whole("v2", "rollout r2 wave us 100%"),
            shared("v2", "v1", "rollout r2 wave us 0%"),
            whole("v1"),
        ],
        "v1",
    ),
}


@pytest.mark.parametrize(("deployments", "version"), HISTORIES.values(), ids=HISTORIES)
def test_previous(deployments, version):
    assert previous(deployments) == version


def test_versions_and_previous_are_resolved():
    history = {"a": [whole("v2"), whole("v1")], "b": [whole("v9")]}
    assert to_versions(history, {"a": "previous", "b": "v5"}) == [
        Return("a", "v2", "v1"),
        Return("b", "v9", "v5"),
    ]


def test_everyone_without_a_way_back_is_named():
    history = {"a": [whole("v1")], "b": [whole("v1")], "c": [whole("v2"), whole("v1")]}
    with pytest.raises(PlanError, match=r"Nothing was written.*a, b"):
        to_versions(history, dict.fromkeys("abc", "previous"))


R2, R1 = "rollout r2 wave eu 100%", "rollout r1 wave eu 100%"
SERVED_BY = {
    "a rollout": ([whole("v2", R2), whole("v1", R1)], None, "r2"),
    "an upload of a rollout": ([whole("v2", "v2 rollout r2")], None, "r2"),
    "a rollout under way": ([shared("v2", "v1", "rollout r2 wave eu 10%"), whole("v1", R1)], None, "r2"),
    "an older one, after an undo": (
        [whole("v1", "rollout r2 undo"), whole("v2", R2), whole("v1", R1)],
        None,
        "r1",
    ),
    "an older one, after a rollback": (
        [whole("v1", "rollback by hand"), whole("v2", R2), whole("v1", R1)],
        None,
        "r1",
    ),
    "an upload without a message": ([whole("v2")], Version("v2", 2, "t", message="v2 rollout r2"), "r2"),
    "somebody else": ([whole("v2", "fix"), whole("v1", R1)], Version("v2", 2, "t", message="fix"), ""),
    "nobody": ([], None, ""),
}


@pytest.mark.parametrize(("deployments", "version", "rollout"), SERVED_BY.values(), ids=SERVED_BY)
def test_whose_rollout_is_served(deployments, version, rollout):
    assert origin(deployments, version).rollout == rollout


def newest(history, fronts=()):
    """Where each Worker goes; the gateways are those that are no fronts."""
    origins = {script: origin(deployments) for script, deployments in history.items()}
    gateways = [script for script in history if script not in fronts]
    return {item.script: item.version for item in before_newest(history, origins, gateways, fronts)}


def since(deployment: Deployment, time: str) -> Deployment:
    return replace(deployment, created_on=time)


V1, V2 = since(whole("v1", R1), "t1"), since(whole("v2", R2), "t2")
HALF = since(shared("v2", "v1", "rollout r2 wave eu 50%"), "t2")


def test_a_rollout_is_taken_back_where_it_came_and_nowhere_else():
    assert newest({"a": [V2, V1], "b": [HALF, V1], "c": [V1, whole("v0")]}) == {
        "a": "v1",
        "b": "v1",
        "c": None,
    }


def test_a_plane_that_is_new_in_the_rollout_is_no_obstacle():
    assert newest({"a": [V2, V1], "new": [V2]}) == {"a": "v1", "new": None}
    with pytest.raises(PlanError, match="new"):
        newest({"new": [V2]})


def test_without_a_rollout_each_goes_one_back():
    assert newest({"a": [whole("v2", "fix"), whole("v1")], "b": [whole("v9"), whole("v8")]}) == {
        "a": "v1",
        "b": "v8",
    }


def test_what_somebody_else_deployed_stays():
    assert newest({"a": [V2, V1], "b": [since(whole("vX", "fix"), "t3"), V2, V1]}) == {"a": "v1", "b": None}


@pytest.mark.parametrize(
    ("message", "expected"), [(R2, "v0"), ("rollout r0 wave fronts 100%", None), ("", None)]
)
def test_a_front_goes_back_with_the_gateways_of_its_rollout(message, expected):
    history = {"g": [V2, V1], "f": [whole("v5", message), whole("v0")]}
    assert newest(history, ["f"])["f"] == expected


def test_every_worker_is_told():
    back = [Return("a", "v2", "v1"), Return("b", "v2", "v1"), Return("c", "v1", "v1")]
    lines = explained(back, {"b": "refused"}, ["data"])
    assert "undone      a: v2 -> v1" in lines[0]
    assert "NOT UNDONE  b: v2 -> v1 failed: refused" in lines[1]
    assert "unchanged   c: v1" in lines[2]
    assert lines[3].endswith("data")
    assert explained([], {}, []) == ["  nothing had to be undone"]
