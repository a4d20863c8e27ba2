# SPDX-License-Identifier: GPL-3.0-or-later
"""The account register: a cache that forgives everything."""

from __future__ import annotations

import json

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.register import (
    Entry,
    key,
    merge,
    parse,
    serialize,
)

ENTRY = Entry("f", "d", "v1", "e", "m", "r")
GOOD = {
    "fingerprint": "f",
    "document": "d",
    "version_id": "v1",
    "etag": "e",
    "modified_on": "m",
    "release": "r",
}


@pytest.mark.parametrize(
    "raw",
    [
        None,
        b"",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'{"format":2,"workers":{}}',
        b'{"format":1,"workers":[]}',
        b"[" * 100_000,
        json.dumps({"format": 1, "workers": {"a": 1, "b": {}, "c": GOOD | {"etag": None}}}).encode(),
    ],
    ids=["missing", "empty", "text", "bytes", "list", "null", "newer", "wrong", "deep", "entries"],
)
def test_garbage_is_an_empty_register(raw):
    assert parse(raw) == {}


def test_good_entries_survive_bad_neighbours_and_unknown_fields():
    raw = json.dumps({"format": 1, "workers": {"a": GOOD | {"more": 1}, "b": "?"}}).encode()
    assert parse(raw) == {"a": ENTRY}


def test_there_and_back():
    assert parse(serialize({"a": ENTRY})) == {"a": ENTRY}
    assert serialize({"a": ENTRY, "b": ENTRY}) == serialize({"b": ENTRY, "a": ENTRY})


def test_merge_keeps_others_and_forgets():
    other = Entry("f2", "d", "v2", "e", "m", "r")
    assert merge({"a": ENTRY, "b": ENTRY}, {"a": other}, forget=["b", "x"]) == {"a": other}


def test_key():
    assert key("production") == "planes/production"
