# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A synchronisation in a person's words. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .._topology.problem import dotted, shown_text
from .merge import ABSENT, UNKNOWN, Change
from .plan import Plan
from .policy import CONTROL_PLANE, FAIL
from .state import State
from .view import Settled

_WIDEST = 40


def explained(plane: str, before: State, plan: Plan) -> list[str]:
    """One line for each change, conflict and proposal of a plane; none when nothing is to be said."""
    body = [*(f"  {line}" for line in _body(plan))]
    if not body and not plan.writes:
        return []
    if plan.stops:
        return [f"{plane}  revision {before.revision} stays, nothing was written", *body]
    moved = plan.state.revision != before.revision
    numbers = f"{before.revision} -> {plan.state.revision}" if moved else f"{before.revision} stays"
    repaired = [f"  {len(plan.values)} values are written again"] if plan.values and not plan.head else []
    return [f"{plane}  revision {numbers}", *body, *repaired]


def _body(plan: Plan) -> Iterator[str]:
    if not plan.stops:
        yield from (f"{change(item)}" for item in plan.made)
    for item in plan.conflicts:
        yield conflict(item)
    for edit in plan.edits:
        by = f" by {edit.by}" if edit.by else ""
        why = f" ({edit.why})" if edit.why else ""
        yield shown_text(f"{edit.name}{by}{why}: {edit.outcome}", limit=400)
    for reason in plan.blocked:
        yield f"STOPPED  {shown_text(reason, limit=400)}"


def change(item: Change) -> str:
    """What a key was and is."""
    return f"{dotted(item.path)}: {value(item.before)} -> {value(item.after)}"


def conflict(item: Settled) -> str:
    """A key that both sides changed, and what became of it."""
    found = item.conflict
    name = dotted(found.path)
    ours, theirs = value(found.ours), value(found.theirs)
    told = f"{name} was {value(found.base)}, became {ours} here and {theirs} at {item.source}"
    if item.policy == FAIL:
        return f"CONFLICT  {told}: say which one holds with resolve, {name}: control_plane or {name}: edge"
    winner = "here" if item.policy == CONTROL_PLANE else f"at {item.source}"
    return f"settled   {told}: that {winner} holds"


def value(item: Any) -> str:
    """A value in one short line."""
    if item is ABSENT:
        return "absent"
    if item is UNKNOWN:
        return "not known"
    return shown_text(json.dumps(item, ensure_ascii=False), limit=_WIDEST)


__all__ = ["change", "conflict", "explained", "value"]
