# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A synchronisation's effects, on one plane: what is read, and in which order it is written.

Everything outside comes in as a :class:`Port`. A process that dies at any call leaves the edge at one whole
revision, and the next synchronisation ends where this one would have ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .._cloudflare.kv import Item, Key
from .canonical import Unsound, canonical, digest, strict
from .plan import Plan, Stamp, decide, restore, unchanged
from .policy import Rules
from .revision import (
    EDIT,
    HASH,
    HEAD,
    MAX_VALUE,
    PLAIN,
    PROPOSALS,
    VALUE,
    Documents,
    Head,
    contents,
    read_head,
    sizes_of_item,
)
from .state import State
from .view import Check, View


class Port(Protocol):
    """One KV namespace. Reads may be stale; a write that raises may have happened."""

    def keys(self) -> Iterable[Key]:
        """All keys with their metadata."""

    def read(self, names: Sequence[str]) -> Mapping[str, bytes]:
        """The values of these keys, as far as they are there."""

    def write(self, items: Sequence[Item]) -> None:
        """Write keys, in no particular order."""

    def remove(self, names: Sequence[str]) -> None:
        """Remove keys; missing ones are no error."""


class SyncError(Exception):
    """A plane can't be synchronised now; nothing was written. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: the declared documents, and a revision to restore instead if one is named."""

    declared: Documents
    rules: Rules
    stamp: Stamp
    check: Check
    revision: int | None = None


def read(port: Port, wanted: Wanted, state: State) -> View | None:
    """What stands at the edge, or None where a list of the keys shows that there is nothing to do.

    Raises SyncError.
    """
    keys = {key.name: key.metadata for key in port.keys()}  # noqa: SIM118
    if wanted.revision is None and unchanged(keys, wanted.declared, state, wanted.stamp.at):
        return None
    if not state.is_whole:
        raise SyncError(f"the state of {state.plane} was edited by hand: bring it back from git")
    return look(port, keys, state, wanted.declared)


def planned(view: View | None, wanted: Wanted, state: State) -> Plan:
    """What to do about what was read."""
    if view is None:
        return Plan(state)
    if wanted.revision is not None:
        return restore(view, wanted.declared, state, wanted.revision, wanted.stamp, wanted.check)
    return decide(view, wanted.declared, state, wanted.rules, wanted.stamp, wanted.check)


def apply(port: Port, plan: Plan, save: Callable[[State], None]) -> None:
    """Write what was planned: values, head, state, and only then remove what is settled or unused."""
    items = [*plan.values, *([plan.head.item()] if plan.head else [])]
    for item in items:
        sizes_of_item(item)
    if plan.values:
        port.write(plan.values)
    if plan.head:
        port.write([plan.head.item()])
    save(plan.state)
    if plan.remove:
        port.remove(plan.remove)


def look(port: Port, keys: Mapping[str, object], state: State, declared: Documents) -> View:
    """What stands at the edge. Values that are known by their hash are not read."""
    edits = [name for name in keys if name.startswith(EDIT)]
    if len(edits) > PROPOSALS:
        raise SyncError(f"{len(edits)} proposals wait at the edge; {PROPOSALS} are the most: remove some")
    known = HEAD in keys and state.head is not None and keys[HEAD] == state.head.item().metadata
    wanted = [*edits, *([HEAD] if HEAD in keys and not known else [])]
    wanted += [PLAIN] if HEAD not in keys and state.head is None and PLAIN in keys else []
    found = port.read(wanted) if wanted else {}
    proposals = {name: found[name] for name in edits if name in found}
    if known and state.head:
        return View(keys, state.head, state.documents, proposals)
    if HEAD in keys:
        head = _head(found)
        return View(keys, head, _documents(port, head, state, declared), proposals)
    return _plain(keys, found, proposals)


def _head(found: Mapping[str, bytes]) -> Head:
    if HEAD not in found:
        raise SyncError("the key head is listed and can't be read yet: run again in a minute")
    try:
        return read_head(found[HEAD])
    except Unsound as error:
        raise SyncError(
            f"the key head was not written by this collection: {error}. Remove the key head, and the last "
            "revision is published again"
        ) from None


def _documents(port: Port, head: Head, state: State, declared: Documents) -> Documents:
    """The documents that a head names; bytes whose hash does not fit are none."""
    known = {
        digest(raw): raw for documents in (declared, state.documents) for raw in contents(documents).values()
    }
    unknown = [VALUE + name for name in dict.fromkeys(head.documents.values()) if name not in known]
    found = port.read(unknown) if unknown else {}
    known |= {digest(raw): raw for raw in found.values()}
    missing = [name for name, value in head.documents.items() if value not in known]
    if missing:
        raise SyncError(
            f"revision {head.revision} names the document {missing[0]}, whose value is not there or was "
            "damaged: run again in a minute, as KV shows a write elsewhere only after that. If it stays, "
            "remove the key head, and the last revision is published again"
        )
    try:
        return {name: strict(known[value], MAX_VALUE) for name, value in head.documents.items()}
    except Unsound as error:
        raise SyncError(
            f"revision {head.revision} at the edge holds a document that is no good: {error}"
        ) from None


def _plain(keys: Mapping[str, object], found: Mapping[str, bytes], proposals: Mapping[str, bytes]) -> View:
    raw = found.get(PLAIN)
    if raw is None:
        return View(keys, proposals=proposals)
    try:
        value = strict(raw, MAX_VALUE)
    except Unsound as error:
        raise SyncError(
            f"the key {PLAIN} at the edge is no document: {error}. Correct or remove it"
        ) from None
    metadata = keys[PLAIN]
    ours = isinstance(metadata, dict) and metadata.get(HASH) == digest(raw)
    return View(keys, None, {"gateway": value}, proposals, plain=ours and raw == canonical(value))


__all__ = ["Port", "SyncError", "Wanted", "apply", "look", "planned", "read"]
