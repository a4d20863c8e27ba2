# SPDX-License-Identifier: GPL-3.0-or-later
"""Random interleavings of two operators, an edge, and a KV that is stale, drops and repeats."""

from __future__ import annotations

import os
import traceback
from typing import Any

import pytest
from sync_world import Killed, Kv, Operator, Port, World

INTERLEAVINGS = int(os.environ.get("SYNC_INTERLEAVINGS", "4000"))
PARTS = 20
#: list, read, values, head, remove
CALLS = 5
REPLAY = "PYTHONPATH=.collections .venv/bin/python tests/unit/plugins/module_utils/_config/sync_world.py"


@pytest.mark.parametrize("part", range(PARTS))
def test_no_edit_is_lost_and_all_come_to_agree(part: int) -> None:
    for seed in range(part, INTERLEAVINGS, PARTS):
        try:
            World(seed).run()
        except Exception:
            pytest.fail(f"{traceback.format_exc()}\nReplay it with: {REPLAY} {seed}", pytrace=False)


def world(killed_at: int) -> tuple[World, Any]:
    """A plane with an edit on either side and one to remove, synchronised with a kill at this call."""
    made = World(1)
    made.kv.faults = 0.0
    one = made.operators[0]
    assert made.sync(one)
    made.kv.clock += 7200
    one.declared["a"] = made.edit("a", 0)
    made.kv.put("edit/1", (b'{"patch": {"gateway": {"b": 77}}, "revision": 1, "by": "ed"}', None))
    made.sync(one, killed_at)
    return made, one


def outcome(made: World, one: Operator) -> Any:
    """What is left: keys and their values, what is remembered; times and reasons apart."""
    keys = {name: made.kv.seen(name) for name in made.kv.cells}
    values = {name: value for name, value in keys.items() if value and name != "head"}
    state = one.state
    history = [(entry.revision, entry.changes) for entry in state.history]
    return values, state.documents, state.taken, history, made.reader()


def test_a_kill_at_any_call_ends_where_an_undisturbed_run_would() -> None:
    undisturbed = outcome(*world(0))
    assert undisturbed[1] == {"gateway": {"a": 1, "b": 77, "c": 0}}
    for number in range(1, CALLS + 1):
        made, one = world(number)
        before = made.reader()
        assert before is not None
        assert before[0] in (1, 2), "one whole revision or the other"
        assert made.sync(one), f"the kill at call {number} hit nothing"
        assert outcome(made, one) == undisturbed, f"killed at call {number}"
        assert not made.sync(one)


def test_the_world_can_kill() -> None:
    port = Port(Kv(World(1).chance), 1, lambda _text: None)
    with pytest.raises(Killed):
        port.keys()
