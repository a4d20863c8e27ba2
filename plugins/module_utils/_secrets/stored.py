# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets in the account's Secrets Store: under which name each version stands there, and whose it is. Pure.

Each version has a name of its own, C(TENANT__ENVIRONMENT__NAME__VERSION), and a Worker's version is bound to
one of them: undoing a release brings the matching secret back. The comment says by keyed digests which vault
file it comes from, and which value it has. What has no such comment is somebody else's and is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .._cloudflare.secrets_store import SCOPES, New, Stored
from .declared import ByWorker, Pin, Read
from .model import Place, SecretError, Vault

MARK = "adsengineer.orchestrator"
# No name of a tenant or environment has an underscore.
_NAME = re.compile(r"([a-z0-9-]+)__([a-z0-9-]+)__(.+)__([1-9][0-9]{0,8})")
_FINGERPRINT = re.compile(r"[0-9a-f]{12}")


def name_of(pin: Pin) -> str:
    """The name of a version in the Secrets Store."""
    return f"{pin.place.tenant}__{pin.place.environment}__{pin.name}__{pin.version}"


def pin_of(name: str) -> Pin | None:
    """The version that a name stands for; None when it is not one of these names."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    tenant, environment, secret, version = found.groups()
    return Pin(Place(tenant, environment), secret, int(version))


def names(pins: Mapping[str, Mapping[str, Pin]]) -> ByWorker[str]:
    """The names in the Secrets Store by Worker and binding."""
    return {worker: {name: name_of(pin) for name, pin in items.items()} for worker, items in pins.items()}


@dataclass(frozen=True)
class Change:
    """What has to be put: new secrets, and by their ids those whose value or scope is not ours."""

    new: tuple[New, ...]
    edited: tuple[tuple[str, New], ...]


def change(pins: Mapping[str, Mapping[str, Pin]], read: Read, there: Iterable[Stored]) -> Change:
    """What is missing or different. Raises SecretError when a name has another value or owner."""
    found = {item.name: item for item in there}
    every = {name_of(pin): pin for items in pins.values() for pin in items.values()}
    new, edited = [], []
    for name, pin in sorted(every.items()):
        vault, value = read(pin.place), pin.value(read)
        wanted, standing = New(name, value, _comment(vault, name, value)), found.get(name)
        if standing is None:
            new.append(wanted)
        elif not _is_of(standing, vault):
            raise SecretError(
                f"The Secrets Store has a secret {name} that does not come from the vault file of "
                f"{pin.place}. Remove it there if nobody needs it, or rotate the secret, which takes another "
                "name."
            )
        elif _has_another_value(standing, wanted, vault):
            raise SecretError(
                f"The Secrets Store has another value as {name}, and Workers may read it: {pin.name} of "
                f"{pin.place} was removed and put again. Rotate it with the module secret (state: rotated), "
                "which takes another name."
            )
        elif standing.comment != wanted.comment or not set(SCOPES) <= set(standing.scopes):
            edited.append((standing.id, wanted))
    return Change(tuple(new), tuple(edited))


def homes(there: Iterable[Stored]) -> set[Place]:
    """Whose secrets there may be, by their names."""
    return {pin.place for item in there if (pin := pin_of(item.name)) and item.comment.startswith(f"{MARK} ")}


@dataclass(frozen=True)
class Leftover:
    """Secrets of vault files that no plane declares, and versions that their vault file has forgotten.

    A name that the vault file does not know is undeclared: a newer file than an old checkout's may have it.
    """

    undeclared: tuple[Stored, ...]
    forgotten: tuple[Stored, ...]


def leftover(
    pins: Mapping[str, Mapping[str, Pin]], vaults: Mapping[Place, Vault], there: Iterable[Stored]
) -> Leftover:
    """What stands there and is not declared. Versions before the current one are for an undo, and stay."""
    declared = {(pin.place, pin.name) for items in pins.values() for pin in items.values()}
    undeclared, forgotten = [], []
    for item in there:
        pin = pin_of(item.name)
        vault = vaults.get(pin.place) if pin else None
        if pin is None or vault is None or not _is_of(item, vault):
            continue
        secret = vault.secrets.get(pin.name)
        if secret is not None and pin.version > secret.newest:
            # Put from a newer vault file than this one, of an old checkout say: it knows more.
            continue
        if secret is not None and pin.version not in secret.versions:
            forgotten.append(item)
        elif secret is None or (pin.place, pin.name) not in declared:
            undeclared.append(item)
    return Leftover(tuple(undeclared), tuple(forgotten))


def _comment(vault: Vault, name: str, value: str) -> str:
    return f"{_mark(vault)} {vault.fingerprint(name, value)}"


def _is_of(item: Stored, vault: Vault) -> bool:
    return item.comment.startswith(f"{_mark(vault)} ")


def _has_another_value(item: Stored, wanted: New, vault: Vault) -> bool:
    """Whether we put it, with a value that the vault file had under the same number before."""
    said = item.comment.removeprefix(f"{_mark(vault)} ")
    return item.comment != wanted.comment and _FINGERPRINT.fullmatch(said) is not None


def _mark(vault: Vault) -> str:
    """Only who has the vault file can make it."""
    return f"{MARK} {vault.digest_of(mark='secrets store')[:16]}"


__all__ = ["Change", "Leftover", "change", "homes", "leftover", "name_of", "names", "pin_of"]
