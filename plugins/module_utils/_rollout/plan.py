# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollout has to do: one :class:`Decision` for each unit, and the waves they go in.

Pure: everything that was read from the account comes in as an :class:`Account`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .._cloudflare.models import Deployment, Script, Version
from .fleet import FRONT, Unit
from .register import Entry, Register

CREATE, UPDATE, DOCUMENT, HOSTNAME, VERIFY = "create", "update", "document", "hostname", "verify"
UNCHANGED, DRIFTED = "unchanged", "drifted"
MARK = "rollout "


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
    """What one unit needs. ``running`` is the version to come back to, None where there is nothing."""

    unit: Unit
    action: str
    reason: str
    running: str | None = None
    document: bool = False
    hostname: bool = False
    namespace_id: str | None = None


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
    """Units that move together. ``steps`` are the candidates' percentages; none without candidates."""

    name: str
    decisions: tuple[Decision, ...]
    steps: tuple[int, ...]
    direct: bool = False


def suspects(units: Iterable[Unit], account: Account) -> tuple[str, ...]:
    """The Workers that exist and are not as the register left them: they must be read one by one."""
    return tuple(
        unit.script
        for unit in units
        if unit.script in account.scripts and _known(unit.script, account) is None
    )


def decide(units: Iterable[Unit], account: Account, take_over: bool = False) -> tuple[Decision, ...]:
    """One decision for each unit. ``take_over`` updates drifted Workers instead of naming them.

    Raises :class:`PlanError` when a hostname belongs to another Worker.
    """
    return tuple(_decide(unit, account, take_over) for unit in units)


def waves(decisions: Sequence[Decision], policy: Policy) -> tuple[Wave, ...]:
    """Canary regions first, then the others in the topology's order, fronts last.

    The first wave that uploads candidates takes the canary's steps, whatever region it is.
    """
    policy.check()
    groups: dict[str, list[Decision]] = {}
    for decision in sorted(decisions, key=_rank):
        if decision.action not in (UNCHANGED, DRIFTED):
            groups.setdefault(_wave_name(decision.unit), []).append(decision)
    found: list[Wave] = []
    first = True
    for name, members in groups.items():
        found.append(_wave(name, members, policy, first))
        first = first and not any(member.action == UPDATE for member in members)
    return tuple(found)


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
    labels = {register[unit.script].release for unit in units if unit.script in register}
    return labels.pop() if len(labels) == 1 else None


def as_recorded(units: Iterable[Unit], register: Register) -> bool:
    """Whether no unit that has an entry differs from it."""
    known = [unit for unit in units if unit.script in register]
    return all(register[unit.script].fingerprint == unit.fingerprint for unit in known)


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


def _known(script: str, account: Account) -> Entry | None:
    """The register's entry, if the list shows the Worker exactly as that entry left it."""
    entry, now = account.register.get(script), account.scripts[script]
    same = entry and (entry.etag, entry.modified_on) == (now.etag, now.modified_on)
    return entry if same else None


def _decide(unit: Unit, account: Account, take_over: bool) -> Decision:
    owner = account.domains.get(unit.hostname)
    if owner not in (None, unit.script):
        raise PlanError(
            f"The hostname {unit.hostname} of {unit.script} belongs to the Worker '{owner}': change the "
            "topology, or detach the hostname from that Worker first."
        )
    entry = account.register.get(unit.script)
    namespace_id = account.namespaces.get(unit.namespace) if unit.namespace else None
    document = unit.document is not None and (
        entry is None or entry.document != unit.document_sha256 or namespace_id is None
    )
    facts = Decision(unit, UNCHANGED, "", None, document, owner is None, namespace_id)
    if unit.script not in account.scripts:
        return replace(facts, action=CREATE, reason="does not exist yet", document=unit.document is not None)
    known = _known(unit.script, account)
    decided = _by_register(facts, known) if known else _by_reading(facts, account, entry, take_over)
    if unit.namespace and namespace_id is None and decided.action not in (CREATE, DRIFTED):
        return replace(decided, action=UPDATE, reason=f"its KV namespace {unit.namespace} is missing")
    return decided


def _by_register(facts: Decision, entry: Entry) -> Decision:
    if entry.fingerprint != facts.unit.fingerprint:
        reason = f"release {entry.release} is running"
        return replace(facts, action=UPDATE, reason=reason, running=entry.version_id)
    return _settled(facts, entry.version_id)


def _settled(facts: Decision, running: str) -> Decision:
    """The code is as it should be: what else is missing?"""
    if facts.document:
        return replace(facts, action=DOCUMENT, reason="the config document differs", running=running)
    if facts.hostname:
        return replace(facts, action=HOSTNAME, reason="the hostname is not attached", running=running)
    return replace(facts, running=running)


def _by_reading(facts: Decision, account: Account, entry: Entry | None, take_over: bool) -> Decision:
    reading = account.readings.get(facts.unit.script, Reading(None))
    active = reading.deployment
    if active is None:
        return replace(facts, action=CREATE, reason="exists, but nothing is deployed")
    sole, tag = active.sole_version, reading.version.tag if reading.version else ""
    if sole and (tag == facts.unit.tag or (entry and _same(entry, sole, facts.unit))):
        return replace(facts, action=VERIFY, reason="matches, but is not recorded", running=sole)
    if sole and (tag.startswith("fp:") or (entry and entry.version_id == sole)):
        return replace(facts, action=UPDATE, reason="another release is running", running=sole)
    if not sole and active.message.startswith(MARK):
        reason = f"a rollout was interrupted ({active.message})"
        return replace(facts, action=UPDATE, reason=reason, running=_before(active, entry))
    by = f"{active.author_email or 'somebody'} deployed {_shares(active)} by {active.source or 'the API'}"
    action = UPDATE if take_over else DRIFTED
    return replace(
        facts, action=action, reason=f"{by} at {active.created_on}", running=_before(active, entry)
    )


def _same(entry: Entry, version_id: str, unit: Unit) -> bool:
    return (entry.version_id, entry.fingerprint) == (version_id, unit.fingerprint)


def _before(active: Deployment, entry: Entry | None) -> str | None:
    """The version to come back to out of a split deployment: the accepted one, else the one listed last.

    A rollout of ours lists its candidate first.
    """
    versions = [version for version, _share in active.versions]
    if entry and entry.version_id in versions:
        return entry.version_id
    return versions[-1] if versions else None


def _shares(active: Deployment) -> str:
    return " and ".join(f"{version} at {share:g} %" for version, share in active.versions)


def _rank(decision: Decision) -> tuple[bool, bool]:
    """Sorting is stable, so the order of the topology stays within a rank."""
    return (decision.unit.kind == FRONT, not decision.unit.canary)


def _wave_name(unit: Unit) -> str:
    if unit.kind == FRONT:
        return "fronts"
    return f"canary {unit.region}" if unit.canary else unit.region


def _wave(name: str, members: Sequence[Decision], policy: Policy, first: bool) -> Wave:
    uploads = any(member.action == UPDATE for member in members)
    direct = uploads and policy.later_direct and not first
    steps = policy.canary_steps if first else policy.later_steps
    return Wave(name, tuple(members), (0, *steps) if uploads and not direct else (), direct)


__all__ = [
    "CREATE",
    "DOCUMENT",
    "DRIFTED",
    "HOSTNAME",
    "MARK",
    "UNCHANGED",
    "UPDATE",
    "VERIFY",
    "Account",
    "Decision",
    "PlanError",
    "Policy",
    "Reading",
    "Wave",
    "as_recorded",
    "cannot_undo",
    "check_probes",
    "counts",
    "decide",
    "listed",
    "recorded_label",
    "suspects",
    "waves",
]
