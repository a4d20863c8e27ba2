# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of the edge's proposals are taken into the documents, and what becomes of the others. Pure."""

from __future__ import annotations

from typing import Any

from .._topology.problem import dotted
from .canonical import Unsound
from .merge import UNKNOWN, changes, merge
from .policy import CONTROL_PLANE, FAIL, Rules
from .proposal import Proposal, patched, proposal_id, read_proposal
from .revision import Documents
from .state import State
from .view import CONFLICT, DECLINED, REFUSED, REPEATED, TAKEN, WAITS, Check, Edit, Settled, View, by_policy


class Proposals:
    """Takes proposals one after the other into documents; remembers what became of each."""

    def __init__(
        self, view: View, state: State, rules: Rules, check: Check, conflicts: list[Settled]
    ) -> None:
        self._view, self._state, self._rules, self._check = view, state, rules, check
        self._conflicts = conflicts
        self.edits: list[Edit] = []
        self.settled: list[str] = []
        self.remove: list[str] = []

    def applied(self, documents: Documents) -> Documents:
        """The documents with every proposal that is sound, fits and needs nobody's word."""
        for name, content in sorted(self._view.proposals.items()):
            documents = self._one(name, content, documents)
        return documents

    def _one(self, name: str, content: bytes, documents: Documents) -> Documents:
        known = self._view.head.settled if self._view.head else ()
        settled = (*known, *(self._state.head.settled if self._state.head else ()))
        if proposal_id(name, content) in settled:
            self._settle(Edit(name, REPEATED), "")
            return documents
        try:
            edit = read_proposal(name, content)
            candidate, base = self._candidate(edit, documents)
        except Unsound as error:
            self.edits.append(Edit(name, f"{REFUSED}: {error}"))
            return documents
        return self._merged(edit, base, documents, candidate)

    def _candidate(self, edit: Proposal, documents: Documents) -> tuple[Any, Any]:
        head, state = self._view.head, self._state
        newest_ = max(head.revision if head else 0, state.revision)
        if edit.revision > newest_:
            raise Unsound(f"it names revision {edit.revision}, and the newest is {newest_}")
        if head and edit.revision == head.revision:
            return patched(self._view.documents, edit.patch), self._view.documents
        entry = state.numbered(edit.revision)
        seen = state.documents_at(entry.id) if entry else None
        if seen is None:
            return patched(documents, edit.patch), UNKNOWN
        return patched(seen, edit.patch), seen

    def _merged(self, edit: Proposal, base: Any, documents: Documents, candidate: Any) -> Documents:
        found: list[Settled] = []
        decider = by_policy(self._rules, found, edit.name, self._state.revision, edit.revision)
        merged: Documents = merge(base, documents, candidate, decider)
        made = tuple(changes(documents, merged))
        wrong = self._check(
            {name: merged[name] for name in {c.path[0] for c in made if c.path} & merged.keys()}
        )
        gone = [name for name in documents if name not in merged]
        if wrong or not isinstance(merged, dict) or "gateway" in gone:
            reason = "; ".join(wrong) or "the document gateway can't be removed"
            self.edits.append(Edit(edit.name, f"{REFUSED}: {reason}", edit.by, edit.why, made))
            return documents
        waiting = [change for change in made if self._rules.needs_approval(change)]
        if waiting:
            outcome = f"{WAITS} for approval of {dotted(waiting[0].path)}"
            self.edits.append(Edit(edit.name, outcome, edit.by, edit.why, made))
            return documents
        self._conflicts += found
        if any(item.policy == FAIL for item in found):
            self.edits.append(Edit(edit.name, CONFLICT, edit.by, edit.why, made))
            return documents
        lost = any(item.policy == CONTROL_PLANE for item in found)
        self._settle(Edit(edit.name, DECLINED if lost else TAKEN, edit.by, edit.why, made), edit.id)
        return merged

    def _settle(self, edit: Edit, id_: str) -> None:
        self.edits.append(edit)
        self.remove.append(edit.name)
        if id_:
            self.settled.append(id_)


__all__ = ["Proposals"]
