# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bindings by which gateways call their tenant's relay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from ..module_utils._ledger import LedgerError
from ..module_utils._relay import issue, keys
from ..module_utils._secrets.model import SecretError, place
from ._secret_store import opened


class Unreadable(Exception):
    """The secrets of a tenant can't be read; the text says why and what to do."""


def bindings(
    planes: Iterable[Mapping[str, Any]],
    loader: Any,
    directory: str,
    ledger: str,
    passwords: str | None,
    unreadable: str,
) -> dict[str, dict[str, str]]:
    """The binding C(RELAY) by Worker. Of an unreadable tenant there is none, or Unreadable is raised."""
    store = opened(loader, directory, ledger, passwords)
    read, today = cache(store.read), datetime.now(UTC).date()
    found = {}
    for plane in planes:
        try:
            vault = read(place(plane["tenant"], plane["environment"]))
            found[plane["worker"]] = {"RELAY": issue.binding(vault, plane, today)}
        except (SecretError, LedgerError, keys.KeyTextError) as error:
            if unreadable == "fail":
                raise Unreadable(str(error)) from None
    return found


__all__ = ["Unreadable", "bindings"]
