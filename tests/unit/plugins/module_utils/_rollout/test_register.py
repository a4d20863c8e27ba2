# SPDX-License-Identifier: GPL-3.0-or-later
"""The account register: a key for each Worker, and a cache that forgives everything."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.kv import Key
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.register import (
    UNNAMED,
    Entry,
    carried_text,
    items,
    parse,
    prefix,
    went_back,
)

ENTRY = Entry("f", "d", "v1", "e", "m", "r")
GOOD = asdict(ENTRY)


@pytest.mark.parametrize(
    "key",
    [
        Key("planes/t/a"),
        Key("planes/t/a", "text"),
        Key("planes/t/a", []),
        Key("planes/t/a", {}),
        Key("planes/t/a", GOOD | {"etag": None}),
        Key("planes/other/a", GOOD),
        Key("planes/t", GOOD),
    ],
    ids=["no metadata", "text", "list", "empty", "a wrong field", "another topology", "an older format"],
)
def test_garbage_is_no_entry(key):
    assert parse([key], "t") == {}


def test_good_entries_survive_bad_neighbours_and_unknown_fields():
    keys = [Key("planes/t/a", GOOD | {"more": 1}), Key("planes/t/b", "?")]
    assert parse(keys, "t") == {"a": ENTRY}


def test_there_and_back():
    written = items("t", {}, {"b": ENTRY, "a": ENTRY})
    assert [item.key for item in written] == ["planes/t/a", "planes/t/b"]
    assert parse([Key(item.key, item.metadata) for item in written], "t") == {"a": ENTRY, "b": ENTRY}


def test_only_what_differs_is_written():
    other = replace(ENTRY, version_id="v2")
    assert [item.key for item in items("t", {"a": ENTRY, "b": ENTRY}, {"a": ENTRY, "b": other})] == [
        "planes/t/b"
    ]


def test_a_version_gone_back_to_is_accepted_and_nothing_else_is_known_of_it():
    found = went_back({"a": ENTRY}, {"a": "v0", "b": "v9"})
    assert found == {"a": Entry("", "d", "v0", "", "", "", "*"), "b": Entry("", "", "v9", "", "", "", "*")}


def test_an_entry_of_an_older_release_carries_no_secrets():
    old = {name: value for name, value in GOOD.items() if name != "carried"}
    assert parse([Key("planes/t/a", old)], "t") == {"a": ENTRY}


def test_names_that_do_not_fit_are_not_kept_by_name():
    assert carried_text(["A", "B"]) == "A,B"
    assert carried_text(f"NAME_{number:030}" for number in range(20)) == UNNAMED


def test_a_prefix_is_of_one_topology():
    assert not f"{prefix('production')}a".startswith(prefix("prod"))
