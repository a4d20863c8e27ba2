# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A KV namespace of the account as a port of a synchronisation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .._cloudflare.client import Client
from .._cloudflare.kv import Item, Key


class Namespace:
    """A KV namespace as a port; one that does not exist yet is empty and is made by the first write."""

    def __init__(self, client: Client, title: str, id_: str | None) -> None:
        self._client, self._title, self._id = client, title, id_

    def keys(self) -> Iterable[Key]:
        return self._client.kv.keys(self._id) if self._id else ()

    def read(self, names: Sequence[str]) -> Mapping[str, bytes]:
        return self._client.kv.get_many(self._id, names) if self._id else {}

    def write(self, items: Sequence[Item]) -> None:
        if not self._id:
            self._id = self._client.kv.create(self._title).id
        self._client.kv.put_bulk(self._id, items)

    def remove(self, names: Sequence[str]) -> None:
        if self._id:
            self._client.kv.delete_bulk(self._id, names)


__all__ = ["Namespace"]
