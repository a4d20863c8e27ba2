# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of waiting."""

from __future__ import annotations

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.retry import (
    Policy,
    exhausted_for,
    retry_after,
)

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        ("5", 5.0),
        (" 5 ", 5.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
        ("Fri, 15 Jan 2027 08:00:30 -0000", 30.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("tomorrow", None),
        ("inf", None),
        ("nan", None),
        ("", None),
    ],
)
def test_retry_after(raw, seconds):
    assert retry_after({"retry-after": raw}, NOW) == seconds


def test_retry_after_absent():
    assert retry_after({}, NOW) is None


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [
        ('"default";r=0;t=30', 30.0),
        ('"default";r=0;t=1.5', 1.5),
        ('"default";r=50;t=30', None),
        ('"default";r=0', None),
        ("nonsense", None),
        ("", None),
    ],
)
def test_ratelimit(raw, seconds):
    assert exhausted_for({"ratelimit": raw}) == seconds


@pytest.mark.parametrize(("attempt", "most"), [(0, 0.5), (1, 1.0), (3, 4.0), (4, 8.0), (50, 8.0)])
def test_full_jitter_spans_from_nothing_to_the_doubled_base(attempt, most):
    policy = Policy()
    assert policy.jitter(attempt, lambda: 0.0) == 0.0
    assert policy.jitter(attempt, lambda: 1.0) == most
