# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys are written and removed."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.kv import Key
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._kv_items import compare, item, shown


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("text", "text"),
        ("", ""),
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        (5, "5"),
        (False, "false"),
        ("\u00e9", "\u00e9"),
    ],
)
def test_values(value, stored):
    entry = item("k", value, {"author": "me"}, 60)
    assert entry.value == stored.encode()
    assert entry.metadata == {"author": "me", "sha256": digest(stored)}


FOUND = [
    Key("same", {"sha256": digest("1")}),
    Key("differs", {"sha256": digest("old")}),
    Key("more metadata", {"sha256": digest("1"), "by": "hand"}),
    Key("no metadata"),
    Key("not declared", {"sha256": "x"}),
]
DECLARED = [item(name, "1") for name in ("same", "differs", "more metadata", "no metadata", "missing")]


@pytest.mark.parametrize(("purge", "removed"), [(False, ()), (True, ("not declared",))])
def test_compare(purge, removed):
    plan = compare(DECLARED, FOUND, purge=purge)
    assert [entry.key for entry in plan.write] == ["differs", "more metadata", "no metadata", "missing"]
    assert plan.remove == removed


def test_a_diff_shows_hashes_and_no_values():
    assert shown([item("k", "precious")]) == {"k": {"sha256": digest("precious")}}
