# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each Worker needs, from the account's state and the register. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from .._cloudflare.models import Deployment, Version
from .fleet import TAG, Unit
from .plan import (
    BY_HAND,
    CREATE,
    DOCUMENT,
    DRIFTED,
    HOSTNAME,
    MARK,
    UNCHANGED,
    UNDO,
    UPDATE,
    VERIFY,
    Account,
    Decision,
    PlanError,
    Reading,
)
from .register import UNNAMED, Entry

#: Seconds within which a version and its deployment by the same upload are made.
_AT_ONCE = 5
_SECRETS = ("secret_text", "secret_key")


def suspects(units: Iterable[Unit], account: Account) -> tuple[str, ...]:
    """The Workers that exist and are not as the register left them: they must be read one by one."""
    return tuple(
        unit.script
        for unit in units
        if unit.script in account.scripts and _known(unit.script, account) is None
    )


def decide(
    units: Iterable[Unit], account: Account, take_over: bool = False, remove: bool = False
) -> tuple[Decision, ...]:
    """One decision for each unit. ``take_over`` updates drifted Workers instead of naming them.

    Secrets that nobody declares stay on their Worker, unless they are to be removed. Raises
    :class:`PlanError` when a hostname belongs to another Worker, or a secret to be kept is not there.
    """
    return tuple(_secrets(_decide(unit, account, take_over), account, remove) for unit in units)


def _secrets(decided: Decision, account: Account, remove: bool) -> Decision:
    """The decision with the secrets that are taken over from the running version, or left behind."""
    unit, there = decided.unit, _there(decided, account)
    lost = set(unit.kept) - set(there)
    if lost and UNNAMED not in there:
        raise PlanError(
            f"{unit.script} should keep {', '.join(sorted(lost))}, and has no such secret: declare where its "
            "value is (kind bound, from a secret of the store), or take the name out of the topology."
        )
    strange = tuple(name for name in there if name not in unit.kept)
    if not remove:
        return replace(decided, carried=tuple(sorted({*unit.kept, *strange})))
    decided = replace(decided, carried=unit.kept, dropped=strange)
    if strange and decided.action in (UNCHANGED, DOCUMENT, HOSTNAME, VERIFY):
        return replace(decided, action=UPDATE, reason="it has secrets that nobody declares")
    return decided


def _there(decided: Decision, account: Account) -> tuple[str, ...]:
    """The secrets of the version to come back to, without those whose values are declared."""
    script, running = decided.unit.script, decided.running
    if script not in account.scripts:
        return ()
    reading, entry = account.readings.get(script), account.register.get(script)
    version = reading.version if reading else None
    if version and version.id == running:
        found = {str(item.get("name")) for item in version.bindings if item.get("type") in _SECRETS}
    elif entry and entry.version_id == running:
        found = set(filter(None, entry.carried.split(",")))
    else:
        found = {UNNAMED}
    return tuple(sorted(found - set(decided.unit.secrets)))


def _known(script: str, account: Account) -> Entry | None:
    """The register's entry, if the list shows the Worker exactly as that entry left it."""
    entry, now = account.register.get(script), account.scripts[script]
    same = entry and entry.fingerprint and (entry.etag, entry.modified_on) == (now.etag, now.modified_on)
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
    if unit.script in account.scripts:
        facts = replace(facts, seen=account.scripts[unit.script].modified_on)
    else:
        return replace(facts, action=CREATE, reason="does not exist yet", document=unit.document is not None)
    known = _known(unit.script, account)
    decided = _by_register(facts, known) if known else _by_reading(facts, account, entry, take_over)
    if unit.namespace and namespace_id is None and decided.action not in (CREATE, DRIFTED):
        return replace(decided, action=UPDATE, reason=f"its KV namespace {unit.namespace} is missing")
    return decided


def _by_register(facts: Decision, entry: Entry) -> Decision:
    facts = replace(facts, versions=((entry.version_id, 100.0),))
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
    facts = replace(facts, versions=active.versions)
    sole, tag = active.sole_version, reading.version.tag if reading.version else ""
    back = _accepted(reading, entry)
    facts = replace(facts, interrupted=back is not None)
    if sole and (tag == facts.unit.tag or (entry and _same(entry, sole, facts.unit))):
        return replace(facts, action=VERIFY, reason="matches, but is not recorded", running=back or sole)
    if sole and entry and entry.version_id == sole:
        return replace(facts, action=UPDATE, reason="another release is running", running=sole)
    if sole and _ours(reading):
        reason = "a rollout was interrupted after its last step" if back else "another release is running"
        return replace(facts, action=UPDATE, reason=reason, running=back or sole)
    if not sole and active.message.startswith(MARK):
        reason = f"a rollout was interrupted, or is still running ({active.message}, {active.created_on})"
        running = _before(active, entry)
        return replace(facts, action=UPDATE, reason=reason, running=running, interrupted=True)
    action = UPDATE if take_over else DRIFTED
    return replace(facts, action=action, reason=deployed_by(active), running=_before(active, entry))


def _same(entry: Entry, version_id: str, unit: Unit) -> bool:
    return (entry.version_id, entry.fingerprint) == (version_id, unit.fingerprint)


def _ours(reading: Reading) -> bool:
    """Whether a rollout of ours, or a rollback by hand, deployed this version alone."""
    active, version = reading.deployment, reading.version
    if active is None or version is None or active.source not in (None, "", "api"):
        return False
    uploaded = f" {MARK}" in version.message and (
        active.message == version.message or (not active.message and _at_once(version, active))
    )
    return version.tag.startswith(TAG) and (active.message.startswith((MARK, BY_HAND)) or uploaded)


def _at_once(version: Version, active: Deployment) -> bool:
    """Whether the upload itself deployed the version. Later, and without a message, somebody else did."""
    try:
        made, deployed = datetime.fromisoformat(version.created_on), datetime.fromisoformat(active.created_on)
        return abs((deployed - made).total_seconds()) < _AT_ONCE
    except (TypeError, ValueError):
        return version.created_on == active.created_on


def _accepted(reading: Reading, entry: Entry | None) -> str | None:
    """The version that passed a gate last, where a rollout has replaced it and ended unrecorded."""
    active = reading.deployment
    if entry is None or active is None or entry.version_id == active.sole_version or not _ours(reading):
        return None
    settled = active.message == BY_HAND or active.message.endswith(UNDO)
    return None if settled else entry.version_id


def _before(active: Deployment, entry: Entry | None) -> str | None:
    """The version to come back to out of a split deployment: the accepted one, else the one listed last.

    A rollout of ours lists its candidate first.
    """
    versions = [version for version, _share in active.versions]
    if entry and entry.version_id in versions:
        return entry.version_id
    return versions[-1] if versions else None


def deployed_by(active: Deployment) -> str:
    """Who deployed what, how and when."""
    shares = " and ".join(f"{version} at {share:g} %" for version, share in active.versions)
    told = f" with the message '{active.message}'" if active.message else ""
    author, way = active.author_email or "somebody", active.source or "the API"
    return f"{author} deployed {shares} by {way} at {active.created_on}{told}"


__all__ = ["decide", "deployed_by", "suspects"]
