# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a synchronisation does: merge what was declared, what stands at the edge, what it proposes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from .._cloudflare.kv import Item
from .._topology.problem import dotted
from .canonical import digest
from .merge import UNKNOWN, Change, changes, merge
from .policy import FAIL, Rules
from .proposals import Proposals
from .revision import HASH, LINEAGE, SETTLED, VALUE, Documents, Head, Names, capped, contents, value_item
from .state import State
from .view import DECLINED, TAKEN, Check, Edit, Keys, Settled, View, by_policy

GRACE = timedelta(hours=1)
TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who synchronises, when and why."""

    by: str
    at: datetime
    why: str

    @property
    def time(self) -> str:
        return self.at.strftime(TIME)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. Values go first, then the head, then the state; then keys are removed.

    A plan that ``stops`` writes nothing: something is ``blocked``, or a conflict has to be settled.
    """

    state: State
    values: tuple[Item, ...] = ()
    head: Head | None = None
    remove: tuple[str, ...] = ()
    made: tuple[Change, ...] = ()
    conflicts: tuple[Settled, ...] = ()
    edits: tuple[Edit, ...] = ()
    blocked: tuple[str, ...] = ()

    @property
    def stops(self) -> bool:
        return bool(self.blocked) or any(item.policy == FAIL for item in self.conflicts)

    @property
    def writes(self) -> bool:
        return not self.stops and bool(self.values or self.head or self.remove)


def decide(view: View, declared: Documents, state: State, rules: Rules, stamp: Stamp, check: Check) -> Plan:
    """The plan of one plane. ``check`` answers what is wrong with documents, nothing when they are sound."""
    ours = state.effective(declared)
    base = _base(view, state)
    conflicts: list[Settled] = []
    theirs_revision = view.head.revision if view.head else 0
    decider = by_policy(rules, conflicts, "the edge", state.revision, theirs_revision)
    # The edge that lost its head has not removed everything: it gets back what it had.
    theirs = view.documents if view.head or not state.head else base
    merged: Documents = merge(base, ours, theirs, decider)
    blocked = [
        f"{dotted(change.path)} was changed at the edge and needs approval"
        for change in changes(ours, merged)
        if rules.needs_approval(change)
    ]
    blocked += check(merged)
    proposals = Proposals(view, state, rules, check, conflicts)
    if not blocked:
        merged = proposals.applied(merged)
    return _planned(view, declared, state, stamp, merged, conflicts, proposals, blocked)


def restore(view: View, declared: Documents, state: State, revision: int, stamp: Stamp, check: Check) -> Plan:
    """The plan that makes the documents of an earlier revision the newest one. Proposals stay as they are."""
    entry = state.numbered(revision)
    wanted = state.documents_at(entry.id) if entry else None
    none = Proposals(replace(view, proposals={}), state, Rules(), check, [])
    if wanted is None:
        known = ", ".join(str(item.revision) for item in state.history[-8:])
        blocked = [f"revision {revision} is not in the history, which ends with {known or 'nothing'}"]
        return _planned(view, declared, state, stamp, state.documents, [], none, blocked)
    apart = view.head is None or view.head.id != state.id
    blocked = ["the edge has another revision than was synchronised last: synchronise first"] if apart else []
    return _planned(view, declared, state, stamp, wanted, [], none, [*blocked, *check(wanted)])


def unchanged(keys: Keys, declared: Documents, state: State, now: datetime) -> bool:
    """Whether a list of the keys is enough to know that there is nothing to do."""
    head = state.head
    if head is None or keys.get("head") != head.item().metadata:
        return False
    if any(name.startswith("edit/") for name in keys) or _expired(keys, state.unused, now):
        return False
    if _damaged(keys, {*head.documents.values(), *head.former.values()}):
        return False
    return state.holds(state.effective(declared))


def _base(view: View, state: State) -> Any:
    """The documents that both sides started from, or UNKNOWN."""
    if view.head is None:
        if state.head:
            return state.documents
        return view.documents if view.plain else UNKNOWN
    for id_ in (view.head.id, *view.head.lineage):
        found = state.documents_at(id_)
        if found is not None:
            return found
    return UNKNOWN


def _planned(
    view: View,
    declared: Documents,
    state: State,
    stamp: Stamp,
    merged: Documents,
    conflicts: Iterable[Settled],
    proposals: Proposals,
    blocked: Sequence[str],
) -> Plan:
    stopped = Plan(state, conflicts=tuple(conflicts), edits=tuple(proposals.edits), blocked=tuple(blocked))
    if stopped.stops:
        return stopped
    content = contents(merged)
    names = {name: digest(raw) for name, raw in content.items()}
    settled_edits = tuple(edit.as_dict() for edit in proposals.edits if edit.outcome in (TAKEN, DECLINED))
    after = state.moved(view.head, view.documents) if view.head else state
    head, fresh = _next_head(view, state, names, proposals.settled, stamp)
    after = after.moved(head, merged, settled_edits)
    kept = {*head.documents.values(), *head.former.values()}
    unused = {
        name: state.unused.get(name, stamp.time)
        for name in (key.removeprefix(VALUE) for key in view.keys if key.startswith(VALUE))
        if name not in kept
    }
    gone = [name for name, since in unused.items() if _is_over(since, stamp.at)]
    after = replace(
        after,
        taken=tuple(changes(declared, merged)),
        unused={name: since for name, since in unused.items() if name not in gone},
    )
    return replace(
        stopped,
        state=after,
        values=_missing(view, state, names, content, head),
        head=head if fresh else None,
        remove=(*proposals.remove, *(VALUE + name for name in gone)),
        made=tuple(changes(view.documents, merged)),
    )


def _next_head(
    view: View, state: State, names: Names, settled: Sequence[str], stamp: Stamp
) -> tuple[Head, bool]:
    """The head that names these documents, and whether it has to be written."""
    now, last = view.head, state.head
    if now and dict(now.documents) == dict(names) and not settled:
        return now, False
    if now is None and last and dict(last.documents) == dict(names) and not settled:
        return last, True
    before = now or last
    lineage = [item.id for item in (now, last) if item]
    lineage += [*(now.lineage if now else ()), *(last.lineage if last else ())]
    known = [*(now.settled if now else ()), *(last.settled if last else ())]
    head = Head(
        revision=max(now.revision if now else 0, state.revision) + 1,
        documents=dict(names),
        former=before.documents if before else {},
        former_revision=before.revision if before else 0,
        lineage=capped(lineage, LINEAGE),
        settled=capped([*settled, *known], max(SETTLED, len(settled))),
        by=stamp.by,
        at=stamp.time,
        why=stamp.why,
    )
    return head, True


def _missing(
    view: View, state: State, names: Names, content: Mapping[str, bytes], head: Head
) -> tuple[Item, ...]:
    """The values to write: those that the head at the edge does not name yet, and those that were damaged."""
    there = {*view.head.documents.values(), *view.head.former.values()} if view.head else set()
    wanted = {name: content[document] for document, name in names.items()}
    lost = _damaged(view.keys, head.former.values())
    if lost:
        entry = state.numbered(head.former_revision)
        former = state.documents_at(entry.id) if entry else None
        wanted |= {digest(raw): raw for raw in contents(former or {}).values() if digest(raw) in lost}
    due = _damaged(view.keys, wanted) | (wanted.keys() - there)
    return tuple(value_item(raw) for name, raw in wanted.items() if name in due)


def _damaged(keys: Keys, names: Iterable[str]) -> set[str]:
    """Which of these values are not in KV as they were written."""
    return {
        name
        for name in names
        if not (isinstance(found := keys.get(VALUE + name), dict) and found.get(HASH) == name)
    }


def _expired(keys: Keys, unused: Names, now: datetime) -> bool:
    return any(_is_over(since, now) for name, since in unused.items() if VALUE + name in keys)


def _is_over(since: str, now: datetime) -> bool:
    try:
        return now - datetime.strptime(since, TIME).replace(tzinfo=now.tzinfo) >= GRACE
    except ValueError:
        return False


__all__ = ["Plan", "Stamp", "decide", "restore", "unchanged"]
