# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Relayed secrets: the keys that a plane needs, and the envelopes that its namespace should hold. Pure.

Sealing is random, so an envelope can't be compared with another. What it holds is told by the metadata beside
it: version, key, and a digest under the vault's key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import change
from .declared import SIGNER, relayed_names, ring_name
from .envelope import Context, Ring, Signer, seal, turned
from .model import TIME, Vault, Version

PREFIX = "sealed/"
_KEEP = 3


@dataclass(frozen=True)
class Letter:
    """One envelope to be in a namespace; by its ``metadata`` an equal one is known and left alone."""

    key: str
    context: Context
    metadata: Mapping[str, Any]
    value: str

    def sealed(self, ring: Ring, signer: Signer) -> bytes:
        """Seal and sign it."""
        return seal(self.context, self.value, ring.public, signer).encode()


def letters(plane: Mapping[str, Any], vault: Vault) -> tuple[Letter, ...]:
    """The envelopes that a plane's namespace should hold. Raises SecretError when a secret is missing."""
    ring = ring_of(plane, vault)
    found = []
    for name, item in relayed_names(plane).items():
        secret = change.known(vault, item["from"])
        context = Context(
            plane["tenant"],
            plane["region"],
            plane["worker"],
            name,
            secret.current,
            vault.generation,
            ring.current,
        )
        mark = vault.digest_of(worker=plane["worker"], relayed=name, value=secret.value)[:32]
        metadata = {"version": secret.current, "key": ring.current, "mark": mark}
        found.append(Letter(PREFIX + name, context, metadata, secret.value))
    return tuple(found)


def ring_of(plane: Mapping[str, Any], vault: Vault) -> Ring:
    """The keys of a plane."""
    return Ring.parse(change.known(vault, ring_name(plane)).value)


def signer_of(vault: Vault) -> Signer:
    """The control plane's signing key for this tenant."""
    return Signer.parse(change.known(vault, SIGNER).value)


def keyed(
    vault: Vault, plane: Mapping[str, Any], rotate: bool, at: datetime, by: str, why: str
) -> change.Change:
    """The vault with a ring for this plane: made when there is none, or with a new key."""
    name = ring_name(plane)
    if name in vault.secrets and not rotate:
        return change.Change(vault, "", name, vault.secrets[name].current)
    stamp = at.strftime(TIME)
    if SIGNER not in vault.secrets:
        made = Version(Signer.made().text(), stamp, by, why)
        vault = change.put(vault, SIGNER, made, _KEEP, None).vault
    old = Ring.parse(vault.secrets[name].value) if name in vault.secrets else None
    ring = turned(old, signer_of(vault))
    return change.put(vault, name, Version(ring.text(), stamp, by, why), _KEEP, None)


__all__ = ["PREFIX", "Letter", "keyed", "letters", "ring_of", "signer_of"]
