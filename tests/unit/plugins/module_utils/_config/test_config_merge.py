# SPDX-License-Identifier: GPL-3.0-or-later
"""Three sides of one value, key by key."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.merge import (
    ABSENT,
    UNKNOWN,
    Conflict,
    changes,
    get,
    merge,
    replaced,
    undone,
)

CASES = [
    ("nothing", {"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}, []),
    ("ours", {"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}, []),
    ("theirs", {"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}, []),
    ("both, other keys", {"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 2}, []),
    ("both alike", {"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}, []),
    ("both, apart", {"a": 1}, {"a": 2}, {"a": 3}, {"a": 2}, [("a",)]),
    ("removed here", {"a": 1}, {}, {"a": 1}, {}, []),
    ("removed there", {"a": 1}, {"a": 1}, {}, {}, []),
    ("removed and changed", {"a": 1}, {}, {"a": 2}, {}, [("a",)]),
    ("added on both", {}, {"a": 1}, {"b": 2}, {"a": 1, "b": 2}, []),
    ("added alike", {}, {"a": 1}, {"a": 1}, {"a": 1}, []),
    ("added apart", {}, {"a": 1}, {"a": 2}, {"a": 1}, [("a",)]),
    (
        "deeper",
        {"a": {"b": 1, "c": 1}},
        {"a": {"b": 2, "c": 1}},
        {"a": {"b": 1, "c": 2}},
        {"a": {"b": 2, "c": 2}},
        [],
    ),
    ("a mapping became a number", {"a": {"b": 1}}, {"a": {"b": 2}}, {"a": 5}, {"a": {"b": 2}}, [("a",)]),
    ("a number became a mapping", {"a": 1}, {"a": {"b": 2}}, {"a": 1}, {"a": {"b": 2}}, []),
    ("lists are one value", {"a": [1]}, {"a": [1, 2]}, {"a": [1, 3]}, {"a": [1, 2]}, [("a",)]),
    ("true is not 1", {"a": 1}, {"a": True}, {"a": 1}, {"a": True}, []),
    ("unknown base, alike", UNKNOWN, {"a": 1}, {"a": 1}, {"a": 1}, []),
    ("unknown base, apart", UNKNOWN, {"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 1}, [("a",)]),
    ("unknown base, one side", UNKNOWN, {"a": 1}, {"b": 1}, {"a": 1}, [("a",), ("b",)]),
]


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged", "conflicts"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_merge(base: Any, ours: Any, theirs: Any, merged: Any, conflicts: list[tuple[str, ...]]) -> None:
    found: list[Conflict] = []

    def ours_wins(conflict: Conflict) -> Any:
        found.append(conflict)
        return conflict.ours

    assert merge(base, ours, theirs, ours_wins) == merged
    assert sorted(item.path for item in found) == conflicts


@pytest.mark.parametrize(("base", "ours"), [case[2:4] for case in CASES], ids=[c[0] for c in CASES])
def test_changes_can_be_undone(base: Any, ours: Any) -> None:
    made = list(changes(base, ours))
    assert undone(ours, made) == base
    assert [change.from_dict(change.as_dict()) for change in made] == made


def test_places() -> None:
    value = {"a": {"b": 1}}
    assert get(value, ("a", "b")) == 1
    assert get(value, ("a", "c")) is ABSENT
    assert get(value, ("a", "b", "c")) is ABSENT
    assert replaced(value, ("a", "c", "d"), 2) == {"a": {"b": 1, "c": {"d": 2}}}
    assert replaced(value, ("a", "b"), ABSENT) == {"a": {}}
    assert value == {"a": {"b": 1}}
