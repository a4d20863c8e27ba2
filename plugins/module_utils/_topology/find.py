# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files are topologies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .schema import PLUGIN

_SUFFIXES = (".yml", ".yaml")
_PEEK = 65536
_NAMES_US = re.compile(
    rb"^plugin:[ \t]*(['\"]?)" + re.escape(PLUGIN.encode()) + rb"\1[ \t\r]*(#.*)?$", re.MULTILINE
)


def is_topology(path: Path) -> bool:
    """Whether the file is called topology*.yml (or .yaml), or names this collection's plugin."""
    if path.suffix not in _SUFFIXES or not path.is_file():
        return False
    return path.name.startswith("topology") or _names_us(path)


def find_topologies(sources: Iterable[str | Path]) -> list[Path]:
    """The topology files among inventory sources; of a folder, those that lie directly in it."""
    found: list[Path] = []
    for source in map(Path, sources):
        files = sorted(source.iterdir()) if source.is_dir() else [source]
        found += [file for file in files if is_topology(file)]
    return found


def _names_us(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return bool(_NAMES_US.search(stream.read(_PEEK)))
    except OSError:
        return False


__all__ = ["find_topologies", "is_topology"]
