# SPDX-License-Identifier: GPL-3.0-or-later
"""The decision: reference values computed independently, and how often it errs."""

from __future__ import annotations

import random

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.gate import (
    FINE,
    UNDECIDED,
    WORSE,
    Counts,
    Limits,
    excludes,
    fine_evidence,
    verdict,
    worse_evidence,
)

LIMITS = Limits()


@pytest.mark.parametrize(
    ("counts", "worse", "fine"),
    [
        ((0, 0, 0), 1, 1),
        ((0, 180, 0), 1, 19.85),
        ((0, 181, 0), 1, 20.2264),
        ((7, 0, 0), 65.5036, 0.141456),
        ((8, 0, 0), 127.355, 0.127852),
        ((3, 40, 1), 0.757658, 0.304685),
        ((10, 90, 0), 487.138, 0.124271),
    ],
)
def test_reference_values(counts, worse, fine):
    assert worse_evidence(Counts(*counts)) == pytest.approx(worse, rel=1e-5)
    assert fine_evidence(Counts(*counts)) == pytest.approx(fine, rel=1e-5)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((0, 0, 0), UNDECIDED),
        ((0, 180, 0), UNDECIDED),
        ((0, 181, 0), FINE),
        ((7, 0, 0), UNDECIDED),
        ((8, 0, 0), WORSE),
        ((0, 0, 4), UNDECIDED),
        ((0, 0, 8), FINE),
        ((100_000, 0, 0), WORSE),
        ((0, 1_000_000, 0), FINE),
        ((4, 1_000_000, 0), FINE),
        ((1000, 1_000_000, 0), WORSE),
    ],
)
def test_verdict(counts, expected):
    assert verdict(Counts(*counts), LIMITS) == expected


def test_counts_are_integers_that_add_up():
    assert Counts(1, 2, 3) + Counts(4, 5, 6) == Counts(5, 7, 9)
    assert Counts().add(1).add(0).add(0).add(-1) == Counts(1, 2, 1)
    assert Counts(5, 7, 9).pairs == 21


@pytest.mark.parametrize(("pairs", "rate"), [(0, 1), (5, 0.45), (20, 0.14), (100, 0.03), (300, 0.01)])
def test_what_a_clean_sample_excludes(pairs, rate):
    assert excludes(pairs) == pytest.approx(rate, rel=0.02)


def simulate(candidate: float, running: float, games: int, cap: int, seed: int) -> dict[str, float]:
    """The shares of verdicts when looked at after every pair."""
    coin = random.Random(seed)
    found = {WORSE: 0, FINE: 0, UNDECIDED: 0}
    for _game in range(games):
        counts, outcome = Counts(), UNDECIDED
        for _pair in range(cap):
            counts = counts.add((coin.random() < candidate) - (coin.random() < running))
            outcome = verdict(counts, LIMITS)
            if outcome != UNDECIDED:
                break
        found[outcome] += 1
    return {name: number / games for name, number in found.items()}


def test_false_alarms_stay_under_alpha():
    """Equal versions that fail at 5 %, looked at after each of 200 pairs: 1 %, and 3 sigma on top."""
    assert simulate(0.05, 0.05, games=500, cap=200, seed=1)[WORSE] <= 0.01 + 3 * (0.01 * 0.99 / 500) ** 0.5


def test_false_passes_stay_under_beta():
    """A candidate that fails 3 points more often than tolerated at all."""
    assert simulate(0.05, 0.0, games=60, cap=300, seed=2)[FINE] <= 0.05


def test_a_bad_candidate_is_found():
    assert simulate(0.3, 0.01, games=60, cap=400, seed=3)[WORSE] == 1


def test_a_good_candidate_passes():
    assert simulate(0.0, 0.0, games=3, cap=200, seed=4)[FINE] == 1
