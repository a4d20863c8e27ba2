# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is stale, unused or missing: the declared secrets against those of the store. Pure; never a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .declared import OURS, RELAY_REFERENCES, RELAY_SIGNING, SIGNER, kind_of
from .model import TIME, Place, Secret, Vault, place

FRESH, STALE, UNUSED, MISSING, STAGED = "fresh", "stale", "unused", "missing", "half rotated"
_OWN = ("relayed.keys.", SIGNER)


@dataclass(frozen=True)
class Row:
    """One secret: its state, its age, and where it is used, as C(PLANE.BINDING (KIND))."""

    place: Place
    name: str
    state: str
    version: int = 0
    age_days: int = 0
    rotate_after: int = 0
    uses: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "tenant": self.place.tenant,
            "environment": self.place.environment,
            "name": self.name,
            "state": self.state,
            "version": self.version,
            "age_days": self.age_days,
            "rotate_after": self.rotate_after,
            "uses": list(self.uses),
        }


@dataclass
class _Use:
    """Where a secret is used, and after how many days each place wants it rotated.

    What is ``made`` by the collection itself when it is needed is never missing.
    """

    uses: list[str] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    made: bool = False


def audit(
    planes: Iterable[Mapping[str, Any]], vaults: Mapping[Place, Vault | None], at: datetime
) -> tuple[Row, ...]:
    """A row for each secret that is declared or stored. ``vaults`` has None where there is no file."""
    used = _used(planes)
    stored = {
        (where, name): secret
        for where, vault in vaults.items()
        for name, secret in (vault.secrets if vault else {}).items()
        if not name.startswith(_OWN)
    }
    wanted = {key for key, use in used.items() if not use.made}
    keys = sorted(wanted | stored.keys(), key=lambda key: (str(key[0]), key[1]))
    return tuple(_row(key, stored.get(key), used.get(key, _Use()), at) for key in keys)


def _used(planes: Iterable[Mapping[str, Any]]) -> dict[tuple[Place, str], _Use]:
    found: dict[tuple[Place, str], _Use] = {}
    for plane in planes:
        for binding, item in (plane.get("secrets") or {}).items():
            if kind_of(item) not in OURS:
                continue
            key = (place(plane["tenant"], plane["environment"]), item["from"])
            use = found.setdefault(key, _Use())
            use.uses.append(f"{plane['name']}.{binding} ({item['kind']})")
            use.days += [item["rotate_after"]] if item.get("rotate_after") else []
        for name, told, made in _resident(plane):
            use = found.setdefault((place(plane["tenant"], plane["environment"]), name), _Use(made=made))
            use.uses.append(f"{plane['name']}{told}")
    return found


def _resident(plane: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """What a plane's relay uses for it: name in the store, how that is told, and whether it is made."""
    connectors = (plane.get("relay") or {}).get("connectors") or {}
    for name, connector in connectors.items():
        yield connector["credential"]["secret"], f".{name} (resident)", False
    if connectors:
        yield RELAY_REFERENCES, " (relay)", True
        yield RELAY_SIGNING + plane["region"], " (relay)", True


def uses(planes: Iterable[Mapping[str, Any]]) -> dict[tuple[Place, str], list[str]]:
    """By secret where these planes use it, as C(PLANE.BINDING (KIND))."""
    return {key: sorted(use.uses) for key, use in _used(planes).items()}


def audited_places(planes: Iterable[Mapping[str, Any]]) -> set[Place]:
    """Whose secrets these planes use, those of their relays included."""
    return {where for where, _name in _used(planes)}


def _row(key: tuple[Place, str], secret: Secret | None, use: _Use, at: datetime) -> Row:
    where, name = key
    uses = tuple(sorted(use.uses))
    if secret is None:
        return Row(where, name, MISSING, uses=uses)
    days = min([*use.days, *([secret.rotate_after] if secret.rotate_after else [])], default=0)
    created = datetime.strptime(secret.versions[secret.current].created, TIME).replace(tzinfo=UTC)
    age = at - created
    return Row(where, name, _state(secret, uses, days, age), secret.current, age.days, days, uses)


def _state(secret: Secret, uses: tuple[str, ...], days: int, age: timedelta) -> str:
    if secret.staged:
        return STAGED
    if days and age > timedelta(days=days):
        return STALE
    return FRESH if uses else UNUSED


__all__ = ["FRESH", "MISSING", "STAGED", "STALE", "UNUSED", "Row", "audit", "audited_places", "uses"]
