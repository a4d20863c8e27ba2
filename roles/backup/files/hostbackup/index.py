# SPDX-License-Identifier: GPL-3.0-or-later
"""What a part holds, file by file, and whether a folder still holds it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .problem import Problem

DIRECTORY, FILE, LINK, DATABASE = "d", "f", "l", "q"
#: How every SQLite database begins.
MAGIC = b"SQLite format 3\0"
#: Files beside a database that belong to it. The copy holds what they say.
SIDECARS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Entry:
    """``sha256`` of a file's content, or the target of a link."""

    kind: str
    mode: int
    uid: int
    gid: int
    size: int
    sha256: str = ""


#: Entries by path below the part's folder.
Index = Mapping[str, Entry]


def dumped(index: Index) -> dict[str, list[Any]]:
    """As JSON takes it."""
    return {path: list(vars(entry).values()) for path, entry in index.items()}


def loaded(value: Mapping[str, list[Any]]) -> dict[str, Entry]:
    """From JSON."""
    return {path: Entry(*fields) for path, fields in value.items()}


def is_database(path: Path) -> bool:
    """Whether a file begins as every SQLite database does."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    # Here and below: loaded where it is needed, as most backups copy nothing and start each hour.
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def differences(folder: Path, index: Index) -> Iterator[str]:
    """How a folder differs from the index, a line for each path; nothing when it holds just that."""
    from concurrent.futures import ThreadPoolExecutor

    found = {str(path.relative_to(folder)) for path in folder.rglob("*")} if folder.is_dir() else set()
    for path in sorted(found - set(index)):
        yield f"{path} does not belong here"
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for told in pool.map(lambda item: _difference(folder / item[0], item[0], item[1]), index.items()):
            if told:
                yield told


def rows(folder: Path, index: Index) -> dict[str, Mapping[str, int]]:
    """Rows by table of each database. Raises Problem when one is damaged."""
    from . import databases

    return {path: databases.facts(folder / path) for path, one in index.items() if one.kind == DATABASE}


def _difference(place: Path, name: str, entry: Entry) -> str:
    try:
        info = place.lstat()
    except OSError:
        return f"{name} is missing"
    if (info.st_uid, info.st_gid) != (entry.uid, entry.gid):
        return f"{name} belongs to {info.st_uid}:{info.st_gid}, not to {entry.uid}:{entry.gid}"
    if entry.kind == LINK:
        return (
            ""
            if stat.S_ISLNK(info.st_mode) and str(place.readlink()) == entry.sha256
            else f"{name} is another link"
        )
    if stat.S_IMODE(info.st_mode) != entry.mode:
        return f"{name} has the mode {stat.S_IMODE(info.st_mode):04o}, not {entry.mode:04o}"
    if entry.kind == DIRECTORY:
        return "" if stat.S_ISDIR(info.st_mode) else f"{name} is no folder"
    if not stat.S_ISREG(info.st_mode) or info.st_size != entry.size:
        return f"{name} has {info.st_size} bytes, {entry.size} were saved"
    return "" if digest(place) == entry.sha256 else f"{name} has another content than was saved"


def require(folder: Path, index: Index, part: str) -> None:
    """Raise Problem with the first differences."""
    told = list(differences(folder, index))
    if told:
        more = f", and {len(told) - 3} more" if len(told) > 3 else ""
        raise Problem(f"The part {part} is not what was saved: {'; '.join(told[:3])}{more}.")
