# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states of planes as files beside the inventory, so that git keeps them.

A plane has two: its state, and its history, which is read only when something is to do. A file is replaced as
a whole or not at all, and one process at a time works on a folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar, overload

from .._files import locked, write_atomically
from .canonical import Unsound
from .state import Entry, State, read_history, read_state, write_history, write_state

_PLANE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class StoreError(Exception):
    """A state can't be read or written; the text names the file and the remedy."""


T = TypeVar("T")


class _Kept(Sequence[Entry]):
    """A history that is still in its file."""

    def __init__(self, read: Callable[[], tuple[Entry, ...]]) -> None:
        self._read = read

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        return self._read()

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Entry, ...]: ...

    def __getitem__(self, index: int | slice) -> Entry | tuple[Entry, ...]:
        return self._entries[index]


class Store:
    """The folder of states."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others on this machine away."""
        try:
            with locked(self.folder / ".lock"):
                yield
        except OSError as error:
            raise StoreError(f"{self.folder} can't be used: {error.strerror}.") from None

    def path(self, plane: str) -> Path:
        """The file of a plane."""
        if not _PLANE.fullmatch(plane):
            raise StoreError(f"'{plane[:60]}' is no name of a plane.")
        return self.folder / f"{plane}.json"

    def history(self, plane: str) -> Path:
        """The file of a plane's history, an entry a line."""
        return self.path(plane).with_suffix(".history.jsonl")

    def planes(self) -> list[str]:
        """The planes that have a state."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def read(self, plane: str) -> State:
        """The state of a plane; an empty one before its first synchronisation.

        Its history raises StoreError when it is asked for and can't be read.
        """
        path = self.path(plane)
        if not path.exists():
            return State(plane)
        state = _parsed(path, read_state)
        if state.plane != plane:
            raise StoreError(
                f"{path} is the state of '{state.plane[:60]}': it was copied; bring it back from git."
            )
        if not state.head:
            return state
        past = self.history(plane)
        return replace(
            state, history=_Kept(lambda: _parsed(past, lambda content: read_history(content, state.id)))
        )

    def write(self, state: State) -> None:
        """Replace the state of a plane, and before it its history where that has changed."""
        path = self.path(state.plane)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if state.history and not isinstance(state.history, _Kept):
                write_atomically(self.history(state.plane), write_history(state.history), 0o644)
            write_atomically(path, write_state(state), 0o644)
        except OSError as error:
            raise StoreError(
                f"{path} can't be written: {error.strerror}. Run again when it can be."
            ) from None


def _parsed(path: Path, parse: Callable[[bytes], T]) -> T:
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise StoreError(f"{path} can't be read: {error.strerror}. Bring it back from git.") from None
    except Unsound as error:
        raise StoreError(f"{path} can't be used: {error}.") from None


__all__ = ["Store", "StoreError"]
