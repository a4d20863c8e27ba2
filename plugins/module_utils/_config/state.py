# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is remembered of one plane: the last synchronised revision, and how it came to be. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .canonical import Json, Unsound, canonical, digest, same
from .merge import Change, changes, get, replaced, undone
from .revision import Documents, Head, Names, contents, head_of

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One revision of the history: ``changes`` lead to it from the one before, as ``made`` keeps them.

    ``edits`` tell which proposals it settled: name, by, why, and whether they were taken or declined.
    """

    revision: int
    id: str
    at: str
    by: str
    why: str
    made: tuple[Json, ...] = ()
    edits: tuple[Mapping[str, str], ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(map(Change.from_dict, self.made))

    def as_dict(self) -> dict[str, Json]:
        """JSON types."""
        about = {"revision": self.revision, "id": self.id, "at": self.at, "by": self.by, "why": self.why}
        made: dict[str, Json] = {"changes": list(self.made)}
        return about | made | ({"edits": [dict(edit) for edit in self.edits]} if self.edits else {})

    @classmethod
    def from_dict(cls, value: Mapping[str, Json]) -> Entry:
        """An entry back from JSON types."""
        return cls(
            value["revision"],
            value["id"],
            value["at"],
            value["by"],
            value["why"],
            tuple(value["changes"]),
            tuple(value.get("edits", ())),
        )


@dataclass(frozen=True, slots=True)
class State:
    """The state of one plane.

    ``documents`` are those of the last synchronised revision. ``taken`` are values that came from the edge or
    from a restored revision: C(before) is what was declared then, C(after) what holds instead. ``unused`` are
    values in KV that no revision at the edge names, and since when. ``seal`` comes from the file, see
    :meth:`holds`. ``history`` ends with the entry of the head; it may be read only when it is asked for.
    """

    plane: str
    head: Head | None = None
    documents: Documents = field(default_factory=dict)
    taken: tuple[Change, ...] = ()
    history: Sequence[Entry] = ()
    unused: Names = field(default_factory=dict)
    seal: str = field(default="", compare=False, repr=False)

    @property
    def revision(self) -> int:
        """The number of the last synchronised revision, 0 before the first."""
        return self.head.revision if self.head else 0

    @property
    def id(self) -> str:
        """The id of the last synchronised revision."""
        return self.head.id if self.head else ""

    @property
    def is_whole(self) -> bool:
        """Whether the documents are those that the head names, and not edited by hand."""
        return replace(self, seal="").holds(self.documents)

    def holds(self, documents: Documents) -> bool:
        """Whether these are the documents that the head names.

        The seal spares hashing each of them. It is of this head and all documents, so that one that came from
        another state, by a merge of files say, fits nothing.
        """
        if self.head and self.seal == _seal(self.head, documents):
            return True
        named = {name: digest(raw) for name, raw in contents(documents).items()}
        return named == (dict(self.head.documents) if self.head else {})

    def effective(self, declared: Documents) -> Documents:
        """The declared documents with what was taken, except where the declaration has changed since."""
        result: Any = declared
        for change in self.taken:
            if same(get(result, change.path), change.before):
                result = replaced(result, change.path, change.after)
        found: Documents = result
        return found

    def forgetting(self, patterns: Iterable[tuple[str, ...]]) -> State:
        """The state without what was taken at or below these paths."""
        paths = tuple(patterns)
        kept = [
            change for change in self.taken if not any(change.path[: len(path)] == path for path in paths)
        ]
        return replace(self, taken=tuple(kept))

    def documents_at(self, wanted: str) -> Documents | None:
        """The documents of a revision of the history, by its id, or None when it is not there."""
        result: Any = self.documents
        for entry in reversed(self.history):
            if entry.id == wanted:
                found: Documents = result
                return found
            result = undone(result, entry.changes)
        return None

    def numbered(self, revision: int) -> Entry | None:
        """The newest entry of this number."""
        return next((entry for entry in reversed(self.history) if entry.revision == revision), None)

    def origin(self, path: tuple[str, ...]) -> str:
        """Which revision gave a key its value, and by whom."""
        for entry in reversed(self.history):
            for change in entry.changes:
                if change.path == path[: len(change.path)] or path == change.path[: len(path)]:
                    return f"revision {entry.revision} by {entry.by}"
        return ""

    def moved(self, head: Head, documents: Documents, edits: tuple[Mapping[str, str], ...] = ()) -> State:
        """The state at another head, which the history remembers; at the same head nothing is added."""
        if head.id == self.id:
            return replace(self, head=head, documents=documents)
        made = tuple(change.as_dict() for change in changes(self.documents, documents))
        entry = Entry(head.revision, head.id, head.at, head.by, head.why, made, edits)
        return replace(self, head=head, documents=documents, history=(*self.history, entry))


def _seal(head: Head, documents: Documents) -> str:
    return digest(head.id.encode() + canonical(documents))


def write_state(state: State) -> bytes:
    """The state as a file that a person can read and git can compare, without its history."""
    value = {
        "format": FORMAT,
        "plane": state.plane,
        "head": json.loads(state.head.content) if state.head else None,
        "documents": dict(state.documents),
        "seal": _seal(state.head, state.documents) if state.head else "",
        "taken": [change.as_dict() for change in state.taken],
        "unused": dict(state.unused),
    }
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_state(content: bytes) -> State:
    """The state from a file, without its history. Raises Unsound when it is none.

    Whether its documents fit its head is for :meth:`State.is_whole`, which takes longer.
    """
    try:
        value = json.loads(content)
        state = State(
            value["plane"],
            head_of(value["head"]) if value["head"] is not None else None,
            value["documents"],
            tuple(map(Change.from_dict, value["taken"])),
            unused=value["unused"],
            seal=value["seal"],
        )
        known = value["format"]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise Unsound("it is no state of a plane: bring it back from git") from None
    if known != FORMAT:
        raise Unsound(f"it has the format {known!r}, which this release does not know: update it")
    return state


def write_history(entries: Iterable[Entry]) -> bytes:
    """A history as a file: an entry a line, oldest first."""
    lines = (json.dumps(entry.as_dict(), sort_keys=True, ensure_ascii=False) for entry in entries)
    return "".join(f"{line}\n" for line in lines).encode()


def read_history(content: bytes, head: str) -> tuple[Entry, ...]:
    """The entries of a file up to that of this head. Raises Unsound when there is none.

    The history is written before the state, so that a process killed between the two leaves an entry that
    never became the head.
    """
    try:
        entries = tuple(Entry.from_dict(json.loads(line)) for line in content.splitlines())
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise Unsound("it is no history of a plane: bring it back from git") from None
    ends = [number for number, entry in enumerate(entries, 1) if entry.id == head]
    if not ends:
        raise Unsound("it does not hold the revision of the state beside it: bring both back from git")
    return entries[: ends[-1]]


__all__ = ["Entry", "State", "read_history", "read_state", "write_history", "write_state"]
