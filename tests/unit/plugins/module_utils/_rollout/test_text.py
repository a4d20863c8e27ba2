# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read."""

from __future__ import annotations

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout import text
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.fleet import units
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.gate import (
    UNDECIDED,
    WORSE,
    Counts,
    Limits,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.judge import Failure, Finding
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.plan import (
    DRIFTED,
    UNCHANGED,
    UPDATE,
    Decision,
    Policy,
    waves,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.probe import (
    Answer,
    Probe,
    Target,
)
from rollout_world import plane, release

TARGET = Target("acme-eu-gateway", "gateway", "https://acme-eu.example.com", None, "v2", "v1")
FAILURE = Failure(
    TARGET, Probe("POST", "/v1/events", 202), "v2", Answer(False, 500, "v2", "oh no"), Answer(True, 202, "v1")
)
FOUND = Finding(
    WORSE, Counts(11, 37, 0), Counts(0, 200, 0), 2, FAILURE, {"acme-eu-gateway": Counts(11, 37, 0)}, 4
)


def test_the_explanation_says_everything():
    told = "\n".join(text.explanation(FOUND, Limits()))
    for words in (
        "probe     POST /v1/events",
        "plane     acme-eu-gateway at https://acme-eu.example.com, version v2",
        "expected  status 202",
        "came      status 500: oh no",
        "running   version v1 answered status 202",
        "48 (only the candidate failed n+ 11, no difference n0 37, only the running one n- 0), void 2",
        "W 956.3, limit 100",
        "V 0.1, limit 20",
        "acme-eu-gateway (+11)",
    ):
        assert words in told, f"{words!r} is not in:\n{told}"


def test_a_closed_gate_is_told_on_one_line():
    assert text.closed(FOUND, "canary eu", 0) == (
        "The gate closed in wave 'canary eu' at 0 %: the candidate is worse than the running version. "
        "POST /v1/events on acme-eu-gateway at https://acme-eu.example.com: expected status 202, "
        "came status 500: oh no."
    )


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (Finding(UNDECIDED, Counts(0, 5, 0)), "before its cap"),
        (Finding(UNDECIDED, failure=FAILURE, hard=True), "both versions fail"),
        (Finding(UNDECIDED, Counts(0, 5, 0), void=7), "7 of 12 pairs were void"),
    ],
)
def test_undecided_says_why(found, why):
    assert why in text.closed(found, "us", 10)


def test_a_line_of_evidence():
    found = Finding(UNDECIDED, Counts(0, 128, 0))
    assert text.evidence_line(found, Limits(), "eu", 0) == "eu  0 %  128 pairs  worse 1.0/100  fine 7.6/20"


def decisions() -> list[Decision]:
    first, second, third = units([plane("acme-eu"), plane("acme-us"), plane("globex-us")], release())
    return [
        Decision(first, UPDATE, "release v0 is running", "v1"),
        Decision(second, UNCHANGED, "", "v1"),
        Decision(third, DRIFTED, "eve deployed \x1b[31m it", "v1"),
    ]


def test_the_plan_counts_the_unchanged_and_shows_the_rest():
    found = decisions()
    lines = text.plan_table(found, waves(found, Policy()))
    assert text.tally(found) == "1 drifted, 1 unchanged, 1 update"
    assert [line.split()[0] for line in lines] == ["worker", "acme-eu-gateway", "globex-us-gateway"]
    assert "canary eu 0% 10% 50% 100%" in lines[1]
    assert "\x1b" not in "".join(lines)
    assert text.tally([]) == "nothing to do"


def test_drift_names_the_worker_and_the_remedy():
    told = text.drift_text(decisions())
    assert "globex-us-gateway" in told
    assert "take_over" in told
    assert "acme" not in told


def test_the_diff_is_about_what_changes():
    diff = text.before_after(decisions(), "v2")
    assert diff["before"] == "acme-eu-gateway: version v1\n"
    assert diff["after"] == "acme-eu-gateway: release v2\n"


def test_the_status_table_is_aligned():
    row = {"tenant": "acme", "region": "eu", "url": "http://a", "version_id": "v1", "healthy": True}
    lines = text.status_table(
        [row, row | {"tenant": "a", "version_id": None, "healthy": False, "why": "no answer"}]
    )
    assert lines == [
        "tenant  region  url       version  health",
        "acme    eu      http://a  v1       healthy",
        "a       eu      http://a  -        UNHEALTHY (no answer)",
    ]
