# SPDX-License-Identifier: GPL-3.0-or-later
"""What the next release, the same release or a rollback makes of what a killed rollout left."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.edge


@pytest.fixture
def deployed(site: Any) -> Any:
    """A site whose first two releases are out and recorded."""
    for release in ("v0", "v1"):
        run = site.play("site", edge_release=release, edge_verify="false")
        assert run.code == 0, run.output
    return site


#: Where a rollout is killed: after a call was seen so often. Two gateways a wave, four steps in the first.
PLACES = {
    "at 10 %": ("POST", "/globex-eu-gateway/deployments", 2),
    "at 50 %": ("POST", "/globex-eu-gateway/deployments", 3),
    "in the second region": ("POST", "/globex-us-gateway/deployments", 1),
    "in the wave of the fronts": ("POST", "/globex-front/deployments", 1),
}


def kill_at(site: Any, place: str) -> None:
    method, path, number = PLACES[place]
    site.kill_at(method, path, number, "site", edge_release="v2", edge_verify="false")


def kill_before_the_record(site: Any) -> None:
    """Everything is deployed and accepted, and nothing is recorded."""
    site.fault("GET", ".*/keys", "latency", latency_ms=4000, skip=1)
    site.kill_at("POST", "/globex-front/deployments", 2, "site", edge_release="v2", edge_verify="false")
    site.no_faults()


@pytest.mark.parametrize("place", PLACES)
def test_a_bad_release_after_a_killed_one_leaves_nothing_of_either(deployed, place):
    before = deployed.active()
    kill_at(deployed, place)
    assert deployed.active() != before
    bad = deployed.play("release_bad")
    assert bad.code != 0
    assert "Release bad was not rolled out" in bad.output
    assert deployed.active() == before
    again = deployed.play("site", edge_release="v1", edge_verify="false")
    assert again.code == 0, again.output
    assert deployed.active() == before


def test_a_bad_release_after_one_that_was_killed_before_its_record(deployed):
    before = deployed.active()
    kill_before_the_record(deployed)
    killed = deployed.active()
    assert all(killed[script].keys().isdisjoint(before[script]) for script in before)
    bad = deployed.play("release_bad")
    assert bad.code != 0
    assert deployed.active() == before, "no Worker serves a version that was never recorded as accepted"


@pytest.mark.parametrize("place", PLACES)
def test_the_same_release_goes_on_where_it_was_killed(deployed, place):
    before = deployed.active()
    kill_at(deployed, place)
    again = deployed.play("site", edge_release="v2")
    assert again.code == 0, again.output
    after = deployed.active()
    assert all(list(shares.values()) == [100] for shares in after.values())
    assert all(after[script].keys().isdisjoint(before[script]) for script in before)
    assert deployed.play("site", edge_release="v2").writes == []


@pytest.mark.parametrize("place", ["at 50 %", "in the second region"])
def test_a_rollback_takes_the_killed_rollout_back_and_nothing_else(deployed, place):
    before = deployed.active()
    kill_at(deployed, place)
    moved = {script for script, shares in deployed.active().items() if shares != before[script]}
    back = deployed.play("rollback")
    assert back.code == 0, back.output
    assert deployed.active() == before
    for script in before.keys() - moved:
        assert "not deployed by rollout" in back.lines(f"  {script}:")[0]
    again = deployed.play("rollback")
    assert again.code == 0, again.output
    now = deployed.active()
    assert all(now[script].keys().isdisjoint(before[script]) for script in before), "then v1 is taken back"


def test_a_release_killed_after_a_rollback_is_no_way_back(deployed):
    assert deployed.play("rollback").code == 0
    before = deployed.active()
    kill_at(deployed, "in the second region")
    assert deployed.play("release_bad").code != 0
    assert deployed.active() == before


def test_a_rollback_that_reaches_only_some_is_finished_by_the_next(deployed):
    before = deployed.active()
    assert deployed.play("site", edge_release="v2", edge_verify="false").code == 0
    deployed.fault("POST", ".*/acme-us-gateway/deployments", "status", status=403)
    half = deployed.play("rollback")
    assert half.code != 0
    assert "NOT UNDONE  acme-us-gateway" in half.output
    deployed.no_faults()
    rest = deployed.play("rollback")
    assert rest.code == 0, rest.output
    assert deployed.active() == before


def test_an_undo_that_was_killed_is_finished_by_the_next_run(deployed):
    before = deployed.active()
    deployed.fault("POST", ".*/globex-eu-gateway/deployments", "drop_before", skip=1)
    deployed.kill_at("POST", "/acme-eu-gateway/deployments", 2, "release_bad")
    deployed.no_faults()
    again = deployed.play("site", edge_release="v1", edge_verify="false")
    assert again.code == 0, again.output
    after = deployed.active()
    assert {script for script in before if after[script] != before[script]} <= {"globex-eu-gateway"}
    answer = deployed.edge.get(f"globex-eu.{deployed.edge.zone}", "/healthz")
    assert (answer.headers["x-release"], list(after["globex-eu-gateway"].values())) == ("v1", [100])
    assert deployed.play("site", edge_release="v1").writes == []
