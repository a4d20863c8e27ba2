# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which secrets the topology declares for which Worker, and which version of the store stands for each. Pure.

A plan pins versions; an upload takes exactly those, whatever was rotated in between. Both read the store by
``read``, which answers the vault of a place or raises SecretError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .model import Place, SecretError, Vault, place

BOUND, RELAYED, KEPT, STORED = "bound", "relayed", "kept", "secrets_store"
#: A secret of a Secrets Store that somebody else looks after.
FOREIGN = "of a named Secrets Store"
#: Kinds whose values are in the collection's store.
OURS = (BOUND, RELAYED, STORED)
#: The binding with the keys of a plane that has relayed secrets, and where the store keeps them.
RING, SIGNER = "SEALING_KEYS", "relayed.signer"
#: Where the store keeps the keys of a relay: that of its references, and by region those of its planes.
RELAY_REFERENCES, RELAY_SIGNING = "relay_references", "relay_signing."
_PIN = re.compile(r"([^/@]+)/([^/@]+)/([^/@]+)@([1-9][0-9]{0,8})")
_SHOWN = 5

Read = Callable[[Place], Vault]
T = TypeVar("T")
#: Worker -> name of the binding -> something about it.
ByWorker = dict[str, dict[str, T]]


@dataclass(frozen=True)
class Pin:
    """One version of a secret of the store. Its text is C(ENVIRONMENT/TENANT/NAME@VERSION)."""

    place: Place
    name: str
    version: int

    def __str__(self) -> str:
        return f"{self.place.environment}/{self.place.tenant}/{self.name}@{self.version}"

    @classmethod
    def parse(cls, text: str) -> Pin:
        found = _PIN.fullmatch(text)
        if found is None:
            raise SecretError(f"'{text[:80]}' names no version of a secret. Plan again.")
        environment, tenant, name, version = found.groups()
        return cls(place(tenant, environment), name, int(version))

    def value(self, read: Read) -> str:
        """The value. Raises SecretError when the version is no longer kept."""
        secret = read(self.place).secrets.get(self.name)
        if secret is None or self.version not in secret.versions:
            raise SecretError(
                f"Version {self.version} of {self.name} of {self.place} is no longer kept. Plan again."
            )
        return secret.versions[self.version].value


def kind_of(item: Mapping[str, Any]) -> str:
    """The kind of a declared secret."""
    return FOREIGN if item["kind"] == STORED and item.get("store") else str(item["kind"])


def names(planes: Iterable[Mapping[str, Any]], kind: str) -> dict[str, tuple[str, ...]]:
    """The bindings of one kind by Worker; Workers without any are left out."""
    found = {
        plane["worker"]: tuple(
            sorted(name for name, item in _secrets(plane).items() if kind_of(item) == kind)
        )
        for plane in planes
    }
    return {worker: bindings for worker, bindings in found.items() if bindings}


def relayed_names(plane: Mapping[str, Any]) -> dict[str, Any]:
    """The relayed secrets of a plane."""
    declared = plane.get("secrets") or {}
    return {name: item for name, item in declared.items() if item["kind"] == RELAYED}


def ring_name(plane: Mapping[str, Any]) -> str:
    """The secret of the store that has a plane's keys."""
    return f"relayed.keys.{plane['region']}"


def places(planes: Iterable[Mapping[str, Any]]) -> list[Place]:
    """Whose secrets these planes declare."""
    found = {
        _place(plane) for plane in planes if any(kind_of(item) in OURS for item in _secrets(plane).values())
    }
    return sorted(found, key=str)


def pinned(planes: Iterable[Mapping[str, Any]], kind: str, read: Read) -> ByWorker[Pin]:
    """The current version of each declared secret. Raises SecretError that tells all that are missing."""
    found: ByWorker[Pin] = {}
    missing: list[str] = []
    for plane in planes:
        for name, item in _secrets(plane).items():
            if kind_of(item) != kind:
                continue
            secret = read(_place(plane)).secrets.get(item["from"])
            if secret is None:
                missing.append(f"{item['from']} of {_place(plane)} ({name} of {plane['worker']})")
            else:
                pin = Pin(_place(plane), item["from"], secret.current)
                found.setdefault(plane["worker"], {})[name] = pin
    if missing:
        raise SecretError(
            f"The topology declares secrets that the store does not have: {_listed(missing)}. Put them with "
            "the module secret, or correct the names; the keys of planes (relayed.keys.REGION) are made by a "
            "run of site without --check."
        )
    return found


def digests(pins: ByWorker[Pin], read: Read) -> ByWorker[str]:
    """Digests under each vault's own key, bound to Worker and binding: equal values look different."""
    return {
        worker: {
            name: read(pin.place).digest_of(worker=worker, binding=name, value=pin.value(read))
            for name, pin in items.items()
        }
        for worker, items in pins.items()
    }


def values(pins: Mapping[str, Mapping[str, Pin]], read: Read) -> ByWorker[str]:
    """The values."""
    return {worker: {name: pin.value(read) for name, pin in items.items()} for worker, items in pins.items()}


def every_value(places_: Iterable[Place], read: Read) -> list[str]:
    """Every kept value of these places: what no answer of their Workers may be shown to repeat."""
    return [
        version.value
        for where in places_
        for secret in read(where).secrets.values()
        for version in secret.versions.values()
    ]


def _secrets(plane: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is declared, and the keys where they are needed: a bound secret like any other."""
    ring = {RING: {"kind": BOUND, "from": ring_name(plane)}} if relayed_names(plane) else {}
    return {**(plane.get("secrets") or {}), **ring}


def _place(plane: Mapping[str, Any]) -> Place:
    return place(plane["tenant"], plane["environment"])


def _listed(items: list[str]) -> str:
    more = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


__all__ = [
    "BOUND",
    "FOREIGN",
    "KEPT",
    "OURS",
    "RELAYED",
    "RELAY_REFERENCES",
    "RELAY_SIGNING",
    "RING",
    "SIGNER",
    "STORED",
    "Pin",
    "digests",
    "every_value",
    "kind_of",
    "names",
    "pinned",
    "places",
    "relayed_names",
    "ring_name",
    "values",
]
