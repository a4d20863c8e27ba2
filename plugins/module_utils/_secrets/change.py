# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be done to the secrets of a vault: pure functions from one state to the next."""

from __future__ import annotations

import secrets as random
import string
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .model import Secret, SecretError, Vault, Version, check_name, check_value

ALPHABETS = {
    "alphanumeric": string.ascii_letters + string.digits,
    "hex": string.hexdigits[:16],
    "printable": string.ascii_letters + string.digits + "!#%&()*+,-./:;<=>?@[]^_{|}~",
}
SHORTEST, LONGEST = 16, 4096


@dataclass(frozen=True)
class Change:
    """The next state, and in a word what was done: C(put), C(staged), C(current), C(revoked) or nothing."""

    vault: Vault
    what: str
    name: str
    version: int = 0


def generated(alphabet: str, length: int) -> str:
    """A random value. Raises SecretError when it could be guessed."""
    if not SHORTEST <= length <= LONGEST:
        raise SecretError(f"length is {length}: use {SHORTEST} to {LONGEST} characters.")
    return "".join(random.choice(ALPHABETS[alphabet]) for _character in range(length))


def put(vault: Vault, name: str, version: Version, keep: int, rotate_after: int | None) -> Change:
    """Make a value current, unless it is. The oldest versions beyond ``keep`` go."""
    check_name(name)
    check_value(name, version.value)
    old = vault.secrets.get(name)
    if old is not None and old.value == version.value:
        return settings(vault, name, rotate_after)
    number = old.newest + 1 if old else 1
    days = rotate_after if rotate_after is not None else old.rotate_after if old else 0
    versions = {**(old.versions if old else {}), number: version}
    return Change(
        _with(vault, name, Secret(number, days, number, _kept(versions, number, keep))), "put", name, number
    )


def settings(vault: Vault, name: str, rotate_after: int | None) -> Change:
    """Change when a secret grows stale."""
    secret = known(vault, name)
    if rotate_after is None or rotate_after == secret.rotate_after:
        return Change(vault, "", name, secret.current)
    return Change(
        _with(vault, name, replace(secret, rotate_after=rotate_after)), "settings", name, secret.current
    )


def make_current(vault: Vault, name: str, number: int) -> Change:
    """Go back, or forward, to a kept version."""
    secret = known(vault, name)
    if number not in secret.versions:
        raise SecretError(
            f"Version {number} of {name} of {vault.place} is not kept: "
            f"{', '.join(str(item) for item in sorted(secret.versions))} are."
        )
    what = "" if number == secret.current else "current"
    staged = 0 if number == secret.staged else secret.staged
    return Change(
        _with(vault, name, replace(secret, current=number, staged=staged, switched=0)), what, name, number
    )


def stage(vault: Vault, name: str, version: Version, keep: int) -> Change:
    """Add a version that is not in use yet: the first step of a rotation. One that is there already stays.

    Nothing is staged either when a rotation has taken this value into use and not revoked those before it: it
    was stopped after its switch, and goes on from there.
    """
    secret = known(vault, name)
    if secret.staged:
        return Change(vault, "", name, secret.staged)
    check_value(name, version.value)
    if version.value == secret.value and secret.switched == secret.current:
        return Change(vault, "", name, secret.current)
    if version.value == secret.value:
        raise SecretError(f"{name} of {vault.place} has this value already: rotate it to another one.")
    number = secret.newest + 1
    versions = _kept({**secret.versions, number: version}, secret.current, keep)
    new = replace(secret, newest=number, versions=versions, staged=number, switched=0)
    return Change(_with(vault, name, new), "staged", name, number)


def switch(vault: Vault, name: str) -> Change:
    """Take the staged version into use, if there is one. The one before is kept."""
    secret = known(vault, name)
    if not secret.staged:
        return Change(vault, "", name, secret.current)
    new = replace(secret, current=secret.staged, staged=0, switched=secret.staged)
    return Change(_with(vault, name, new), "current", name, new.current)


def revoke(vault: Vault, name: str) -> Change:
    """Forget every version but the current one, and one that is staged."""
    secret = known(vault, name)
    left = {
        number: item for number, item in secret.versions.items() if number in (secret.current, secret.staged)
    }
    what = "revoked" if len(left) < len(secret.versions) else ""
    return Change(_with(vault, name, replace(secret, versions=left, switched=0)), what, name, secret.current)


def remove(vault: Vault, name: str) -> Change:
    """Remove a secret with all its versions."""
    check_name(name)
    left = {other: secret for other, secret in vault.secrets.items() if other != name}
    return Change(replace(vault, secrets=left), "removed" if name in vault.secrets else "", name)


def known(vault: Vault, name: str) -> Secret:
    """The secret of this name. Raises SecretError when there is none."""
    check_name(name)
    try:
        return vault.secrets[name]
    except KeyError:
        raise SecretError(
            f"There is no secret {name} of {vault.place}. Put it with the module secret, or correct the name."
        ) from None


def _with(vault: Vault, name: str, secret: Secret) -> Vault:
    return replace(vault, secrets={**vault.secrets, name: secret})


def _kept(versions: Mapping[int, Version], current: int, keep: int) -> dict[int, Version]:
    numbers = sorted(versions)[-max(keep, 1) :]
    return {number: versions[number] for number in versions if number in numbers or number == current}
