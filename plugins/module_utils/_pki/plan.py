# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When authorities and certificates are made, used and replaced; pure, all times as aware datetimes.

An authority goes through four roles. A new one is first only *trusted* (``next``) until everybody has had
time to learn of it. Then it signs (``active``). The one before goes on being trusted (``old``) while
certificates signed by it are about, and is forgotten at its own end (``ended``) or when it is distrusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WARN_DAYS = (30, 7, 1)


@dataclass(frozen=True)
class Authority:
    """A CA certificate; ``fingerprint`` is the SHA-256 in hexadecimal."""

    fingerprint: str
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True)
class Policy:
    """How long authorities live, how long before the end the next is made, how long it is only trusted."""

    days: int
    renew_before: int
    spread: int


@dataclass(frozen=True)
class Wanted:
    """A declared certificate; the kind `request` is a key and a CSR that another CA signs."""

    name: str
    kind: str
    common_name: str
    names: tuple[str, ...]
    days: int
    renew_before: int
    key_type: str


@dataclass(frozen=True)
class Leaf:
    """A certificate that is there. ``issuer`` is the fingerprint of its authority, or empty."""

    kind: str
    common_name: str
    names: tuple[str, ...]
    not_after: datetime
    issuer: str
    key_type: str
    key_fits: bool


def roles(
    authorities: Iterable[Authority], policy: Policy, now: datetime, distrusted: Iterable[str]
) -> dict[str, str]:
    """The role of each authority: next, active, old, ended or distrusted."""
    bad, found = set(distrusted), {}
    alive = sorted(authorities, key=lambda item: (item.not_before, item.fingerprint), reverse=True)
    good = [item for item in alive if item.fingerprint not in bad and item.not_after > now]
    active = _active(good, policy, now)
    for item in alive:
        if item.fingerprint in bad:
            found[item.fingerprint] = "distrusted"
        elif item.not_after <= now:
            found[item.fingerprint] = "ended"
        elif active is not None and item.fingerprint == active.fingerprint:
            found[item.fingerprint] = "active"
        else:
            found[item.fingerprint] = "next" if active and item.not_before > active.not_before else "old"
    return found


def _active(good: Sequence[Authority], policy: Policy, now: datetime) -> Authority | None:
    """The newest that has been known long enough; with none of that age, the oldest."""
    known = [item for item in good if now - item.not_before >= timedelta(days=policy.spread)]
    return known[0] if known else (good[-1] if good else None)


def needs_authority(
    authorities: Sequence[Authority], found: Mapping[str, str], policy: Policy, now: datetime, rotate: bool
) -> str:
    """Why another authority is made now, or nothing."""
    if "active" not in found.values():
        return "there is none"
    if "next" in found.values():
        return ""
    active = next(item for item in authorities if found[item.fingerprint] == "active")
    left = days_left(active.not_after, now)
    if left < policy.renew_before:
        return f"the active one ends in {left} days"
    return "a rotation was asked for" if rotate else ""


def reason(wanted: Wanted, leaf: Leaf | None, active: str, now: datetime, renew: bool = False) -> str:
    """Why a certificate is issued, or nothing. ``active`` is empty where the authority isn't known."""
    if leaf is None:
        return "there is none"
    differs = {
        "its key does not fit": not leaf.key_fits,
        f"its kind is {leaf.kind}": leaf.kind != wanted.kind,
        f"its key is of type {leaf.key_type}": leaf.key_type != wanted.key_type,
        f"its subject is {leaf.common_name}": leaf.common_name != wanted.common_name,
        "its names differ": set(leaf.names) != set(wanted.names),
        "another authority signs now": bool(active) and leaf.issuer != active,
        f"it ends in {days_left(leaf.not_after, now)} days": leaf.not_after - now
        < timedelta(days=wanted.renew_before),
        "a renewal was asked for": renew,
    }
    return next((why for why, so in differs.items() if so), "")


def end(wanted_days: int, authority: Authority, now: datetime) -> datetime:
    """When a certificate ends: after its days, and never after its authority."""
    return min(now + timedelta(days=wanted_days), authority.not_after)


def days_left(not_after: datetime, now: datetime) -> int:
    """Whole days until then, negative after it."""
    return (not_after - now).days


def warning(name: str, not_after: datetime, now: datetime) -> str:
    """What to say about a certificate that ends within 30 days, or nothing."""
    left = days_left(not_after, now)
    if left >= WARN_DAYS[0]:
        return ""
    when = f"{not_after:%Y-%m-%d %H:%M} UTC"
    if not_after <= now:
        return f"{name} ended on {when}: run the role pki now."
    urgency = next(limit for limit in reversed(WARN_DAYS) if left < limit)
    return f"{name} ends on {when}, in less than {urgency} day{'s' if urgency > 1 else ''}: run the role pki."


__all__ = [
    "WARN_DAYS",
    "Authority",
    "Leaf",
    "Policy",
    "Wanted",
    "days_left",
    "end",
    "needs_authority",
    "reason",
    "roles",
    "warning",
]
