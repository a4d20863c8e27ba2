# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup holds: the parts of one generation, when their data was taken, and whose files they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from . import index as indexes
from .config import Part
from .index import Entry
from .problem import Problem

NAME = "manifest.json"
Names = Mapping[str, int]


@dataclass(frozen=True)
class Held:
    """A part as it was saved. ``rows`` are those of each database by table."""

    name: str
    paths: tuple[str, ...]
    volume: str
    files: int
    size: int
    rows: Mapping[str, Mapping[str, int]]
    restless: tuple[str, ...] = ()

    @property
    def declared(self) -> Part:
        """What names its places on a host."""
        return Part(self.name, tuple(map(Path, self.paths)), self.volume)


@dataclass(frozen=True)
class Manifest:
    """``made_at`` is when the copying began, in seconds since 1970: what was written before it is saved."""

    host: str
    generation: str
    sequence: int
    made_at: float
    parts: tuple[Held, ...]
    users: Names
    groups: Names

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)

    def dumped(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), sort_keys=True, indent=1) + "\n"


def loaded(text: bytes | str, place: str) -> Manifest:
    """From JSON. Raises Problem."""
    try:
        value = json.loads(text)
        fields = dict(value)
        fields["parts"] = tuple(
            Held(**{**part, "paths": tuple(part["paths"]), "restless": tuple(part["restless"])})
            for part in value["parts"]
        )
        return Manifest(**fields)
    except (ValueError, KeyError, TypeError) as error:
        raise Problem(f"{place} is no manifest of a backup: {error}. Take another snapshot.") from None


def roots(part: Part, volume: Path | None) -> list[tuple[Path, str]]:
    """Where a part is on a host, and its paths below the part's folder in a backup."""
    if volume is not None:
        return [(volume, "volume")]
    return [(path, str(path).lstrip("/")) for path in part.paths]


def folder(tree: Path, part: str) -> Path:
    """Where a part is in a backup."""
    return tree / "parts" / part


def index(tree: Path, part: str) -> dict[str, Entry]:
    """The index of a part in a backup. Raises Problem."""
    path = tree / "index" / f"{part}.json"
    try:
        return indexes.loaded(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise Problem(f"{path} can't be read ({error}), so the part {part} can't be proved.") from None


def proved(tree: Path, manifest: Manifest, parts: Iterable[str]) -> list[str]:
    """Hold parts of a restored tree against what was saved. Answers what was proved; raises Problem."""
    told = []
    for held in manifest.parts:
        if held.name not in parts:
            continue
        place, saved = folder(tree, held.name), index(tree, held.name)
        indexes.require(place, saved, held.name)
        rows = indexes.rows(place, saved)
        if rows != held.rows:
            raise Problem(
                f"The databases of {held.name} have other rows ({rows}) than were saved ({held.rows})."
            )
        pairs = certificates(place)
        count = sum(sum(tables.values()) for tables in rows.values())
        told.append(
            f"{held.name}: {held.files} files, {held.size} bytes, {count} rows, {pairs} pairs of keys"
        )
    return told


def certificates(place: Path) -> int:
    """How many certificates go with the key beside them. Raises Problem when one does not."""
    import ssl

    found = [path for path in place.rglob("cert.pem") if path.with_name("key.pem").is_file()]
    for path in found:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, path.with_name("key.pem"))
        except ssl.SSLError as error:
            raise Problem(f"{path} and the key beside it can't be used: {error.reason}.") from None
    return len(found)
