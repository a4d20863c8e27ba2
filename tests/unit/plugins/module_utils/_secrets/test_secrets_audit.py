# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stale, unused or missing, and the steps of a rotation."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets import change, model
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.audit import (
    audit,
    audited_places,
)

ACME = model.Place("acme", "production")
AT = datetime(2026, 12, 24, 12, tzinfo=UTC)
EMPTY = model.Vault(ACME, 1, base64.b64encode(bytes(32)).decode(), "", {})


def version(value="one", created="2026-11-24T12:00:00Z"):
    return model.Version(value, created, "ada", "asked")


def vault(**rotate_after):
    found = EMPTY
    for name, days in rotate_after.items():
        found = change.put(found, name, version(), 5, days).vault
    return found


def plane(**secrets):
    kinds = {name: {"kind": "bound", "from": name.lower()} | item for name, item in secrets.items()}
    return {
        "name": "acme-eu",
        "tenant": "acme",
        "environment": "production",
        "region": "eu",
        "secrets": kinds,
    }


def states(planes, found):
    return {row.name: row.state for row in audit(planes, {ACME: found}, AT)}


def test_every_state():
    found = change.stage(
        vault(fresh=0, stale=29, exact=30, mine=0, turning=0, unused=0), "turning", version("two"), 5
    )
    planes = [
        plane(
            FRESH={}, STALE={}, EXACT={}, MINE={"rotate_after": 7}, TURNING={}, GONE={}, LEFT={"kind": "kept"}
        )
    ]
    assert states(planes, found.vault) == {
        "fresh": "fresh",
        "stale": "stale",
        "exact": "fresh",
        "mine": "stale",
        "turning": "half rotated",
        "gone": "missing",
        "unused": "unused",
    }


def test_own_keys_are_nobodys_secret_and_a_missing_file_is_told():
    found = change.put(EMPTY, "relayed.keys.eu", version(), 5, None).vault
    assert states([], found) == {}
    assert states([plane(A={})], None) == {"a": "missing"}


def test_resident_secrets_and_the_keys_of_the_relay_are_used():
    relay = {
        "connectors": {
            "stripe": {"credential": {"header": "x", "secret": "stripe"}},
            "gone": {"credential": {"query": "x", "secret": "gone"}},
        }
    }
    found = vault(stripe=20, **{"relay_signing.eu": 0, "relay_signing.us": 0})
    with_relay = plane(A={"from": "stripe"}) | {"relay": relay}
    told = {row.name: (row.state, row.uses) for row in audit([with_relay], {ACME: found}, AT)}
    assert told == {
        "stripe": ("stale", ("acme-eu.A (bound)", "acme-eu.stripe (resident)")),
        "gone": ("missing", ("acme-eu.gone (resident)",)),
        "relay_signing.eu": ("fresh", ("acme-eu (relay)",)),
        "relay_signing.us": ("unused", ()),
    }
    assert audited_places([plane() | {"relay": relay}]) == {ACME}
    assert audited_places([plane() | {"relay": None}]) == set()


def test_rows_hold_uses_and_no_value():
    (row,) = audit([plane(A={})], {ACME: vault(a=90)}, AT)
    assert row.uses == ("acme-eu.A (bound)",)
    assert (row.version, row.age_days, row.rotate_after) == (1, 30, 90)
    assert "one" not in str(row.as_dict())


STEPS = [
    lambda found: change.stage(found, "a", version("two"), 5),
    lambda found: change.switch(found, "a"),
    lambda found: change.revoke(found, "a"),
]


def test_a_rotation_keeps_a_working_version_at_every_step():
    found, seen = vault(a=0), []
    for step in STEPS:
        found = step(found).vault
        seen.append((found.secrets["a"].value, sorted(found.secrets["a"].versions)))
    assert seen == [("one", [1, 2]), ("two", [1, 2]), ("two", [2])]


@pytest.mark.parametrize("done", range(4))
def test_after_a_crash_anywhere_the_same_steps_end_with_one_current_version(done):
    found = vault(a=0)
    for step in STEPS[:done]:
        found = step(found).vault
        assert found.secrets["a"].value in ("one", "two")
    again = [lambda state: change.stage(state, "a", version("three"), 5), *STEPS[1:]]
    for step in again:
        found = step(found).vault
    # What was staged already is used; once it was switched, the next run is another rotation.
    assert found.secrets["a"].value == ("two" if done == 1 else "three")
    assert len(found.secrets["a"].versions) == 1
    assert model.parse(model.text(found), "here") == found


@pytest.mark.parametrize("done", range(4))
def test_after_a_crash_the_same_value_ends_as_the_current_one(done):
    """As a file gives it: the second run has no other."""
    found = vault(a=0)
    for step in STEPS[:done]:
        found = step(found).vault
    if done == 3:
        with pytest.raises(model.SecretError, match="has this value already"):
            STEPS[0](found)
        return
    for step in STEPS:
        found = step(found).vault
    assert [(number, item.value) for number, item in found.secrets["a"].versions.items()] == [(2, "two")]


def test_a_value_that_is_current_by_no_rotation_is_not_taken_for_a_rotation():
    """Or the play would revoke the versions before it, and end green without having rotated."""
    found = change.put(vault(a=0), "a", version("two"), 5, None).vault
    assert len(found.secrets["a"].versions) == 2
    with pytest.raises(model.SecretError, match="has this value already"):
        change.stage(found, "a", version("two"), 5)


def test_steps_out_of_order_change_nothing():
    found = vault(a=0)
    assert change.switch(found, "a").what == ""
    assert change.revoke(found, "a").what == ""
    staged = change.stage(found, "a", version("two"), 5).vault
    assert change.stage(staged, "a", version("three"), 5).what == ""
    assert change.revoke(staged, "a").what == ""
    assert change.make_current(staged, "a", 2).vault.secrets["a"].staged == 0
    with pytest.raises(model.SecretError, match="has this value already"):
        change.stage(found, "a", version("one"), 5)


@pytest.mark.parametrize(
    "created",
    ["", "2026-13-24T12:00:00Z", "2026-02-30T12:00:00Z", "2026-11-24 12:00:00Z", "2026-11-24T12:00:00+00:00"],
)
def test_a_version_of_no_time_is_refused(created):
    found = change.put(EMPTY, "a", version(created=created), 5, None).vault
    with pytest.raises(model.SecretError, match="holds no secrets of this collection"):
        model.parse(model.text(found), "here")
