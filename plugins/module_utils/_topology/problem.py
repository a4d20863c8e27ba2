# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing that is wrong in a topology file, said so that a person can repair it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

KeyPath: TypeAlias = "tuple[str | int, ...]"

SHOWN = 60
"""How many characters of a value an error message repeats."""


@dataclass(frozen=True)
class Problem:
    """A fault at one place of the file; C(line) and C(column) count from 1."""

    line: int
    column: int
    path: KeyPath
    message: str
    remedy: str

    def __str__(self) -> str:
        where = f"{dotted(self.path)}: " if self.path else ""
        return f"{self.line}:{self.column}: {where}{self.message}; {self.remedy}"


class TopologyError(Exception):
    """The topology cannot be used. C(problems) holds every fault that was found, in file order."""

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        self.file = shown_text(file, limit=4096)
        self.problems = tuple(
            sorted(set(problems), key=lambda problem: (problem.line, problem.column, problem.message))
        )
        super().__init__(self.file, self.problems)

    @property
    def summary(self) -> str:
        count = len(self.problems)
        return f"{self.file} has {count} error{'' if count == 1 else 's'}, nothing was read from it"

    def as_dicts(self) -> list[dict[str, Any]]:
        """The problems as JSON types, the key path as text."""
        return [{**asdict(problem), "path": dotted(problem.path)} for problem in self.problems]

    def __str__(self) -> str:
        return "\n".join([f"{self.summary}:", *(f"{self.file}:{problem}" for problem in self.problems)])


def shown(value: Any) -> str:
    """The value as it stands in an error: short, in one line, without characters that act on a terminal."""
    if isinstance(value, str):
        return f"'{shown_text(value)}'"
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return json.dumps(value)


def shown_text(text: str, limit: int = SHOWN) -> str:
    """The text with unprintable characters escaped, cut after O(limit) characters."""
    cut = text if len(text) <= limit else text[: limit - 3] + "..."
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)


def dotted(path: KeyPath) -> str:
    """The key path as C(tenants.acme.regions[1]); a key with other characters stands in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = (
                part if part.replace("-", "").replace("_", "").isalnum() and part.isascii() else shown(part)
            )
            text += f".{name}" if text else name
    return text


__all__ = ["KeyPath", "Problem", "TopologyError", "dotted", "shown", "shown_text"]
