# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves: what was done to each Worker of a rollout, carried from task to task as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from .fleet import Unit
from .plan import CREATE, UPDATE, VERIFY, Decision, Shares, Wave, wave_name

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Move:
    """One Worker's way. ``share`` is the candidate's percentage, None while it was not deployed at all.

    ``running`` is the version that served before and is the way back; ``document`` is the hash of the config
    document that is in KV now, or empty where it is not known. Both ``share`` and ``document_written`` are
    set before the call, because its outcome may stay unknown; so may the id of the ``candidate``.
    ``versions`` and ``seen`` say what is deployed, and since when, as far as this rollout knows. ``carried``
    are the secrets that the candidate takes over from the running version.
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
    versions: Shares = ()
    seen: str = ""
    carried: tuple[str, ...] = ()

    @property
    def attempted(self) -> bool:
        """Whether the candidate was deployed, or may have been."""
        return self.share is not None

    @property
    def way_back(self) -> str | None:
        """The version to deploy to undo this move, or None when there is nothing to undo."""
        return self.running if self.attempted and self.action != CREATE else None

    def as_dict(self) -> Json:
        lists = {"versions": [list(share) for share in self.versions], "carried": list(self.carried)}
        return asdict(self) | lists

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Move:
        fields = {name: value.get(name) for name in cls.__slots__} | {
            "versions": _shares(value),
            "carried": tuple(value.get("carried") or ()),
        }
        return cls(**fields)


def start(decision: Decision, wave: str, rollout: str, release: str) -> Move:
    """The move of a decision before anything was done.

    What a rollout deployed and did not live to record is a candidate that is there already; where another
    one takes its place, the move counts as deployed, so that an undo goes back to what was accepted.
    """
    unit = decision.unit
    move = Move(
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
        versions=decision.versions,
        seen=decision.seen,
        carried=decision.carried,
    )
    sole = decision.versions[0][0] if decision.versions else None
    if decision.action == VERIFY and sole != decision.running:
        return replace(move, candidate=sole, share=100)
    return replace(move, share=0) if decision.interrupted and decision.action == UPDATE else move


def parse(values: Iterable[Mapping[str, Any]], rollout: str) -> tuple[Move, ...]:
    """The moves of this rollout; those of an earlier one in the same play are left out."""
    return tuple(move for move in map(Move.from_dict, values) if move.rollout == rollout)


def update(moves: Iterable[Move], changed: Mapping[str, Move]) -> tuple[Move, ...]:
    """The moves, some of them replaced, and new ones at the end."""
    left = dict(changed)
    kept = tuple(left.pop(move.script, move) for move in moves)
    return (*kept, *left.values())


def wave_dict(wave: Wave) -> Json:
    """A wave as plain data for a task's result."""
    return {
        "name": wave.name,
        "steps": list(wave.steps),
        "direct": wave.direct,
        "units": [_decision_dict(item) for item in wave.decisions],
        "ahead": [_decision_dict(item) for item in wave.ahead],
        "interrupted": [_decision_dict(item) for item in wave.interrupted],
    }


def wave_from(value: Mapping[str, Any]) -> Wave:
    """The wave back from plain data."""
    return Wave(
        str(value["name"]),
        tuple(_decision(item) for item in value["units"]),
        tuple(int(step) for step in value["steps"]),
        bool(value["direct"]),
        tuple(_decision(item) for item in value["ahead"]),
        tuple(_decision(item) for item in value["interrupted"]),
    )


def wave_moves(wave: Wave, rollout: str, release: str) -> dict[str, Move]:
    """The moves of a wave, of what is uploaded ahead of it and of what a killed rollout left; not begun."""
    found = [start(item, wave.name, rollout, release) for item in wave.decisions]
    found += [
        start(item, wave_name(item.unit), rollout, release) for item in (*wave.ahead, *wave.interrupted)
    ]
    return {move.script: move for move in found}


def interrupted(moves: Iterable[Move], wave: Wave, rollout: str, release: str) -> tuple[Move, ...]:
    """The moves when a task of this wave ended without an answer: any of its candidates may be deployed."""
    known = {move.script: move for move in moves}
    fresh = wave_moves(wave, rollout, release) | known
    return tuple(
        replace(move, share=0)
        if move.wave == wave.name and move.action == UPDATE and not move.attempted
        else move
        for move in fresh.values()
    )


def shared(moves: Sequence[Move], share: int) -> dict[str, Move]:
    """The moves with another share of the candidate."""
    return {move.script: replace(move, share=share) for move in moves}


def _decision_dict(decision: Decision) -> Json:
    return decision.unit.as_dict() | {
        "action": decision.action,
        "reason": decision.reason,
        "running": decision.running,
        "write_document": decision.document,
        "attach_hostname": decision.hostname,
        "namespace_id": decision.namespace_id,
        "versions": [list(share) for share in decision.versions],
        "seen": decision.seen,
        "interrupted": decision.interrupted,
        "carried": list(decision.carried),
    }


def _shares(value: Mapping[str, Any]) -> Shares:
    return tuple((str(version), float(share)) for version, share in value.get("versions") or ())


def _decision(item: Mapping[str, Any]) -> Decision:
    return Decision(
        unit=Unit.from_dict(item),
        action=item["action"],
        reason=item["reason"],
        running=item["running"],
        document=item["write_document"],
        hostname=item["attach_hostname"],
        namespace_id=item["namespace_id"],
        versions=_shares(item),
        seen=item["seen"],
        interrupted=item["interrupted"],
        carried=tuple(item["carried"]),
    )


__all__ = [
    "Move",
    "interrupted",
    "parse",
    "shared",
    "start",
    "update",
    "wave_dict",
    "wave_from",
    "wave_moves",
]
