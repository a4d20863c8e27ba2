# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollout has to do: one :class:`Decision` for each unit, and the waves they go in.

Pure: everything that was read from the account comes in as an :class:`Account`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from .._cloudflare.models import Deployment, Script, Version
from .fleet import FRONT, Unit
from .register import Entry, Register

CREATE, UPDATE, DOCUMENT, HOSTNAME, VERIFY = "create", "update", "document", "hostname", "verify"
UNCHANGED, DRIFTED = "unchanged", "drifted"
MARK, UNDO, BY_HAND = "rollout ", " undo", "rollback by hand"

Shares = tuple[tuple[str, float], ...]


class PlanError(Exception):
    """The account is in a state in which the rollout may not start; the text says which and what to do."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A Worker read one by one: its active deployment and, when that is whole, its version."""

    deployment: Deployment | None
    version: Version | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """What a few calls told about all Workers, hostnames and namespaces; ``readings`` of the suspects."""

    scripts: Mapping[str, Script]
    domains: Mapping[str, str]
    namespaces: Mapping[str, str]
    register: Register
    readings: Mapping[str, Reading] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What one unit needs. ``running`` is the version to come back to, None where there is nothing.

    ``versions`` is what was deployed when the plan looked, and ``seen`` the time of the Worker's last change
    then: together they tell later whether somebody else has deployed. ``interrupted`` says that an earlier
    rollout was killed here: what it left is put back by an undo even if this rollout has not come so far.
    ``carried`` are secrets that the new version takes over from ``running``, ``dropped`` those that it
    leaves behind.
    """

    unit: Unit
    action: str
    reason: str
    running: str | None = None
    document: bool = False
    hostname: bool = False
    namespace_id: str | None = None
    versions: Shares = ()
    seen: str = ""
    interrupted: bool = False
    carried: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """How a candidate's share grows. ``later_direct`` uploads later planes straight to 100 %."""

    canary_steps: tuple[int, ...] = (10, 50, 100)
    later_steps: tuple[int, ...] = (100,)
    later_direct: bool = False

    def check(self) -> None:
        """Raise :class:`PlanError` for steps that do not rise to 100."""
        for name, steps in (("canary_steps", self.canary_steps), ("later_steps", self.later_steps)):
            rising = list(steps) == sorted(set(steps)) and all(0 < step <= 100 for step in steps)
            if not rising or not steps or steps[-1] != 100:
                raise PlanError(f"{name} is {list(steps)}: use rising percentages from 1 that end with 100.")


@dataclass(frozen=True, slots=True)
class Wave:
    """Units that move together. ``steps`` are the candidates' percentages; none without candidates.

    ``ahead`` are units of later waves whose candidates are uploaded before anything of this wave, so that
    code which the platform refuses is refused before a visitor meets any of the release. ``interrupted`` are
    those of later waves that a killed rollout left on a version which passed no gate.
    """

    name: str
    decisions: tuple[Decision, ...]
    steps: tuple[int, ...]
    direct: bool = False
    ahead: tuple[Decision, ...] = ()
    interrupted: tuple[Decision, ...] = ()


def waves(decisions: Sequence[Decision], policy: Policy, gated: bool = True) -> tuple[Wave, ...]:
    """Canary regions first, then the others in the topology's order, fronts last.

    The first wave that uploads candidates takes the canary's steps, whatever region it is. Neighbouring
    regions in which every Worker is new are one wave, as there is nothing to protect that a wave apart would
    keep; with a gate behind each wave the canary regions stay the first.
    """
    policy.check()
    groups: dict[str, list[Decision]] = {}
    for decision in sorted(decisions, key=_rank):
        if decision.action not in (UNCHANGED, DRIFTED):
            groups.setdefault(wave_name(decision.unit), []).append(decision)
    found: list[Wave] = []
    first = True
    for name, members in _joined(groups, gated):
        found.append(_wave(name, members, policy, first))
        first = first and not any(member.action == UPDATE for member in members)
    if not found:
        return ()
    left = tuple(item for wave in found[1:] for item in wave.decisions if item.interrupted)
    return (replace(found[0], ahead=_ahead(found), interrupted=left), *found[1:])


def wave_name(unit: Unit) -> str:
    """The name of the wave that a unit goes in."""
    if unit.kind == FRONT:
        return "fronts"
    return f"canary {unit.region}" if unit.canary else unit.region


def check_probes(found: Iterable[Wave], kinds: Collection[str]) -> None:
    """Raise :class:`PlanError` when a wave's kind of Worker has no probe: its gate could never decide."""
    needed = {item.unit.kind for wave in found for item in wave.decisions}
    missing = sorted(needed - set(kinds))
    if missing:
        raise PlanError(
            f"No probe is for Workers of the kind {' or '.join(missing)}, so their gate could not decide. "
            f"Nothing was written. Add one to the option probes (edge_probes of the role) that names "
            f"{' and '.join(missing)} in its kinds, or leave kinds out; or switch verification off."
        )


def recorded_label(units: Iterable[Unit], register: Register) -> str | None:
    """The one release that all entries of these units carry, or None."""
    labels = {entry.release for _unit, entry in _recorded(units, register)}
    return labels.pop() if len(labels) == 1 else None


def as_recorded(units: Iterable[Unit], register: Register) -> bool:
    """Whether no unit that has an entry differs from it."""
    return all(entry.fingerprint == unit.fingerprint for unit, entry in _recorded(units, register))


def _recorded(units: Iterable[Unit], register: Register) -> list[tuple[Unit, Entry]]:
    found = ((unit, register.get(unit.script)) for unit in units)
    return [(unit, entry) for unit, entry in found if entry and entry.fingerprint]


def counts(decisions: Iterable[Decision]) -> dict[str, int]:
    """How many units each action has."""
    found: dict[str, int] = {}
    for decision in decisions:
        found[decision.action] = found.get(decision.action, 0) + 1
    return found


def cannot_undo(decisions: Iterable[Decision]) -> tuple[str, ...]:
    """What an undo of this rollout would leave as it is, said before the first write."""
    found = tuple(decisions)
    created = [item.unit.script for item in found if item.action == CREATE]
    documents = [item.unit.script for item in found if item.document and item.action != CREATE]
    hostnames = [item.unit.hostname for item in found if item.hostname and item.action != CREATE]
    notes = (
        (created, "new Workers have no version to go back to; an undo leaves them as they are"),
        (documents, "config documents in KV are written in place and are not put back"),
        (hostnames, "hostnames stay attached"),
    )
    return tuple(f"{text}: {listed(names)}" for names, text in notes if names)


def listed(names: Sequence[str], most: int = 4) -> str:
    """Some names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _rank(decision: Decision) -> tuple[bool, bool]:
    """Sorting is stable, so the order of the topology stays within a rank."""
    return (decision.unit.kind == FRONT, not decision.unit.canary)


def _joined(groups: Mapping[str, list[Decision]], gated: bool) -> list[tuple[str, list[Decision]]]:
    def mark(name: str) -> str | bool:
        members = groups[name]
        new = all(item.action == CREATE and item.unit.kind != FRONT for item in members)
        return gated and members[0].unit.canary if new else name

    found = [list(names) for _mark, names in groupby(groups, key=mark)]
    return [(listed(names), [item for name in names for item in groups[name]]) for names in found]


def _wave(name: str, members: Sequence[Decision], policy: Policy, first: bool) -> Wave:
    uploads = any(member.action == UPDATE for member in members)
    direct = uploads and policy.later_direct and not first
    steps = policy.canary_steps if first else policy.later_steps
    return Wave(name, tuple(members), (0, *steps) if uploads and not direct else (), direct)


def _ahead(found: Sequence[Wave]) -> tuple[Decision, ...]:
    """One candidate of each kind that the first wave does not have.

    A new Worker is deployed by its upload, and what is bound to it can't be uploaded before it.
    """
    every = [item for wave in found for item in wave.decisions]
    if any(item.action == CREATE for item in every):
        return ()
    later = [item for wave in found[1:] if wave.steps for item in wave.decisions if item.action == UPDATE]
    kinds = {item.unit.kind: item for item in reversed(later)}
    own = {item.unit.kind for item in found[0].decisions}
    return tuple(item for kind, item in kinds.items() if kind not in own)


__all__ = [
    "BY_HAND",
    "CREATE",
    "DOCUMENT",
    "DRIFTED",
    "HOSTNAME",
    "MARK",
    "UNCHANGED",
    "UNDO",
    "UPDATE",
    "VERIFY",
    "Account",
    "Decision",
    "PlanError",
    "Policy",
    "Reading",
    "Shares",
    "Wave",
    "as_recorded",
    "cannot_undo",
    "check_probes",
    "counts",
    "listed",
    "recorded_label",
    "wave_name",
    "waves",
]
