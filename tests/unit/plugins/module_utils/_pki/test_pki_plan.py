# SPDX-License-Identifier: GPL-3.0-or-later
"""When authorities and certificates are made, used and replaced."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._pki import plan
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._pki.plan import (
    Authority,
    Leaf,
    Policy,
    Wanted,
)

NOW = datetime(2027, 1, 1, tzinfo=UTC)
POLICY = Policy(days=3650, renew_before=365, spread=14)
WANTED = Wanted("web", "server", "web", ("web.example.com",), 90, 35, "ecdsa-p256")


def authority(name, age, left):
    return Authority(name, NOW - timedelta(days=age), NOW + timedelta(days=left))


A, B, C = "aa", "bb", "cc"


@pytest.mark.parametrize(
    ("authorities", "distrusted", "expected", "why"),
    [
        ([], [], {}, "there is none"),
        ([authority(A, 0, 3650)], [], {A: "active"}, ""),
        ([authority(A, 3286, 364)], [], {A: "active"}, "the active one ends in 364 days"),
        ([authority(A, 3286, 364), authority(B, 1, 3649)], [], {A: "active", B: "next"}, ""),
        ([authority(A, 3300, 350), authority(B, 14, 3636)], [], {A: "old", B: "active"}, ""),
        ([authority(A, 3650, -1), authority(B, 1, 3649)], [], {A: "ended", B: "active"}, ""),
        ([authority(A, 3651, -1)], [], {A: "ended"}, "there is none"),
        ([authority(A, 100, 3550)], [A], {A: "distrusted"}, "there is none"),
        ([authority(A, 100, 3550), authority(B, 1, 3649)], [A], {A: "distrusted", B: "active"}, ""),
        (
            [authority(A, 3600, 50), authority(B, 300, 200), authority(C, 2, 3648)],
            [],
            {A: "old", B: "active", C: "next"},
            "",
        ),
    ],
)
def test_authorities(authorities, distrusted, expected, why):
    found = plan.roles(authorities, POLICY, NOW, distrusted)
    assert found == expected
    assert plan.needs_authority(authorities, found, POLICY, NOW, rotate=False) == why


@pytest.mark.parametrize(
    ("authorities", "why"),
    [
        ([authority(A, 100, 3550)], "a rotation was asked for"),
        ([authority(A, 100, 3550), authority(B, 1, 3649)], ""),
        ([], "there is none"),
    ],
)
def test_a_rotation_that_is_asked_for(authorities, why):
    found = plan.roles(authorities, POLICY, NOW, [])
    assert plan.needs_authority(authorities, found, POLICY, NOW, rotate=True) == why


def test_there_is_always_somebody_to_sign_and_everything_signed_is_trusted():
    """A whole life, day by day: never without an active authority, never a leaf of an untrusted one."""
    policy = Policy(days=400, renew_before=100, spread=14)
    authorities: list[Authority] = []
    leaf: tuple[str, datetime] | None = None
    moment = NOW
    signers = []
    for _day in range(1500):
        found = plan.roles(authorities, policy, moment, [])
        if plan.needs_authority(authorities, found, policy, moment, rotate=False):
            authorities.append(
                Authority(f"{len(authorities):02}", moment, moment + timedelta(days=policy.days))
            )
            found = plan.roles(authorities, policy, moment, [])
        active = [mark for mark, role in found.items() if role == "active"]
        assert len(active) == 1
        if leaf is None or leaf[1] - moment < timedelta(days=35) or leaf[0] != active[0]:
            issuer = next(item for item in authorities if item.fingerprint == active[0])
            assert (
                not signers
                or moment - issuer.not_before >= timedelta(days=policy.spread)
                or issuer.fingerprint == signers[-1]
            )
            leaf = (active[0], plan.end(90, issuer, moment))
            signers.append(active[0])
        assert found[leaf[0]] in ("active", "old")
        assert leaf[1] > moment
        moment += timedelta(days=1)
    assert len(set(signers)) >= 4


GOOD = Leaf("server", "web", ("web.example.com",), NOW + timedelta(days=60), "aa", "ecdsa-p256", True)


@pytest.mark.parametrize(
    ("leaf", "active", "expected"),
    [
        (GOOD, "aa", ""),
        (GOOD, "", ""),
        (None, "aa", "there is none"),
        (replace(GOOD, key_fits=False), "aa", "its key does not fit"),
        (replace(GOOD, kind="client"), "aa", "its kind is client"),
        (replace(GOOD, key_type="ed25519"), "aa", "its key is of type ed25519"),
        (replace(GOOD, common_name="x"), "aa", "its subject is x"),
        (replace(GOOD, names=()), "aa", "its names differ"),
        (GOOD, "bb", "another authority signs now"),
        (replace(GOOD, not_after=NOW + timedelta(days=35)), "aa", ""),
        (replace(GOOD, not_after=NOW + timedelta(days=34, hours=23)), "aa", "it ends in 34 days"),
        (replace(GOOD, not_after=NOW - timedelta(days=2)), "aa", "it ends in -2 days"),
    ],
)
def test_certificates(leaf, active, expected):
    assert plan.reason(WANTED, leaf, active, NOW) == expected


def test_a_renewal_that_is_asked_for():
    assert plan.reason(WANTED, GOOD, "aa", NOW, renew=True) == "a renewal was asked for"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (31, ""),
        (30, ""),
        (29, "less than 30 days"),
        (6, "less than 7 days"),
        (0.5, "less than 1 day:"),
        (-1, "ended on"),
    ],
)
def test_warnings(days, words):
    text = plan.warning("the certificate web", NOW + timedelta(days=days), NOW)
    assert (words in text) if words else not text


def test_no_certificate_outlives_its_authority():
    assert plan.end(90, authority(A, 1, 30), NOW) == NOW + timedelta(days=30)
