# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys of a KV namespace as declared, compared with what a list of keys tells. Pure.

The SHA-256 of a value is kept in its key's metadata, so that a list shows which values differ.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ._cloudflare.kv import Item, Key

HASH = "sha256"


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """Which keys to write and which to remove."""

    write: tuple[Item, ...]
    remove: tuple[str, ...]


def item(key: str, value: Any, metadata: Mapping[str, Any] | None = None, ttl: int | None = None) -> Item:
    """A declared key; anything but text is stored as canonical JSON."""
    content = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    raw = content.encode()
    return Item(key, raw, {**(metadata or {}), HASH: hashlib.sha256(raw).hexdigest()}, ttl)


def compare(declared: Iterable[Item], found: Iterable[Key], *, purge: bool) -> KeyPlan:
    """Write what is missing or differs in hash or metadata; with ``purge`` remove what is not declared."""
    wanted = {entry.key: entry for entry in declared}
    there = {key.name: key for key in found}
    write = tuple(
        entry for name, entry in wanted.items() if name not in there or there[name].metadata != entry.metadata
    )
    return KeyPlan(write, tuple(sorted(there.keys() - wanted.keys())) if purge else ())


def shown(items: Iterable[Item]) -> dict[str, Any]:
    """Keys as a diff shows them: metadata, which holds the hash, but no value."""
    return {entry.key: entry.metadata for entry in items}


__all__ = ["HASH", "KeyPlan", "compare", "item", "shown"]
