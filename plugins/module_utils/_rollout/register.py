# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account register: what was accepted last, kept in the account's own KV storage.

It is a cache. A lost, old or broken register costs calls and never correctness, so parsing forgives
everything and drops what it does not understand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

NAMESPACE = "adsengineer-orchestrator"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A Worker as it stood when it passed its last gate."""

    fingerprint: str
    document: str
    version_id: str
    etag: str
    modified_on: str
    release: str


Register = Mapping[str, Entry]


def key(topology: str) -> str:
    """The KV key of a topology's register."""
    return f"planes/{topology}"


def parse(raw: bytes | None) -> dict[str, Entry]:
    """Read a register; garbage is an empty one."""
    try:
        data = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return {}
    workers = data.get("workers")
    pairs = workers.items() if isinstance(workers, dict) else ()
    found = {str(script): _entry(value) for script, value in pairs}
    return {script: entry for script, entry in found.items() if entry is not None}


def serialize(register: Register) -> bytes:
    """Write a register; equal registers give equal bytes."""
    workers = {script: asdict(entry) for script, entry in register.items()}
    return json.dumps({"format": FORMAT, "workers": workers}, sort_keys=True, separators=(",", ":")).encode()


def merge(old: Register, new: Mapping[str, Entry], forget: Iterable[str] = ()) -> dict[str, Entry]:
    """Answer ``old`` with the entries of ``new`` and without those to forget."""
    gone = set(forget)
    return {script: entry for script, entry in {**old, **new}.items() if script not in gone}


def _entry(value: object) -> Entry | None:
    if not isinstance(value, dict):
        return None
    fields = {name: value.get(name) for name in Entry.__slots__}
    texts = {name: item for name, item in fields.items() if isinstance(item, str)}
    return Entry(**texts) if len(texts) == len(fields) else None


__all__ = ["NAMESPACE", "Entry", "Register", "key", "merge", "parse", "serialize"]
