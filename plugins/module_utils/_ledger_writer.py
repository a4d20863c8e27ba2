# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A ledger that one process has for itself: an entry costs one write, and no reading of those before it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping

from ._canonical import canonical
from ._files import write_atomically
from ._ledger import LONGEST, Entry, Ledger, LedgerError, Subject, made


class Writer:
    """Holds the lock of a ledger until it is closed; others may read it meanwhile.

    The whole ledger is verified at the start. The head file is written every ``stride`` entries and when the
    writer is closed: of a process that was killed, the last entries are chained, but not anchored.
    """

    def __init__(self, ledger: Ledger, stride: int = 64) -> None:
        self._ledger, self._stride = ledger, stride
        self._lock = _held(ledger)
        try:
            self.found = ledger.entries()
            self._handle, self.size = _opened(ledger)
        except BaseException:
            os.close(self._lock)
            raise
        self.last: Entry | None = self.found[-1] if self.found else None
        self._marked = 0
        self._mark()

    def append(self, what: str, outcome: str, subject: Subject, why: str = "", of: int = 0) -> Entry:
        """Write one entry, without waiting for the disk: :meth:`settle` does. Raises LedgerError."""
        entry = made(self.last, self._ledger.clock(), self._ledger.who, what, outcome, dict(subject), why, of)
        line = _line(vars(entry), self._ledger)
        self._mark_first()
        try:
            written = os.pwrite(self._handle, line, self.size)
            if written != len(line):
                os.ftruncate(self._handle, self.size)
                raise OSError(28, "No space left on device")
        except OSError as error:
            raise _unwritable(self._ledger, error) from None
        self.last, self.size = entry, self.size + len(line)
        self._mark_first()
        return entry

    def settle(self) -> None:
        """Return when every entry is on the disk. Raises LedgerError."""
        try:
            os.fdatasync(self._handle)
        except OSError as error:
            raise _unwritable(self._ledger, error) from None

    def anchor(self) -> None:
        """Write the head file when enough entries came since the last time. Raises LedgerError."""
        if self.last and self.last.number - self._marked >= self._stride:
            self._mark()

    def close(self) -> None:
        """Anchor the last entry and let go of the ledger."""
        try:
            self._mark()
        finally:
            os.close(self._handle)
            os.close(self._lock)

    def _mark_first(self) -> None:
        """Write the head file unless there is one: a ledger of several entries without it is not believed."""
        if not self._marked:
            self._mark()

    def _mark(self) -> None:
        last = self.last
        if last is None:
            return
        try:
            os.fdatasync(self._handle)
            write_atomically(self._ledger.head, f"{last.anchor}\n".encode())
        except OSError as error:
            raise _unwritable(self._ledger, error) from None
        self._marked = last.number


def _held(ledger: Ledger) -> int:
    path = ledger.path.with_name(f"{ledger.path.name}.lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(ledger, error) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise LedgerError(f"{ledger.path} is being written by another process: end that one first.") from None
    return handle


def _opened(ledger: Ledger) -> tuple[int, int]:
    """The file at its last whole line: what follows is an entry that a crash cut, without an effect."""
    try:
        handle = os.open(ledger.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        content = ledger.path.read_bytes()
        size = content.rfind(b"\n") + 1
        os.ftruncate(handle, size)
    except OSError as error:
        raise _unwritable(ledger, error) from None
    return handle, size


def _line(fields: Mapping[str, object], ledger: Ledger) -> bytes:
    line = canonical(fields) + b"\n"
    if len(line) > LONGEST:
        raise LedgerError(f"An entry of {ledger.path} has {len(line)} bytes; {LONGEST} are the most.")
    return line


def _unwritable(ledger: Ledger, error: OSError) -> LedgerError:
    return LedgerError(f"{ledger.path} can't be written: {error.strerror}. Nothing is done without an entry.")


__all__ = ["Writer"]
