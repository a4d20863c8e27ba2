# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states of planes as files beside the inventory, one a plane, so that git keeps them.

A file is replaced as a whole or not at all, and one process at a time works on a folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .._files import locked, write_atomically
from .canonical import Unsound
from .state import State, read_state, write_state

_PLANE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class StoreError(Exception):
    """A state can't be read or written; the text names the file and the remedy."""


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

    def planes(self) -> list[str]:
        """The planes that have a state."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def read(self, plane: str) -> State:
        """The state of a plane; an empty one before its first synchronisation."""
        path = self.path(plane)
        try:
            state = read_state(path.read_bytes())
        except FileNotFoundError:
            return State(plane)
        except OSError as error:
            raise StoreError(f"{path} can't be read: {error.strerror}.") from None
        except Unsound as error:
            raise StoreError(f"{path} can't be used: {error}.") from None
        if state.plane != plane:
            raise StoreError(
                f"{path} is the state of '{state.plane[:60]}': it was copied; bring it back from git."
            )
        return state

    def write(self, state: State) -> None:
        """Replace the state of a plane."""
        path = self.path(state.plane)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(path, write_state(state), 0o644)
        except OSError as error:
            raise StoreError(
                f"{path} can't be written: {error.strerror}. Run again when it can be."
            ) from None


__all__ = ["Store", "StoreError"]
