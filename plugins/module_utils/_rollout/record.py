# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the register says after a rollout. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from .._cloudflare.models import Script
from .moves import Move
from .register import Entry, carried_text


def entries(
    moves: Iterable[Move],
    scripts: Mapping[str, Script],
    old: Mapping[str, Entry],
    failed_wave: str | None = None,
    undone: Collection[str] | None = None,
    theirs: Collection[str] = (),
) -> dict[str, Entry]:
    """The new entries after a rollout, given every Worker as the list shows it.

    Of ``theirs``, the Workers that somebody else has deployed meanwhile, nothing is said, so that the next
    plan reads them. After a failure Workers that were put back, and candidates that were never deployed, keep
    what stood there before; what never passed a gate, the rest of the failed wave, is not recorded at all.
    ``undone`` names those that were put back, None all of them: the others stay suspects of the next plan.
    """
    found: dict[str, Entry | None] = {}
    for move in moves:
        script = scripts.get(move.script)
        if script is None or move.script in theirs:
            continue
        if failed_wave is None or (move.wave != failed_wave and not move.way_back and not _waiting(move)):
            found[move.script] = _accepted(move, script)
        else:
            back = not move.way_back or undone is None or move.script in undone
            found[move.script] = _restored(move, old.get(move.script), script if back else None)
    return {name: item for name, item in found.items() if item is not None}


def _waiting(move: Move) -> bool:
    """Whether a candidate was uploaded and not deployed."""
    return bool(move.candidate) and not move.attempted


def _accepted(move: Move, script: Script) -> Entry | None:
    version = move.candidate if move.attempted else move.running
    if not version:
        return None
    carried = carried_text(move.carried)
    return Entry(
        move.fingerprint, move.document, version, script.etag, script.modified_on, move.release, carried
    )


def _restored(move: Move, before: Entry | None, script: Script | None) -> Entry | None:
    """The entry of before, with what is known of the document; a new stamp if its version serves again."""
    if before is None:
        return None
    kept = replace(before, document=move.document) if move.document_written else before
    if script is None or before.version_id != move.running:
        return kept
    return replace(kept, etag=script.etag, modified_on=script.modified_on)


__all__ = ["entries"]
