# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a revision lies in a KV namespace. Pure.

C(head) names the documents of a revision and those of the former one by the SHA-256 of their bytes; the bytes
lie under C(v/SHA256) and never change. Values are written first and the head last. Whoever reads a head and
does not find one of its values yet takes the former revision: it sees one whole revision, never a mixture.
C(edit/NAME) are proposals of the edge. C(config) is what a rollout writes before the first synchronisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .._cloudflare.kv import Item
from .canonical import Json, Unsound, canonical, digest, strict

HEAD, VALUE, EDIT, PLAIN = "head", "v/", "edit/", "config"
FORMAT = 1
MAX_VALUE, MAX_KEY, MAX_METADATA, MAX_NAME, MAX_WHY = 25 * 1024 * 1024, 512, 1024, 200, 300
LINEAGE, SETTLED = 64, 256
#: How many proposals one synchronisation takes; it remembers all of them, since KV may show them again.
PROPOSALS = 1000
HASH, REVISION = "sha256", "revision"
#: A larger number from the edge leaves no room for the next one, which JavaScript has to count as well.
LARGEST = 2**52

Documents = Mapping[str, Json]
Names = Mapping[str, str]


class LimitError(ValueError):
    """Something is larger than KV takes; the text names it, its size and the limit."""


@dataclass(frozen=True)
class Head:
    """What the key C(head) says. ``lineage`` are the ids of the revisions it contains, newest first."""

    revision: int
    documents: Names
    former: Names = field(default_factory=dict)
    former_revision: int = 0
    lineage: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    by: str = ""
    at: str = ""
    why: str = ""

    @cached_property
    def id(self) -> str:
        """What tells this revision from others of its number."""
        return self.sha256[:16]

    @cached_property
    def sha256(self) -> str:
        return digest(self.content)

    @cached_property
    def content(self) -> bytes:
        """The value of the key."""
        return canonical(
            {
                "format": FORMAT,
                "revision": self.revision,
                "documents": dict(self.documents),
                "former": {"revision": self.former_revision, "documents": dict(self.former)},
                "lineage": list(self.lineage),
                "settled": list(self.settled),
                "by": self.by,
                "at": self.at,
                "why": self.why,
            }
        )

    def item(self) -> Item:
        """The key to write, with hash and revision in its metadata."""
        return Item(HEAD, self.content, {HASH: self.sha256, REVISION: self.revision})


def read_head(content: bytes) -> Head:
    """The head of some bytes. Raises Unsound when it is none."""
    head = head_of(strict(content, MAX_VALUE))
    if head.revision > LARGEST:
        raise Unsound(f"revision {head.revision} is none that anybody counted to")
    return head


def head_of(value: Any) -> Head:
    """The head of parsed JSON. Raises Unsound when it is none."""
    try:
        former = value["former"]
        head = Head(
            _whole(value["revision"]),
            _names(value["documents"]),
            _names(former["documents"]),
            _whole(former["revision"]),
            _texts(value["lineage"], LINEAGE),
            _texts(value["settled"], PROPOSALS),
            *(_text(value[name]) for name in ("by", "at", "why")),
        )
        known = value["format"]
    except (AttributeError, KeyError, TypeError):
        raise Unsound("it is no head: a field is missing or of another kind") from None
    if known != FORMAT:
        raise Unsound(f"it has the format {known!r}, which this release does not know: update it")
    return head


def value_item(content: bytes) -> Item:
    """The key that holds these bytes."""
    name = digest(content)
    return Item(VALUE + name, content, {HASH: name})


def contents(documents: Documents) -> dict[str, bytes]:
    """The bytes of each document. Raises LimitError that names the document."""
    found = {name: canonical(document) for name, document in documents.items()}
    for name, content in found.items():
        check_limits(name, content)
    return found


def check_limits(name: str, content: bytes) -> None:
    """Raise LimitError when a document can't be kept."""
    if len(name.encode()) > MAX_NAME:
        size = len(name.encode())
        raise LimitError(f"The document's name '{name[:40]}...' has {size} bytes; {MAX_NAME} are the most.")
    if len(content) > MAX_VALUE:
        raise LimitError(
            f"The document '{name}' has {len(content)} bytes; a value of KV takes {MAX_VALUE}: split it."
        )


def sizes_of_item(item: Item) -> None:
    """Raise LimitError when a key, its value or its metadata is larger than KV takes."""
    sizes = (
        ("name", len(item.key.encode()), MAX_KEY),
        ("value", len(item.value), MAX_VALUE),
        ("metadata", len(canonical(item.metadata)), MAX_METADATA),
    )
    for what, size, most in sizes:
        if size > most:
            raise LimitError(f"The {what} of the key '{item.key[:80]}' has {size} bytes; KV takes {most}.")


def capped(items: Iterable[str], most: int) -> tuple[str, ...]:
    """The first few of some names, each once."""
    return tuple(dict.fromkeys(items))[:most]


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_WHY:
        raise TypeError
    return value


def _texts(value: Any, most: int) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise TypeError
    return tuple(map(_text, value))


def _names(value: Any) -> dict[str, str]:
    """Names of documents with a SHA-256 each. Looked at together: a head may name tens of thousands."""
    hashes = value.values()
    sound = "".join(hashes).isalnum() and {len(item) for item in hashes} == {64}
    if value and not (sound and max(map(len, value)) <= MAX_NAME):
        raise TypeError
    return dict(value)


__all__ = [
    "EDIT",
    "HASH",
    "HEAD",
    "LINEAGE",
    "MAX_NAME",
    "MAX_VALUE",
    "MAX_WHY",
    "PLAIN",
    "PROPOSALS",
    "REVISION",
    "SETTLED",
    "VALUE",
    "Documents",
    "Head",
    "LimitError",
    "Names",
    "capped",
    "contents",
    "head_of",
    "read_head",
    "sizes_of_item",
    "value_item",
]
