# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of hosts in the ledger: who deletes in the repository or on the host can't delete here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ._ledger import DONE, Entry, Subject

WHAT = "backup.snapshot"


@dataclass(frozen=True)
class Saved:
    """A snapshot in a repository; ``sequence`` counts the backups of a host."""

    id: str
    sequence: int
    generation: str


def subject(host: str, saved: Saved) -> Subject:
    """What the ledger holds of it."""
    return {
        "host": host,
        "snapshot": saved.id,
        "sequence": saved.sequence,
        "generation": saved.generation,
    }


def recorded(entries: Iterable[Entry], host: str) -> dict[str, Subject]:
    """Snapshots of a host in the ledger, by id."""
    found = (entry.subject for entry in entries if (entry.what, entry.outcome) == (WHAT, DONE))
    return {str(one["snapshot"]): one for one in found if one.get("host") == host}


def unrecorded(known: Mapping[str, Subject], present: Iterable[Saved]) -> list[Saved]:
    """Those to record, oldest first."""
    return sorted((one for one in present if one.id not in known), key=lambda one: one.sequence)


def lost(known: Mapping[str, Subject], present: Iterable[Saved]) -> str:
    """The id of the newest recorded snapshot when all that are present are older, else nothing.

    Retention never drops the newest: this one was deleted, or an old repository was put back.
    """
    newest = max(known.values(), key=lambda one: int(one["sequence"]), default=None)
    if newest is None:
        return ""
    last = max((one.sequence for one in present), default=0)
    return str(newest["snapshot"]) if last < int(newest["sequence"]) else ""
