# SPDX-License-Identifier: GPL-3.0-or-later
"""A gate at work, over planes that fail as told."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.gate import (
    FINE,
    UNDECIDED,
    WORSE,
    Counts,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.judge import Judge, Rules
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.probe import (
    Answer,
    Pair,
    Probe,
    Target,
)

HEALTH, EVENTS = Probe("GET", "/healthz"), Probe("POST", "/v1/events", 202)
EU = Target("acme-eu-gateway", "gateway", "https://eu", None, "new", "old")
US = Target("acme-us-gateway", "gateway", "https://us", None, "new", "old")

Plane = Callable[..., Answer]


class Sender:
    """Stands for the prober; ``plane`` answers."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.asked = 0

    def ask(self, target: Target, probe: Probe, version: str | None = None) -> Answer:
        self.asked += 1
        return self.plane(target, probe, version)

    def pair(self, target: Target, probe: Probe) -> Pair:
        return Pair(
            target, probe, self.ask(target, probe, target.candidate), self.ask(target, probe, target.running)
        )


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def good(target: Target, _probe: Probe, version: str | None) -> Answer:
    return Answer(True, 200, version or target.candidate or target.running)


def failing(
    every: int, *, probe: Probe = EVENTS, version: str | None = "new", of: Target | None = None
) -> Plane:
    """Planes on which every n-th answer of a version to a probe is a 500."""
    turn = itertools.count(1)

    def plane(target: Target, asked: Probe, wish: str | None) -> Answer:
        hit = asked is probe and wish == version and of in (None, target) and next(turn) % every == 0
        return Answer(False, 500, wish, "broken") if hit else good(target, asked, wish)

    return plane


def judged(plane: Plane, targets=(EU, US), rules: Rules | None = None, **more):
    said: list = []
    clock = Clock()
    judge = Judge(Sender(plane), rules or Rules(), clock=clock, sleep=clock.sleep, say=said.append)
    return judge.gate(targets, (HEALTH, EVENTS), **{"split": True} | more), said


def test_a_good_candidate_is_fine_after_about_181_pairs():
    found, said = judged(good)
    assert (found.verdict, found.failure) == (FINE, None)
    assert 181 <= found.counts.zero <= 196
    assert [item.counts.pairs for item in said] == [64, 128]


def test_a_candidate_that_fails_every_third_event_is_worse_and_shown():
    found, _said = judged(failing(3))
    assert (found.verdict, found.hard) == (WORSE, False)
    assert found.counts.plus >= 8
    assert (found.failure.probe, found.failure.came.status) == (EVENTS, 500)
    assert found.failure.running.ok
    assert sum(counts.plus for counts in found.by_script.values()) == found.counts.plus


def test_one_bad_plane_among_good_ones_is_found():
    found, _said = judged(failing(2, of=US))
    assert found.verdict == WORSE
    assert found.by_script["acme-eu-gateway"].plus == 0
    assert found.by_script["acme-us-gateway"].plus > 0


def test_a_plane_that_always_fails_is_a_hard_failure():
    found, _said = judged(failing(1, of=US))
    assert (found.verdict, found.hard, found.counts.pairs) == (WORSE, True, 0)
    assert found.failure.target == US
    assert "3 times in a row" in found.failure.reason


def test_when_both_versions_fail_nothing_is_known():
    def plane(_target, _probe, version):
        return Answer(False, 503, version, "down")

    found, _said = judged(plane)
    assert (found.verdict, found.hard) == (UNDECIDED, True)


@pytest.mark.parametrize("targets", [(EU, US), (US, EU)], ids=["first", "last"])
def test_a_plane_that_is_down_does_not_hide_a_broken_candidate(targets):
    def plane(target, probe, version):
        down = target is EU or version == "new"
        return Answer(False, 503, version, "down") if down else good(target, probe, version)

    found, _said = judged(plane, targets=targets)
    assert (found.verdict, found.hard, found.failure.target) == (WORSE, True, US)


def test_the_right_version_may_take_a_while_to_show_up():
    turn = itertools.count(1)

    def plane(target, probe, version):
        return Answer(True, 200, "old" if version == "new" and next(turn) < 20 else version)

    assert judged(plane)[0].verdict == FINE


def test_the_wrong_version_is_a_hard_failure_when_patience_is_over():
    def plane(_target, _probe, _version):
        return Answer(True, 200, "stranger")

    found, _said = judged(plane)
    assert (found.verdict, found.hard) == (WORSE, True)
    assert "stranger" in found.failure.reason


@pytest.mark.parametrize(
    ("running", "seconds"), [("old", 0), (None, 15)], ids=["told apart", "both throw: it may still arrive"]
)
def test_a_candidate_that_throws_is_told_as_soon_as_it_is_known(running, seconds):
    def plane(_target, _probe, version):
        return (
            Answer(True, 200, running) if version == "old" and running else Answer(False, 500, None, "1101")
        )

    clock = Clock()
    judge = Judge(Sender(plane), Rules(), clock=clock, sleep=clock.sleep, say=lambda _found: None)
    found = judge.gate((EU,), (EVENTS,), split=True)
    assert (found.verdict, found.failure.came.text) == (WORSE if running else UNDECIDED, "1101")
    assert seconds <= clock.now < seconds + 1


def test_the_versions_of_a_step_share_one_patience():
    clock = Clock()
    sender = Sender(lambda *_asked: Answer(False, 500, None, "1101"))
    judge = Judge(sender, Rules(), clock=clock, sleep=clock.sleep, say=lambda _found: None)
    targets = [replace(EU, script=f"plane-{number}", running=None) for number in range(64)]
    found = judge.gate(targets, (EVENTS,), split=False)
    assert found.verdict == WORSE
    assert clock.now < 20


def test_undecided_at_the_cap_which_is_extended_once():
    # A candidate that fails two points more often: neither worse nor fine for long.
    found, _said = judged(failing(25), rules=Rules(cap=50))
    assert found.verdict == UNDECIDED
    assert 100 <= found.counts.pairs + found.void < 116


def test_void_pairs_are_no_evidence():
    turn = itertools.count(1)

    def plane(target, probe, version):
        late = next(turn) > 8
        return Answer(True, 200, "old" if late and version == "new" else version)

    found, _said = judged(plane, rules=Rules(cap=32))
    assert found.verdict == UNDECIDED
    assert found.void > 50


def test_a_step_needs_new_pairs_even_when_earlier_ones_sufficed():
    found, _said = judged(good, before=Counts(0, 500, 0))
    assert found.verdict == FINE
    assert 20 <= found.counts.pairs - 500 < 36


def test_evidence_of_earlier_waves_counts_against_a_release_and_not_for_it():
    against, _said = judged(failing(7), earlier=Counts(7, 100, 0), rules=Rules(cap=200))
    assert against.verdict == WORSE
    assert against.counts.plus < 7
    favour, _said = judged(good, earlier=Counts(0, 5000, 0))
    assert favour.counts.zero >= 181


def test_at_100_percent_only_the_deployed_version_is_asked():
    def plane(_target, _probe, version):
        assert version is None
        return Answer(True, 200, "new")

    found, _said = judged(plane, split=False)
    assert (found.verdict, found.checks, found.counts.pairs) == (FINE, 4, 0)


def test_new_planes_are_checked_without_pairs():
    new = Target("a", "gateway", "https://a", None, "new", None)
    found, _said = judged(good, targets=(new,))
    assert (found.verdict, found.checks, found.counts.pairs) == (FINE, 2, 0)


@pytest.mark.parametrize("targets", [(), (EU,)], ids=["no plane", "no probe"])
def test_without_anything_to_ask(targets):
    clock = Clock()
    judge = Judge(Sender(good), Rules(), clock=clock, sleep=clock.sleep, say=lambda _found: None)
    found = judge.gate(targets, () if targets else (HEALTH,), split=True)
    assert found.verdict == (UNDECIDED if targets else FINE)
