# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists that come in pages: by number, or by cursor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .shapes import Odd
from .transport import Api, Call


def numbered(api: Api, call: Call, per_page: int) -> Iterator[Any]:
    """The items of every page of a list that is paged by number."""
    page, seen = 1, 0
    while True:
        params = {**(call.params or {}), "page": page, "per_page": per_page}
        envelope = api.send(replace(call, params=params))
        items = api.parsed(call, envelope.result, _items)
        yield from items
        seen += len(items)
        if not items or _last(envelope.info, seen, len(items), per_page):
            return
        page += 1


def by_cursor(api: Api, call: Call) -> Iterator[Any]:
    """The items of every page of a list that is paged by cursor; a cursor that comes again ends it."""
    cursor, used = "", set[str]()
    while True:
        params = {**(call.params or {}), **({"cursor": cursor} if cursor else {})}
        envelope = api.send(replace(call, params=params))
        yield from api.parsed(call, envelope.result, _items)
        cursor = str(envelope.info.get("cursor") or "")
        if not cursor or cursor in used:
            return
        used.add(cursor)


def _last(info: Mapping[str, Any], seen: int, length: int, asked: int) -> bool:
    """Whether a page is the last one, by the total or else by its length."""
    total, given = info.get("total_count"), info.get("per_page")
    if isinstance(total, int):
        return seen >= total
    return length < (given if isinstance(given, int) and given else asked)


def _items(value: object) -> Sequence[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Odd(f"a list was expected, a {type(value).__name__} came")
    return value


__all__ = ["by_cursor", "numbered"]
