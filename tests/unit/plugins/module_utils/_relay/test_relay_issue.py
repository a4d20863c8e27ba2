# SPDX-License-Identifier: GPL-3.0-or-later
"""What a relay and its planes are given of a vault."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._relay import issue, keys
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._relay.reference import unseal
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets import change
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.model import (
    TIME,
    SecretError,
    Vault,
    Version,
    place,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
PLANES = {
    f"acme-{region}": {
        "region": region,
        "connectors": {"stripe": {"credential": {"header": "Authorization", "secret": "stripe_key"}}},
    }
    for region in ("eu", "us")
}
PLANE = {
    "name": "acme-eu",
    "tenant": "acme",
    "region": "eu",
    "environment": "production",
    "relay": {
        "url": "https://relay.example.com",
        "reference_days": 90,
        "connectors": {"stripe": {}, "maps": {"exposed": True}},
    },
}


@pytest.fixture
def vault():
    made = Vault(place("acme", "production"), 1, base64.b64encode(bytes(32)).decode(), "", {})
    made = change.put(
        made, "stripe_key", Version("sk_live_canary", NOW.strftime(TIME), "ada", ""), 5, None
    ).vault
    made = change.put(
        made, "unrelated", Version("not for the relay", NOW.strftime(TIME), "ada", ""), 5, None
    ).vault
    for name in issue.missing(made, ["us", "eu"]):
        made = with_key(made, name)
    return made


def with_key(vault, name, days_ago=0):
    return issue.with_key(vault, name, (NOW - timedelta(days=days_ago)).strftime(TIME), "ada").vault


def test_keys_are_made_once(vault):
    assert issue.missing(vault, ["eu", "us"]) == []
    assert issue.missing(vault, ["eu", "asia"]) == ["relay_signing.asia"]
    assert sorted(vault.secrets) == [
        "relay_references",
        "relay_signing.eu",
        "relay_signing.us",
        "stripe_key",
        "unrelated",
    ]


def test_the_relay_gets_what_connectors_name_and_no_more(vault):
    made = issue.private(vault, PLANES, NOW, 7)
    assert made["secrets"] == {"stripe_key": "sk_live_canary"}
    assert made["reference_keys"] == [vault.secrets["relay_references"].value]
    assert (made["tenant"], made["environment"]) == ("acme", "production")


def test_what_anybody_may_read_holds_no_secret(vault):
    text = json.dumps(issue.public(vault, PLANES, NOW, 7))
    for secret in vault.secrets.values():
        assert secret.value not in text
        if len(secret.value) == issue.LENGTH:
            assert keys.private_jwk(secret.value)["d"] not in text


def test_a_plane_gets_its_key_and_sealed_references(vault):
    made = json.loads(issue.binding(vault, PLANE, NOW.date()))
    assert set(made) == {"url", "key", "references", "exposed"}
    assert made["exposed"] == ["maps"]
    assert made["key"] == keys.private_jwk(vault.secrets["relay_signing.eu"].value)
    sealing = keys.sealing_key(vault.secrets["relay_references"].value)
    for name, text in made["references"].items():
        found = unseal(text, [sealing], "acme", "production")
        assert (found.plane, found.connector) == ("acme-eu", name)
        assert found.expires > NOW.timestamp() + 90 * 86400 - 86400
    assert "sk_live_canary" not in json.dumps(made)


def test_a_binding_stays_the_same_within_a_period(vault):
    made = [issue.binding(vault, PLANE, date(2026, 1, 1) + timedelta(days=day)) for day in range(180)]
    assert len(set(made)) <= 3


@pytest.mark.parametrize(("days_ago", "count"), [(0, 2), (6, 2), (8, 1)])
def test_a_rotated_key_counts_beside_the_new_one_for_some_days(vault, days_ago, count):
    rotated = with_key(vault, "relay_signing.eu", days_ago)
    made = issue.public(rotated, PLANES, NOW, 7)
    assert len(made["acme-eu"]["keys"]) == count
    assert made["acme-eu"]["keys"][0] == keys.public_jwk(rotated.secrets["relay_signing.eu"].value)
    assert len(made["acme-us"]["keys"]) == 1


def test_a_rotation_that_is_taken_back_stops_no_plane(vault):
    rotated = with_key(vault, "relay_signing.eu", 30)
    back = change.make_current(rotated, "relay_signing.eu", 1).vault
    assert len(issue.public(back, PLANES, NOW, 7)["acme-eu"]["keys"]) == 2


@pytest.mark.parametrize("value", ["short", "two\nlines of text", "käse käse", " blank first"])
def test_a_secret_that_can_not_be_masked_is_refused_without_being_shown(vault, value):
    bad = change.put(vault, "stripe_key", Version(value, NOW.strftime(TIME), "ada", ""), 5, None).vault
    with pytest.raises(SecretError, match="can't be used by a connector") as refused:
        issue.private(bad, PLANES, NOW, 7)
    assert value not in str(refused.value)


def test_what_is_missing_is_named(vault):
    without = change.remove(vault, "stripe_key").vault
    with pytest.raises(SecretError, match="There is no secret stripe_key of acme in production"):
        issue.private(without, PLANES, NOW, 7)
    keyless = change.remove(vault, "relay_signing.eu").vault
    with pytest.raises(SecretError, match=r"There is no key relay_signing\.eu .* run the role relay"):
        issue.binding(keyless, PLANE, NOW.date())
