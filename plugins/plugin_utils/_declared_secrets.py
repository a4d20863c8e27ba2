# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values of declared secrets, as the fleet's actions take them from the store: no task carries one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from ..module_utils._ledger import LedgerError
from ..module_utils._secrets.declared import Read, every_value, places
from ..module_utils._secrets.model import SecretError
from ..module_utils._secrets.store import Store
from ._secret_store import SHARED, opened, reading

#: Options of every action that needs values.
STORE: dict[str, dict[str, Any]] = {
    "secrets_directory": SHARED["directory"] | {"no_log": False},
    "secrets_ledger": SHARED["ledger"] | {"no_log": False},
    "secrets_passwords": SHARED["passwords"],
}


def store_of(loader: Any, args: Mapping[str, Any]) -> Store:
    """The store that the options name."""
    return opened(loader, args["secrets_directory"], args["secrets_ledger"], args["secrets_passwords"])


def reader(loader: Any, args: Mapping[str, Any]) -> Read:
    """Reads vaults of the store, each once."""
    return cache(reading(store_of(loader, args)))


def to_mask(
    read: Read, planes: Iterable[Mapping[str, Any]], given: Iterable[str]
) -> Callable[[], list[str] | None]:
    """What answers may repeat: the values given to a task, and those of the planes' tenants.

    They are read when they are asked for; None says that they can't be read.
    """

    def found() -> list[str] | None:
        try:
            return [*given, *every_value(places(planes), read)]
        except (SecretError, LedgerError):
            return None

    return found


__all__ = ["STORE", "reader", "store_of", "to_mask"]
