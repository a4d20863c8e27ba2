# SPDX-License-Identifier: GPL-3.0-or-later
"""A world of two operators, an edge and a KV namespace that lies as far as KV may, to run the real code in.

``PYTHONPATH=.collections python .../sync_world.py SEED`` replays one interleaving and tells every step.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.kv import Item, Key
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.canonical import (
    canonical,
    digest,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.plan import Stamp
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.policy import Rules
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.revision import (
    HEAD,
    VALUE,
    read_head,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.state import State
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.sync import (
    SyncError,
    Wanted,
    apply,
    planned,
    read,
)

KEYS = ("a", "b", "c")
STALE = 60
_START = datetime(2026, 1, 1, tzinfo=UTC)


class Killed(Exception):
    """kill -9 at a call."""


class Dropped(Exception):
    """The connection broke, before or after the effect."""


class Cell:
    """All values that a key had, and when."""

    def __init__(self) -> None:
        self.past: list[tuple[float, tuple[bytes, Any] | None]] = [(-1e9, None)]

    def at(self, time: float) -> tuple[bytes, Any] | None:
        return next(value for since, value in reversed(self.past) if since <= time)


@dataclass
class Kv:
    """A namespace: each read of a key may be up to a minute old, and each key by itself."""

    chance: random.Random
    cells: dict[str, Cell] = field(default_factory=dict)
    clock: float = 0.0
    faults: float = 0.0
    late: list[tuple[str, tuple[bytes, Any] | None]] = field(default_factory=list)

    def seen(self, key: str) -> tuple[bytes, Any] | None:
        if key not in self.cells:
            return None
        cell = self.cells[key]
        if self.faults and cell.past[-1][0] > self.clock - STALE and self.chance.random() < 0.5:
            return cell.at(self.clock - self.chance.random() * STALE)
        return cell.past[-1][1]

    def put(self, key: str, value: tuple[bytes, Any] | None) -> None:
        self.cells.setdefault(key, Cell()).past.append((self.clock, value))

    def duplicates(self) -> None:
        """A write of before arrives once more."""
        if self.late and self.chance.random() < 0.2:
            self.put(*self.late.pop())


class Port:
    """What one process of an operator sees of the namespace; it may be killed at any of its calls."""

    def __init__(self, kv: Kv, killed_at: int, log: Callable[[str], None]) -> None:
        self._kv, self._left, self._log = kv, killed_at, log

    def keys(self) -> Iterable[Key]:
        self._call("list")
        pairs = ((name, self._kv.seen(name)) for name in list(self._kv.cells))
        return [Key(name, value[1]) for name, value in pairs if value]

    def read(self, names: Sequence[str]) -> Mapping[str, bytes]:
        self._call("read")
        pairs = ((name, self._kv.seen(name)) for name in names)
        return {name: value[0] for name, value in pairs if value}

    def write(self, items: Sequence[Item]) -> None:
        self._change("write", [(item.key, (item.value, item.metadata)) for item in items])

    def remove(self, names: Sequence[str]) -> None:
        self._change("remove", [(name, None) for name in names])

    def _change(self, what: str, writes: list[tuple[str, tuple[bytes, Any] | None]]) -> None:
        self._call(what)
        kv, chance = self._kv, self._kv.chance
        fault = chance.random() if kv.faults else 1.0
        if fault < kv.faults / 3:
            self._log("  dropped before")
            raise Dropped
        done = [write for write in writes if fault > kv.faults / 2 or chance.random() < 0.5]
        for key, value in done:
            kv.put(key, value)
            kv.clock += 0.001
            if kv.faults and chance.random() < 0.1:
                kv.late.append((key, value))
        if len(done) < len(writes):
            self._log(f"  partial: {len(done)} of {len(writes)}")
            raise Dropped
        if fault < kv.faults:
            self._log("  dropped after")
            raise Dropped

    def _call(self, what: str) -> None:
        self._kv.clock += 0.01
        self._kv.duplicates()
        self._left -= 1
        if self._left == 0:
            self._log(f"  killed at {what}")
            raise Killed


@dataclass
class Operator:
    """A checkout: what is declared in it, and the state that it remembers."""

    name: str
    declared: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KEYS, 0))
    state: State = field(default_factory=lambda: State("acme-eu"))

    @property
    def documents(self) -> dict[str, Any]:
        return {"gateway": dict(self.declared)}

    @property
    def effective(self) -> dict[str, int]:
        found: dict[str, int] = dict(self.state.effective(self.documents)["gateway"])
        return found


class World:
    """One interleaving. Every edit has a value of its own, so that a value tells whose edit it is."""

    def __init__(self, seed: int, told: bool = False) -> None:
        self.chance = random.Random(seed)
        self.kv = Kv(self.chance, faults=0.3)
        self.operators = [Operator("one"), Operator("two")]
        self.told = told
        self.next = 0
        #: key and value of an edit -> the value that its author saw
        self.saw: dict[tuple[str, int], int] = {}
        self.shown: set[tuple[str, int]] = set()
        self.refused: set[tuple[str, int]] = set()
        self.whole: set[str] = set()

    def log(self, text: str) -> None:
        if self.told:
            print(text)

    def run(self, steps: int = 7) -> None:
        """Random steps with faults, then peace until nothing moves any more."""
        for _step in range(steps):
            chosen = self.chance.random()
            if chosen < 0.2:
                self.declare(self.chance.choice(self.operators))
            elif chosen < 0.35:
                self.propose()
            elif chosen < 0.85:
                self.sync(self.chance.choice(self.operators), self.chance.choice((0, 0, 1, 2, 3, 4, 5)))
            else:
                self.reader()
            self.kv.clock += self.chance.choice((0.1, 5, 90, 4000))
        self.settle()
        self.judge()

    def edit(self, key: str, seen: int) -> int:
        self.next += 1
        self.saw[key, self.next] = seen
        return self.next

    def declare(self, operator: Operator) -> None:
        key = self.chance.choice(KEYS)
        value = self.edit(key, operator.effective.get(key, 0))
        operator.declared[key] = value
        self.log(f"{operator.name} declares {key}={value}")

    def propose(self) -> None:
        """The edge sees a revision, whole, maybe an old one."""
        seen = self.reader()
        if seen is None:
            return
        revision, documents = seen
        key = self.chance.choice(KEYS)
        value = self.edit(key, documents["gateway"][key])
        patch = {"patch": {"gateway": {key: value}}, "revision": revision}
        self.kv.put(f"edit/{value}", (json.dumps(patch).encode(), None))
        self.log(f"edge proposes {key}={value} on revision {revision}")

    def reader(self) -> tuple[int, dict[str, Any]] | None:
        """Read as the gateway does. What it gets is one whole revision, or it gets nothing."""
        raw = self.kv.seen(HEAD)
        if raw is None:
            return None
        head = read_head(raw[0])
        for revision, names in ((head.revision, head.documents), (head.former_revision, head.former)):
            value = self.kv.seen(VALUE + names["gateway"]) if names else None
            if value is not None and digest(value[0]) == names["gateway"]:
                assert names["gateway"] in self.whole, "a reader got what was never a revision"
                return revision, {"gateway": json.loads(value[0])}
        return None

    def sync(self, operator: Operator, killed_at: int = 0, policy: str = "fail") -> bool:
        """One run of an operator's process; answers whether it changed or decided something."""
        self.log(f"{operator.name} synchronises from revision {operator.state.revision}, policy {policy}")
        at = _START + timedelta(seconds=self.kv.clock)
        rules = Rules((("*", policy),), approval=())
        wanted = Wanted(operator.documents, rules, Stamp(operator.name, at, ""), lambda _documents: [])
        before = operator.state

        def save(state: State) -> None:
            operator.state = state

        port = Port(self.kv, killed_at, self.log)
        try:
            plan = planned(read(port, wanted, operator.state), wanted, operator.state)
            for item in plan.conflicts:
                self.show(item.conflict.path, item.conflict.ours, item.conflict.theirs)
            self.log(f"  {plan.made} conflicts {plan.conflicts} edits {plan.edits} blocked {plan.blocked}")
            if plan.stops:
                return False
            if plan.writes:
                self.whole |= {digest(canonical(plan.state.documents["gateway"]))}
                apply(port, plan, save)
            else:
                operator.state = plan.state
        except (Killed, Dropped):
            return True
        except SyncError as error:
            self.log(f"  {error}")
            return True
        return plan.writes or operator.state != before

    def show(self, path: tuple[str, ...], ours: Any, theirs: Any) -> None:
        for value in (ours, theirs):
            for key in KEYS:
                if path == ("gateway", key) and isinstance(value, int):
                    self.shown.add((key, value))
                elif path in (("gateway",), ()) and isinstance(value, dict):
                    inner = value.get("gateway", value)
                    if isinstance(inner, dict) and key in inner:
                        self.shown.add((key, inner[key]))

    def settle(self) -> None:
        """No more faults. Conflicts are shown first, then settled for the edge by both operators."""
        self.log("peace")
        self.kv.faults = 0.0
        self.kv.late.clear()
        self.kv.clock += 10 * STALE
        for operator in self.operators:
            self.sync(operator)
        for _round in range(8):
            moved = [self.sync(operator, policy="edge") for operator in self.operators]
            if not any(moved):
                return
        raise AssertionError("it does not come to rest")

    def judge(self) -> None:
        """All agree, and the edge serves it; each edit won, was known to the one that won, or was shown."""
        final = [operator.effective for operator in self.operators]
        assert final[0] == final[1], f"the operators differ: {final}"
        seen = self.reader()
        assert seen is not None
        assert seen[1]["gateway"] == final[0], f"the edge serves {seen[1]}, not {final[0]}"
        assert not [name for name in self.kv.cells if name.startswith("edit/") and self.kv.seen(name)]
        for key in KEYS:
            kept = self.known({(key, final[0][key])} | {item for item in self.shown if item[0] == key})
            lost = {item for item in self.saw if item[0] == key} - kept
            assert not lost, f"edits were lost and never shown: {sorted(lost)}, final {final[0]}"

    def known(self, edits: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
        """These edits and all that their authors knew of."""
        found: set[tuple[str, int]] = set()
        waiting = list(edits)
        while waiting:
            edit = waiting.pop()
            if edit in self.saw and edit not in found:
                found.add(edit)
                waiting.append((edit[0], self.saw[edit]))
        return found


def replay(seed: int) -> None:
    """One interleaving, told step by step."""
    World(seed, told=True).run()


if __name__ == "__main__":
    replay(int(sys.argv[1]))
