# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Is this vault file the one that was last written? The ledger tells: a pure decision.

Every write is in the ledger before it is on the disk, with the generation and the keyed digest of the new
content. So a file is right when it is the last one that was settled, or the one that a killed process was
just writing; anything else was rolled back, exchanged or edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._ledger import DONE, INTENDED, Entry
from .model import Place, SecretError

WRITES = "secrets.write"


@dataclass(frozen=True)
class Standing:
    """What the ledger says of one file: the last settled write, and one that was begun after it."""

    settled: Entry | None
    begun: Entry | None

    @property
    def generation(self) -> int:
        return _generation(self.settled)

    @property
    def newest(self) -> int:
        """The highest generation that was ever given away: a new write takes the one after it."""
        return max(_generation(self.settled), _generation(self.begun))


def standing(entries: Sequence[Entry], place: Place) -> Standing:
    """Read what was written of one place. Raises SecretError where an entry does not say that."""
    settled = begun = None
    for entry in entries:
        subject = (entry.subject.get("tenant"), entry.subject.get("environment"))
        if entry.what != WRITES or subject != (place.tenant, place.environment):
            continue
        if (type(entry.subject.get("generation")), type(entry.subject.get("digest"))) != (int, str):
            raise SecretError(
                f"Entry {entry.number} of the ledger says nothing of the file that was written: bring the "
                "ledger back from a backup."
            )
        if entry.outcome == INTENDED:
            begun = entry
        elif entry.outcome == DONE:
            settled, begun = entry, None
        # One that failed may be on the disk all the same, if only its last step failed.
    return Standing(settled, begun)


def doubt(found: Standing, generation: int, digest: str) -> str:
    """Why a file of this generation and digest is not believed, with the remedy; nothing when it is."""
    known = [entry for entry in (found.settled, found.begun) if entry is not None]
    if any(_generation(entry) == generation and entry.subject["digest"] == digest for entry in known):
        return ""
    if not known:
        return "the ledger knows nothing of it. If it is yours, take it over: secret_vault with state adopted"
    if generation < found.generation:
        return (
            f"it is generation {generation}, but generation {found.generation} was written: the file was "
            "rolled back. "
            "Bring the newer one back from a backup"
        )
    return (
        "its content is not what the ledger has: it was edited by hand, or exchanged. Bring the right "
        "one back "
        "from a backup; if the change is yours, take it over: secret_vault with state adopted"
    )


def _generation(entry: Entry | None) -> int:
    return int(entry.subject["generation"]) if entry else 0
