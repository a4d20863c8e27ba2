# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and sealed references."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._relay import keys
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._relay.reference import (
    Reference,
    ReferenceRefused,
    expiry,
    seal,
    unseal,
)

TEXT, OTHER = "a" * 40, "b" * 40
MADE = Reference("acme", "production", "acme-eu", "stripe", 1_900_000_000)


def test_the_same_facts_give_the_same_text_and_come_back():
    key = keys.sealing_key(TEXT)
    sealed = seal(MADE, key)
    assert sealed == seal(MADE, key)
    assert "acme" not in sealed
    assert "stripe" not in sealed
    assert unseal(sealed, [keys.sealing_key(OTHER), key], "acme", "production") == MADE


@pytest.mark.parametrize(
    ("tenant", "environment", "text"),
    [("globex", "production", TEXT), ("acme", "staging", TEXT), ("acme", "production", OTHER)],
)
def test_a_reference_of_another_is_refused(tenant, environment, text):
    sealed = seal(MADE, keys.sealing_key(TEXT))
    with pytest.raises(ReferenceRefused, match="not sealed for this tenant"):
        unseal(sealed, [keys.sealing_key(text)], tenant, environment)


def test_a_reference_with_any_character_changed_is_refused():
    key = keys.sealing_key(TEXT)
    sealed = seal(MADE, key)
    for at in range(len(sealed)):
        for other in "A_":
            if sealed[at] != other:
                with pytest.raises(ReferenceRefused):
                    unseal(sealed[:at] + other + sealed[at + 1 :], [key], "acme", "production")
    for text in ("", "r1.", "r1.é", sealed[:-1], sealed + "A", sealed + "=", "r1." + "A" * 5000):
        with pytest.raises(ReferenceRefused):
            unseal(text, [key], "acme", "production")


def test_an_expiry_is_the_same_for_all_days_of_a_period_and_never_too_short():
    seen = {}
    for day in range(400):
        today = date(2026, 1, 1) + timedelta(days=day)
        ends = datetime.fromtimestamp(expiry(today, 30), UTC).date()
        assert 30 <= (ends - today).days <= 60
        seen.setdefault(ends, []).append(today)
    assert {len(days) for days in list(seen.values())[1:-1]} == {30}


def test_keys():
    private = keys.private_jwk(TEXT)
    assert private["kty"] == "OKP"
    assert {name: private[name] for name in ("kid", "x")} == keys.public_jwk(TEXT)
    assert private["kid"] != keys.public_jwk(OTHER)["kid"]
    assert keys.sealing_key(TEXT)[:32] != keys.unbase64url(private["d"])
    with pytest.raises(keys.KeyTextError) as refused:
        keys.private_jwk("short")
    assert "short" not in str(refused.value).replace("too short", "")


def test_the_key_id_is_the_thumbprint_of_rfc_8037():
    """Appendix A.3."""
    assert (
        keys.thumbprint(keys.unbase64url("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"))
        == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    )


def test_the_private_jwk_is_json_that_webcrypto_takes():
    assert set(json.loads(json.dumps(keys.private_jwk(TEXT)))) == {"kty", "crv", "kid", "x", "d"}
