# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one vault file holds: the secrets of a tenant in an environment, each with its versions.

Values are kept out of every repr and every error.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .._canonical import canonical

FORMAT = 1
LONGEST = 64 * 1024
_SHOWN = 200
MOST_DAYS = 36_500
_CREATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
TIME = "%Y-%m-%dT%H:%M:%SZ"
_PLACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,62}")


class SecretError(Exception):
    """Something about a secret is wrong. The text names the place and the remedy, never a value."""


@dataclass(frozen=True)
class Place:
    """Whose secrets: one vault file and one vault id."""

    tenant: str
    environment: str

    @property
    def vault_id(self) -> str:
        return f"{self.tenant}-{self.environment}"

    def __str__(self) -> str:
        return f"{self.tenant} in {self.environment}"


@dataclass(frozen=True)
class Version:
    """One value of a secret. ``created`` is a time in UTC, as text; ``by`` and ``why`` are for people."""

    value: str = field(repr=False)
    created: str
    by: str
    why: str


@dataclass(frozen=True)
class Secret:
    """A secret with its kept versions; ``rotate_after`` is a number of days, 0 for never.

    ``staged`` is a version that a rotation has added and that is not in use yet, ``switched`` one that it has
    taken into use without revoking those before it; else 0.
    """

    current: int
    rotate_after: int
    newest: int
    versions: Mapping[int, Version]
    staged: int = 0
    switched: int = 0

    @property
    def value(self) -> str:
        return self.versions[self.current].value

    def stale(self, at: datetime) -> bool:
        """Whether the current version is older than it should become."""
        created = datetime.strptime(self.versions[self.current].created, TIME).replace(tzinfo=at.tzinfo)
        return bool(self.rotate_after) and at - created > timedelta(days=self.rotate_after)


@dataclass(frozen=True)
class Vault:
    """A whole file. ``generation`` grows with every write; ``seen`` anchors the ledger as it was then."""

    place: Place
    generation: int
    key: str = field(repr=False)
    seen: str
    secrets: Mapping[str, Secret]

    @property
    def digest(self) -> str:
        """A keyed digest of everything in it, which tells nothing to those who can't open the file."""
        return self._keyed(canonical(dump(self)))

    def fingerprint(self, name: str, value: str) -> str:
        """A short keyed digest of a value, to tell two values apart without showing them."""
        return self._keyed(canonical({"name": name, "value": value}))[:12]

    def digest_of(self, **words: str) -> str:
        """A keyed digest of these words, to tell whether something is still what it was."""
        return self._keyed(canonical(words))

    def _keyed(self, text: bytes) -> str:
        return hmac.new(base64.b64decode(self.key), text, hashlib.sha256).hexdigest()


def place(tenant: object, environment: object) -> Place:
    """Check both names, which become parts of a path and of a vault id."""
    for what, value in (("tenant", tenant), ("environment", environment)):
        if not isinstance(value, str) or not _PLACE.fullmatch(value):
            raise SecretError(
                f"{what} is {shown(value)}: use up to 63 lower-case letters, digits and inner "
                "hyphens, as in the topology."
            )
    return Place(str(tenant), str(environment))


def shown(value: object) -> str:
    """A name as an error shows it: whole, since half a secret in its place would not be known for one.

    In ASCII, so that letters that look alike can be told apart.
    """
    text = ascii(str(value))
    return text if len(text) <= _SHOWN else f"{len(text)} characters long"


def check_name(name: str) -> None:
    """Raise SecretError unless this names a secret."""
    if not _NAME.fullmatch(name):
        raise SecretError(
            f"name is {shown(name)}: use up to 63 letters, digits, '_', '.' and '-', with a letter first."
        )


def check_value(name: str, value: object) -> str:
    """Answer a value that can be kept. Raises SecretError."""
    if not isinstance(value, str) or not value:
        raise SecretError(f"The value for {name} is empty or no text.")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise SecretError(f"The value for {name} is no valid text: encode bytes in base64.") from None
    if size > LONGEST:
        raise SecretError(f"The value for {name} has {size} bytes; {LONGEST} are the most.")
    return value


def check_reason(why: str) -> None:
    """Raise SecretError unless this can be kept as the reason of a change."""
    try:
        why.encode()
    except UnicodeEncodeError:
        raise SecretError("why is no valid text: write it in UTF-8.") from None


def dump(vault: Vault) -> dict[str, Any]:
    """The vault as JSON has it."""
    return {
        "format": FORMAT,
        "tenant": vault.place.tenant,
        "environment": vault.place.environment,
        "generation": vault.generation,
        "key": vault.key,
        "ledger": vault.seen,
        "secrets": {name: _dumped(secret) for name, secret in vault.secrets.items()},
    }


def text(vault: Vault) -> str:
    """What is encrypted: indented, since people look at it with C(ansible-vault view)."""
    return json.dumps(dump(vault), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def parse(content: str, where: str) -> Vault:
    """Read what was decrypted. Raises SecretError, which shows a name at most."""
    try:
        data = json.loads(content)
        if data["format"] != FORMAT:
            raise SecretError(f"{where} was written by a newer release of this collection: use that one.")
        secrets = {name: _parsed(item) for name, item in data["secrets"].items()}
        for name in secrets:
            check_name(name)
        found = Vault(
            place(data["tenant"], data["environment"]),
            data["generation"],
            data["key"],
            data["ledger"],
            secrets,
        )
        if len(base64.b64decode(found.key, validate=True)) != 32 or not isinstance(found.generation, int):
            raise ValueError
        if not isinstance(found.seen, str) or not found.seen.isascii():
            raise ValueError
        return found
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Without the cause: it would quote what it could not read.
        raise SecretError(f"{where} was decrypted, but holds no secrets of this collection.") from None


def _dumped(secret: Secret) -> dict[str, Any]:
    rotation = {"staged": secret.staged, "switched": secret.switched}
    return {name: number for name, number in rotation.items() if number} | {
        "current": secret.current,
        "newest": secret.newest,
        "rotate_after": secret.rotate_after,
        "versions": {str(number): vars(version) for number, version in secret.versions.items()},
    }


def _parsed(data: Mapping[str, Any]) -> Secret:
    versions = {int(number): Version(**item) for number, item in data["versions"].items()}
    rotation = (data.get("staged", 0), data.get("switched", 0))
    found = Secret(data["current"], data["rotate_after"], data["newest"], versions, *rotation)
    texts = [text for version in versions.values() for text in vars(version).values()]
    numbers = (found.current, found.rotate_after, found.newest, *rotation)
    if not all(isinstance(item, str) for item in texts) or not all(isinstance(item, int) for item in numbers):
        raise TypeError
    for item in texts:
        # A lone surrogate is text for JSON, and for nothing else.
        if not item.isascii():
            item.encode()
    if not 0 <= found.rotate_after <= MOST_DAYS:
        raise ValueError
    if not {found.current, found.staged or found.current} <= versions.keys() or max(versions) > found.newest:
        raise ValueError
    for version in versions.values():
        _check_time(version.created)
    return found


def _check_time(created: str) -> None:
    """Raise ValueError unless this is as C(TIME) writes it. C(strptime) takes ten times as long."""
    if not _CREATED.fullmatch(created):
        raise ValueError
    datetime.fromisoformat(created.removesuffix("Z"))
