# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a synchronisation sees at the edge, and the words for what becomes of conflicts and proposals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .merge import Change, Conflict
from .policy import EDGE, NEWEST, Rules, newest
from .revision import Documents, Head

TAKEN, DECLINED, CONFLICT = "taken", "declined", "in conflict"
WAITS, REFUSED, REPEATED = "waits", "refused", "settled before"

Check = Callable[[Documents], Sequence[str]]
Keys = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """What stands at the edge: the metadata of all keys, the head with its documents, the proposals' bytes.

    Without a head, ``documents`` are what a rollout wrote; ``plain`` says that nobody touched them since.
    """

    keys: Keys
    head: Head | None = None
    documents: Documents = field(default_factory=dict)
    proposals: Mapping[str, bytes] = field(default_factory=dict)
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Settled:
    """A conflict, where its other side comes from, and how it was settled."""

    conflict: Conflict
    source: str
    policy: str


@dataclass(frozen=True, slots=True)
class Edit:
    """What became of a proposal."""

    name: str
    outcome: str
    by: str = ""
    why: str = ""
    changes: tuple[Change, ...] = ()

    def as_dict(self) -> dict[str, str]:
        return {"name": self.name, "outcome": self.outcome, "by": self.by, "why": self.why}


def by_policy(
    rules: Rules, found: list[Settled], source: str, ours: int, theirs: int
) -> Callable[[Conflict], Any]:
    """Settles conflicts with ``source`` by the policies, and notes each in ``found``."""

    def settle(conflict: Conflict) -> Any:
        policy = rules.policy(conflict.path)
        policy = newest(ours, theirs) if policy == NEWEST else policy
        found.append(Settled(conflict, source, policy))
        return conflict.theirs if policy == EDGE else conflict.ours

    return settle


__all__ = [
    "CONFLICT",
    "DECLINED",
    "REFUSED",
    "REPEATED",
    "TAKEN",
    "WAITS",
    "Check",
    "Edit",
    "Keys",
    "Settled",
    "View",
    "by_policy",
]
