# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves: what was done to each Worker of a rollout, carried from task to task as plain data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from .fleet import Unit
from .plan import CREATE, Decision, Wave
from .register import Entry

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Move:
    """One Worker's way. ``share`` is the candidate's percentage, None while it was not deployed at all.

    ``running`` is the version that served before and is the way back; ``document`` is the hash of the config
    document that is in KV now, or empty where it is not known. Both ``share`` and ``document_written`` are
    set before the call, because its outcome may stay unknown; so may the id of the ``candidate``.
    """

    script: str
    kind: str
    tenant: str
    region: str
    url: str
    connect_to: str | None
    wave: str
    rollout: str
    action: str
    fingerprint: str
    release: str
    running: str | None = None
    candidate: str | None = None
    share: int | None = None
    document: str = ""
    document_written: bool = False

    @property
    def attempted(self) -> bool:
        """Whether the candidate was deployed, or may have been."""
        return self.share is not None

    @property
    def way_back(self) -> str | None:
        """The version to deploy to undo this move, or None when there is nothing to undo."""
        return self.running if self.attempted and self.action != CREATE else None

    def as_dict(self) -> Json:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Move:
        return cls(**{name: value.get(name) for name in cls.__slots__})  # type: ignore[arg-type]


def start(decision: Decision, wave: str, rollout: str, release: str) -> Move:
    """The move of a decision before anything was done."""
    unit = decision.unit
    return Move(
        script=unit.script,
        kind=unit.kind,
        tenant=unit.tenant,
        region=unit.region,
        url=unit.url,
        connect_to=unit.connect_to,
        wave=wave,
        rollout=rollout,
        action=decision.action,
        fingerprint=unit.fingerprint,
        release=release,
        running=decision.running,
        document="" if decision.document else unit.document_sha256,
    )


def parse(values: Iterable[Mapping[str, Any]], rollout: str) -> tuple[Move, ...]:
    """The moves of this rollout; those of an earlier one in the same play are left out."""
    return tuple(move for move in map(Move.from_dict, values) if move.rollout == rollout)


def update(moves: Iterable[Move], changed: Mapping[str, Move]) -> tuple[Move, ...]:
    """The moves, some of them replaced, and new ones at the end."""
    left = dict(changed)
    kept = tuple(left.pop(move.script, move) for move in moves)
    return (*kept, *left.values())


def entry(move: Move, etag: str, modified_on: str) -> Entry | None:
    """The register's entry for a Worker that passed its gate."""
    version = move.candidate or (None if move.attempted else move.running)
    if not version:
        return None
    return Entry(move.fingerprint, move.document, version, etag, modified_on, move.release)


def entries(
    moves: Iterable[Move],
    scripts: Mapping[str, tuple[str, str]],
    old: Mapping[str, Entry],
    failed_wave: str | None = None,
    undone: Collection[str] | None = None,
) -> dict[str, Entry]:
    """What the register should say after a rollout, given (etag, modification time) of every script.

    After a failure Workers that were put back keep what stood there before, and what never passed a gate,
    the rest of the failed wave, is not recorded at all. ``undone`` names those that were put back, None all
    of them: the others stay suspects of the next plan.
    """
    found: dict[str, Entry | None] = {}
    for move in moves:
        stamp = scripts.get(move.script)
        if stamp is None:
            continue
        if failed_wave is None or (move.wave != failed_wave and not move.way_back):
            found[move.script] = entry(move, *stamp)
        else:
            back = not move.way_back or undone is None or move.script in undone
            found[move.script] = _restored(move, old.get(move.script), stamp if back else None)
    return {script: item for script, item in found.items() if item is not None}


def _restored(move: Move, before: Entry | None, stamp: tuple[str, str] | None) -> Entry | None:
    """The entry of before, with what is known of the document; a new stamp if its version serves again."""
    if before is None:
        return None
    kept = replace(before, document=move.document) if move.document_written else before
    if stamp is None or before.version_id != move.running:
        return kept
    return replace(kept, etag=stamp[0], modified_on=stamp[1])


def wave_dict(wave: Wave) -> Json:
    """A wave as plain data for a task's result."""
    units = [
        decision.unit.as_dict()
        | {
            "action": decision.action,
            "reason": decision.reason,
            "running": decision.running,
            "write_document": decision.document,
            "attach_hostname": decision.hostname,
            "namespace_id": decision.namespace_id,
        }
        for decision in wave.decisions
    ]
    return {"name": wave.name, "steps": list(wave.steps), "direct": wave.direct, "units": units}


def wave_from(value: Mapping[str, Any]) -> Wave:
    """The wave back from plain data."""
    return Wave(
        str(value["name"]),
        tuple(_decision(item) for item in value["units"]),
        tuple(int(step) for step in value["steps"]),
        bool(value["direct"]),
    )


def shared(moves: Sequence[Move], share: int) -> dict[str, Move]:
    """The moves with another share of the candidate."""
    return {move.script: replace(move, share=share) for move in moves}


def _decision(item: Mapping[str, Any]) -> Decision:
    return Decision(
        unit=Unit.from_dict(item),
        action=item["action"],
        reason=item["reason"],
        running=item["running"],
        document=item["write_document"],
        hostname=item["attach_hostname"],
        namespace_id=item["namespace_id"],
    )


__all__ = ["Move", "entry", "parse", "shared", "start", "update", "wave_dict", "wave_from"]
