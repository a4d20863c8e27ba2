# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account register: what was accepted last, kept in the account's own KV storage.

One key for each Worker, the entry in its metadata: one list call reads a thousand, and runs on different
Workers never write the same key. The fingerprints in it are a cache: lost, old or broken they cost calls.
What it alone knows is which version passed a gate where a rollout was killed before its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from .._cloudflare.kv import Item, Key

NAMESPACE = "adsengineer-orchestrator"
#: Secrets that nobody declares, where their names are not known or don't fit into an entry.
UNNAMED = "*"
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Entry:
    """A Worker as it stood when it passed its last gate.

    ``carried`` are the names of secrets that the version has beside the declared ones, with commas between.
    Without a fingerprint it says only which version is accepted: somebody went back to that one by hand.
    """

    fingerprint: str
    document: str
    version_id: str
    etag: str
    modified_on: str
    release: str
    carried: str = ""


Register = Mapping[str, Entry]


def prefix(topology: str) -> str:
    """What the KV keys of a topology's Workers begin with."""
    return f"planes/{topology}/"


def parse(keys: Iterable[Key], topology: str) -> dict[str, Entry]:
    """Read a register; what is no entry counts as missing."""
    start = prefix(topology)
    found = {key.name.removeprefix(start): _entry(key.metadata) for key in keys if key.name.startswith(start)}
    return {script: entry for script, entry in found.items() if entry is not None}


def items(topology: str, old: Register, new: Register) -> list[Item]:
    """The keys to write so that ``new`` stands where it differs from ``old``."""
    return [
        Item(f"{prefix(topology)}{script}", entry.version_id.encode(), asdict(entry))
        for script, entry in sorted(new.items())
        if old.get(script) != entry
    ]


def went_back(old: Register, stands: Mapping[str, str]) -> dict[str, Entry]:
    """Entries for Workers whose traffic was given back by hand to the versions of ``stands``."""
    blank = Entry("", "", "", "", "", "")
    return {
        script: Entry("", old.get(script, blank).document, version, "", "", "", UNNAMED)
        for script, version in stands.items()
    }


def carried_text(names: Iterable[str]) -> str:
    """Names of carried secrets as an entry has them."""
    text = ",".join(names)
    return text if len(text) <= _LONGEST else UNNAMED


def _entry(value: object) -> Entry | None:
    if not isinstance(value, dict):
        return None
    fields = {name: value.get(name) for name in Entry.__slots__}
    fields["carried"] = value.get("carried", "")
    texts = {name: item for name, item in fields.items() if isinstance(item, str)}
    return Entry(**texts) if len(texts) == len(fields) else None


__all__ = [
    "NAMESPACE",
    "UNNAMED",
    "Entry",
    "Register",
    "carried_text",
    "items",
    "parse",
    "prefix",
    "went_back",
]
