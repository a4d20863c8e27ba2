# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of planes and the envelopes that should be in their namespaces."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets import change
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.delivery import (
    keyed,
    letters,
    ring_of,
    signer_of,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.envelope import opened
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.model import (
    Place,
    SecretError,
    Vault,
    Version,
)

AT = datetime(2026, 11, 24, tzinfo=UTC)
EMPTY = Vault(Place("acme", "production"), 4, base64.b64encode(bytes(32)).decode(), "", {})


def version(value):
    return Version(value, "2026-11-24T12:00:00Z", "ada", "asked")


def plane(region="eu", kind="relayed"):
    return {
        "tenant": "acme",
        "region": region,
        "environment": "production",
        "worker": f"acme-{region}-gateway",
        "secrets": {"TOKEN": {"kind": kind, "from": "token"}},
    }


def vault():
    filled = change.put(EMPTY, "token", version("canary"), 5, None).vault
    for region in ("eu", "us"):
        filled = keyed(filled, plane(region), False, AT, "ada", "asked").vault
    return filled


def test_keys_are_made_once_for_each_plane_and_turned_on_purpose():
    first = vault()
    assert ring_of(plane("eu"), first).current != ring_of(plane("us"), first).current
    assert keyed(first, plane("eu"), False, AT, "ada", "again").what == ""
    turned = keyed(first, plane("eu"), True, AT, "ada", "yearly").vault
    assert ring_of(plane("eu"), first).current in ring_of(plane("eu"), turned).keys
    assert signer_of(turned) == signer_of(first)


def test_a_letter_opens_on_its_own_plane_only():
    filled = vault()
    (letter,) = letters(plane("eu"), filled)
    assert letter.key == "sealed/TOKEN"
    envelope = letter.sealed(ring_of(plane("eu"), filled), signer_of(filled)).decode()
    assert opened(letter.context, envelope, ring_of(plane("eu"), filled)) == "canary"
    with pytest.raises(SecretError):
        opened(letter.context, envelope, ring_of(plane("us"), filled))


def test_metadata_changes_with_value_and_key_and_with_nothing_else():
    filled = vault()
    told = [letters(plane(), state)[0].metadata for state in (filled, replace(filled, generation=9))]
    assert told[0] == told[1]
    other = change.put(filled, "token", version("other"), 5, None).vault
    turned = keyed(filled, plane(), True, AT, "ada", "yearly").vault
    assert len({str(letters(plane(), state)[0].metadata) for state in (filled, other, turned)}) == 3
    assert "canary" not in str(told)


def test_a_secret_that_is_not_there_is_named():
    without = change.remove(vault(), "token").vault
    with pytest.raises(SecretError, match="There is no secret token of acme in production"):
        letters(plane(), without)


def test_a_plane_without_relayed_secrets_gets_no_letter():
    assert letters(plane() | {"secrets": {}}, vault()) == ()
    assert letters(plane(kind="bound"), vault()) == ()
