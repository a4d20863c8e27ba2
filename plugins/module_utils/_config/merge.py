# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three-way merge of JSON values, key by key. Mappings merge, everything else is one value. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .canonical import Json, same

Path = tuple[str, ...]


class _Absent:
    """What stands where a key is not there."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
UNKNOWN: Final = _Absent()  # a base that nobody remembers differs from everything


@dataclass(frozen=True, slots=True)
class Change:
    """A value that became another at one place; either may be ABSENT."""

    path: Path
    before: Any
    after: Any

    def as_dict(self) -> dict[str, Json]:
        """JSON types; what is absent is left out."""
        shown: dict[str, Json] = {"path": list(self.path)}
        shown |= {} if self.before is ABSENT else {"before": self.before}
        return shown | ({} if self.after is ABSENT else {"after": self.after})

    @classmethod
    def from_dict(cls, value: Mapping[str, Json]) -> Change:
        """A change back from JSON types."""
        return cls(tuple(value["path"]), value.get("before", ABSENT), value.get("after", ABSENT))


@dataclass(frozen=True, slots=True)
class Conflict:
    """A key that both sides changed, each to something else."""

    path: Path
    base: Any
    ours: Any
    theirs: Any


Decide = Callable[[Conflict], Any]


def merge(base: Any, ours: Any, theirs: Any, decide: Decide, path: Path = ()) -> Any:
    """What both sides' changes of ``base`` make together; ``decide`` answers the value of a conflict.

    ``base`` may be UNKNOWN: then every difference is a conflict.
    """
    if same(ours, theirs) or same(theirs, base):
        return ours
    if same(ours, base):
        return theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        below = base if isinstance(base, dict) else {}
        nothing = UNKNOWN if base is UNKNOWN else ABSENT
        merged = {}
        for key in ours.keys() | theirs.keys():
            value = merge(
                below.get(key, nothing),
                ours.get(key, ABSENT),
                theirs.get(key, ABSENT),
                decide,
                (*path, key),
            )
            if value is not ABSENT:
                merged[key] = value
        return merged
    return decide(Conflict(path, base, ours, theirs))


def changes(before: Any, after: Any, path: Path = ()) -> Iterator[Change]:
    """The changes that lead from one value to another, in the order of their paths."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from changes(before.get(key, ABSENT), after.get(key, ABSENT), (*path, key))
    elif not same(before, after):
        yield Change(path, before, after)


def touched(change: Change) -> Iterator[Path]:
    """The place of a change and every key below it, before and after: one change may be a whole tree."""
    waiting = [(change.path, value) for value in (change.before, change.after)]
    while waiting:
        path, value = waiting.pop()
        yield path
        if isinstance(value, dict):
            waiting += [((*path, key), below) for key, below in value.items()]


def get(value: Any, path: Path) -> Any:
    """The value at a path, or ABSENT."""
    for key in path:
        value = value.get(key, ABSENT) if isinstance(value, dict) else ABSENT
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """The value with another one at a path, or without it; mappings on the way are made."""
    if not path:
        return new
    below = dict(value) if isinstance(value, dict) else {}
    inner = replaced(below.get(path[0], ABSENT), path[1:], new)
    if inner is ABSENT:
        below.pop(path[0], None)
    else:
        below[path[0]] = inner
    return below


def undone(value: Any, made: Iterable[Change]) -> Any:
    """The value before these changes were made."""
    for change in made:
        value = replaced(value, change.path, change.before)
    return value


__all__ = [
    "ABSENT",
    "UNKNOWN",
    "Change",
    "Conflict",
    "Path",
    "changes",
    "get",
    "merge",
    "replaced",
    "touched",
    "undone",
]
