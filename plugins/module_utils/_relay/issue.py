# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a relay and its planes are given, made of a tenant's vault and the declared connectors. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from .._secrets.change import Change, generated, known, put
from .._secrets.declared import RELAY_REFERENCES, RELAY_SIGNING
from .._secrets.model import TIME, Secret, SecretError, Vault, Version
from . import keys
from .reference import Reference, expiry, seal

FORMAT = 1
#: Versions of a key that are kept.
KEPT = 5
LENGTH = 64
# As in the service, which would not start with another.
_USABLE = re.compile(r"(?=.{8})[\x21-\x7e]+(?: [\x21-\x7e]+)*")


def missing(vault: Vault, regions: Iterable[str]) -> list[str]:
    """The names of keys that are still to be made."""
    names = [RELAY_REFERENCES, *(RELAY_SIGNING + region for region in sorted(regions))]
    return [name for name in names if name not in vault.secrets]


def with_key(vault: Vault, name: str, at: str, by: str) -> Change:
    """A vault with a new key."""
    return put(vault, name, Version(generated("hex", LENGTH), at, by, "key of the relay"), KEPT, None)


def accepted(secret: Secret, at: datetime, overlap: int) -> list[str]:
    """The versions of a key that count: the current, the newest, and what was replaced in the last days.

    So planes that were not deployed since a rotation go on, and taking a rotation back stops none.
    """
    numbers = sorted(secret.versions)
    found = [secret.current, secret.newest]
    for number, after in pairwise(numbers):
        replaced = datetime.strptime(secret.versions[after].created, TIME).replace(tzinfo=at.tzinfo)
        if at - replaced < timedelta(days=overlap):
            found.append(number)
    return [secret.versions[number].value for number in dict.fromkeys(found) if number in secret.versions]


def public(
    vault: Vault, planes: Mapping[str, Mapping[str, Any]], at: datetime, overlap: int
) -> dict[str, dict[str, Any]]:
    """What the relay may know of each plane: its public keys and its connectors."""
    return {
        name: {
            "keys": [
                keys.public_jwk(text)
                for text in accepted(_key(vault, RELAY_SIGNING + plane["region"]), at, overlap)
            ],
            "connectors": plane["connectors"],
        }
        for name, plane in sorted(planes.items())
    }


def private(
    vault: Vault, planes: Mapping[str, Mapping[str, Any]], at: datetime, overlap: int
) -> dict[str, Any]:
    """What the relay has to keep: the secrets that connectors name, and the keys of the references."""
    connectors = (one for plane in planes.values() for one in plane["connectors"].values())
    names = sorted({str(one["credential"]["secret"]) for one in connectors})
    return {
        "format": FORMAT,
        "tenant": vault.place.tenant,
        "environment": vault.place.environment,
        "reference_keys": accepted(_key(vault, RELAY_REFERENCES), at, overlap),
        "secrets": {name: _usable(vault, name) for name in names},
    }


def binding(vault: Vault, plane: Mapping[str, Any], today: date) -> str:
    """The text of a plane's binding C(RELAY). The same until a key, a connector or the period changes."""
    relay = plane["relay"]
    sealing = keys.sealing_key(_key(vault, RELAY_REFERENCES).value)
    ends = expiry(today, relay["reference_days"])
    return json.dumps(
        {
            "url": relay["url"],
            "key": keys.private_jwk(_key(vault, RELAY_SIGNING + plane["region"]).value),
            "references": {
                name: seal(
                    Reference(plane["tenant"], plane["environment"], plane["name"], name, ends), sealing
                )
                for name in sorted(relay["connectors"])
            },
            "exposed": sorted(name for name, one in relay["connectors"].items() if one.get("exposed")),
        },
        sort_keys=True,
    )


def _key(vault: Vault, name: str) -> Secret:
    if name not in vault.secrets:
        raise SecretError(
            f"There is no key {name} of {vault.place} yet: run the role relay on the control plane first, "
            "or the quickstart for a relay of this machine, which makes it."
        )
    return vault.secrets[name]


def _usable(vault: Vault, name: str) -> str:
    value = known(vault, name).value
    if not _USABLE.fullmatch(value):
        raise SecretError(
            f"The secret {name} of {vault.place} can't be used by a connector: it has to be 8 or more "
            "printable characters of ASCII on one line, or it could not be kept out of answers."
        )
    return value
