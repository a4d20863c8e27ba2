# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a relay is given from the store: a file with its secrets, and its public configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ..module_utils._relay import issue
from ..module_utils._secrets.model import TIME, Place, Vault
from ..module_utils._secrets.store import Store
from ._controller import texts


@dataclass(frozen=True)
class Files:
    """``secrets`` is the content of the private file, ``config`` that of the public one before it is text.

    ``made`` names the keys that were made, or would be in check mode.
    """

    vault: Vault
    made: list[str]
    secrets: bytes = field(repr=False)
    config: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """A keyed digest of the secrets."""
        return self.vault.fingerprint("relay", self.secrets.decode())

    @property
    def hidden(self) -> list[str]:
        """The values that no output may show, such as the log of a relay."""
        told = json.loads(self.secrets)
        return [*texts(told["secrets"]), *texts(told["reference_keys"])]


def files(
    store: Store, where: Place, about: Mapping[str, Any], overlap: int, check: bool, told: Callable[[], None]
) -> Files:
    """Make keys that are missing, and both files of them. ``told`` is called after each change.

    ``about`` has C(planes), C(listen) and C(authority).
    """
    at = datetime.now(UTC)
    planes: Mapping[str, Mapping[str, Any]] = about["planes"]
    vault, made = _with_keys(store, where, planes, at, check, told)
    secrets = json.dumps(issue.private(vault, planes, at, overlap), sort_keys=True).encode()
    config = {
        "format": issue.FORMAT,
        "tenant": where.tenant,
        "environment": where.environment,
        "listen": about["listen"],
        "authority": about["authority"],
        # It changes the public file with the secrets, so that the relay is restarted.
        "secrets": vault.fingerprint("relay", secrets.decode()),
        "planes": issue.public(vault, planes, at, overlap),
    }
    return Files(vault, made, secrets, config)


@contextmanager
def entered(store: Store, made: Files, host: str, path: str) -> Iterator[None]:
    """Bring the secrets to a file of a host in here: that is in the ledger before."""
    subject = {
        "tenant": made.vault.place.tenant,
        "environment": made.vault.place.environment,
        "host": host,
        "path": path,
        "digest": made.fingerprint,
    }
    with store.ledger.change("relay.bring", subject, "secrets of the relay"):
        yield


def _with_keys(
    store: Store,
    where: Place,
    planes: Mapping[str, Mapping[str, Any]],
    at: datetime,
    check: bool,
    told: Callable[[], None],
) -> tuple[Vault, list[str]]:
    """The vault with every key; in check mode those that are missing are made in memory only."""
    vault = store.read(where)
    names = issue.missing(vault, {str(plane["region"]) for plane in planes.values()})
    for name in names:
        make = partial(issue.with_key, name=name, at=at.strftime(TIME), by=store.ledger.who)
        if check:
            vault = make(vault).vault
            continue
        store.change(where, make, "key of the relay")
        told()
    return (vault if check or not names else store.read(where)), names


__all__ = ["Files", "entered", "files"]
