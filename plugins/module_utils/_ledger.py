# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger: an append-only file of what was changed, when, by whom and why.

One JSON object a line, each with the hash of the one before, so that an edited or removed entry breaks the
chain. The head file beside it (C(LEDGER.head)) holds the last number and hash: it finds entries cut off the
end. An entry is written before its effect (C(intended)) and settled after it (C(done) or C(failed)), so a
process that died in between is visible.

Whoever can write both files can write a new ledger altogether. Against that, keep a head elsewhere and hand
it to :func:`check_anchor`.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from ._canonical import canonical
from ._files import locked, read_plain, write_atomically

GENESIS = "0" * 64
LONGEST = 16 * 1024
INTENDED, DONE, FAILED = "intended", "done", "failed"
_NUMBERS, _TEXTS = ("number", "of"), ("at", "who", "what", "outcome", "why", "previous", "hash")
_FIELDS = {**dict.fromkeys(_NUMBERS, int), **dict.fromkeys(_TEXTS, str), "subject": dict}
Subject: TypeAlias = "Mapping[str, str | int]"


class LedgerError(Exception):
    """The ledger can't be believed or written. The text names the place and the remedy."""


@dataclass(frozen=True)
class Entry:
    """One line. ``of`` is the number of the intended entry that this one settles, else 0."""

    number: int
    at: str
    who: str
    what: str
    outcome: str
    subject: Subject
    why: str
    of: int
    previous: str
    hash: str

    @property
    def anchor(self) -> str:
        """What identifies this entry and everything before it: C(NUMBER HASH)."""
        return f"{self.number} {self.hash}"


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


class Ledger:
    """A ledger in a file, which is made with the first entry."""

    def __init__(self, path: Path, who: str, clock: Callable[[], datetime] = now) -> None:
        self.path, self.who, self.clock = path, who, clock
        self.head = path.with_name(f"{path.name}.head")
        self._checked: tuple[list[bytes], list[Entry]] = ([], [])

    def entries(self) -> list[Entry]:
        """Every entry, oldest first. Raises LedgerError when one was edited, removed or cut off."""
        # The head first: one that is written meanwhile may name an entry that these lines do not have yet.
        head = self._anchor()
        found = self._chained(self._lines())
        if head is None and len(found) > 1:
            raise LedgerError(
                f"{self.head} is missing, so nobody can tell whether entries were cut off the end of "
                f"{self.path}. "
                f"Bring it back from a backup. Its content for the ledger as it is now: {found[-1].anchor}"
            )
        check_anchor(found, head or "", str(self.path))
        return found

    def _chained(self, lines: list[bytes]) -> list[Entry]:
        """The entries of these lines. What was checked before, byte for byte, is not checked again."""
        before, entries = self._checked
        if lines[: len(before)] != before:
            before, entries = [], []
        after = entries[-1] if entries else None
        entries = [*entries, *chained(lines[len(before) :], str(self.path), after)]
        self._checked = lines, entries
        return list(entries)

    def last(self) -> Entry | None:
        """The newest entry."""
        found = self.entries()
        return found[-1] if found else None

    @contextmanager
    def change(self, what: str, subject: Subject, why: str) -> Iterator[Entry]:
        """Write what is about to be done, and after it how it ended. What can't be written isn't done."""
        entry = self.append(what, INTENDED, subject, why)
        try:
            yield entry
        except Exception:
            self.append(what, FAILED, subject, why, of=entry.number)
            raise
        self.append(what, DONE, subject, why, of=entry.number)

    def append(self, what: str, outcome: str, subject: Subject, why: str, of: int = 0) -> Entry:
        """Write one entry; it is on the disk when this returns. Raises LedgerError."""
        try:
            with locked(self.path.with_name(f"{self.path.name}.lock")):
                return self._append(what, outcome, subject, why, of)
        except OSError as error:
            raise LedgerError(
                f"{self.path} can't be written: {error.strerror}. Nothing is changed without an entry."
            ) from None
        except UnicodeEncodeError:
            raise LedgerError(
                f"An entry of {self.path} holds a text, the reason perhaps, that is not valid Unicode: "
                "write it in UTF-8."
            ) from None

    def _append(self, what: str, outcome: str, subject: Subject, why: str, of: int) -> Entry:
        found = self.entries()
        if found and not self.head.exists():
            # A crash or a full disk after the first entry: a second one without a head is not believed.
            self._mark(found[-1])
        entry = made(found[-1] if found else None, self.clock(), self.who, what, outcome, subject, why, of)
        line = canonical(vars(entry)) + b"\n"
        if len(line) > LONGEST:
            raise LedgerError(
                f"An entry of {self.path} has {len(line)} bytes; {LONGEST} are the most: shorten the reason."
            )
        size = sum(len(item) + 1 for item in self._lines())
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            # A line without an end is what a crash left of an entry whose effect never began.
            os.ftruncate(handle, size)
            os.lseek(handle, size, os.SEEK_SET)
            if os.write(handle, line) != len(line):
                os.ftruncate(handle, size)
                raise OSError(28, "No space left on device")
            os.fsync(handle)
        finally:
            os.close(handle)
        self._mark(entry)
        return entry

    def _mark(self, entry: Entry) -> None:
        write_atomically(self.head, f"{entry.anchor}\n".encode())

    def _lines(self) -> list[bytes]:
        """The lines that have an end."""
        try:
            content = read_plain(self.path)
        except OSError as error:
            raise LedgerError(f"{self.path} can't be read: {error.strerror}.") from None
        return (content or b"").split(b"\n")[:-1]

    def _anchor(self) -> str | None:
        try:
            content = read_plain(self.head)
            return None if content is None else content.decode("ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise LedgerError(f"{self.head} can't be read: bring it back from a backup.") from None


def made(
    before: Entry | None, at: datetime, who: str, what: str, outcome: str, subject: Subject, why: str, of: int
) -> Entry:
    """The entry that follows another."""
    fields: dict[str, Any] = {
        "number": before.number + 1 if before else 1,
        "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "who": who,
        "what": what,
        "outcome": outcome,
        "subject": dict(subject),
        "why": why,
        "of": of,
        "previous": before.hash if before else GENESIS,
    }
    return Entry(**fields, hash=_hash(fields))


def chained(lines: list[bytes], place: str, after: Entry | None = None) -> Iterator[Entry]:
    """The entries of lines that follow an entry. Raises LedgerError with the line where the chain breaks."""
    previous = after.hash if after else GENESIS
    for number, line in enumerate(lines, after.number + 1 if after else 1):
        entry = _parsed(line, f"{place}, line {number}")
        if entry.number != number:
            raise LedgerError(
                f"{place}, line {number}: entry {number} belongs here, {entry.number} stands here. "
                "Entries were "
                "removed, added or moved: bring the file back from a backup."
            )
        if entry.previous != previous:
            raise LedgerError(
                f"{place}, line {number}: the entry does not continue the one before it, which was edited or "
                "exchanged: bring the file back from a backup."
            )
        previous = entry.hash
        yield entry


def check_anchor(entries: list[Entry], anchor: str, place: str) -> None:
    """Raise LedgerError unless the ledger holds the entry that an anchor (C(NUMBER HASH)) names."""
    if not anchor:
        return
    number, _blank, digest = anchor.partition(" ")
    if not number.isdecimal() or len(digest) != len(GENESIS):
        raise LedgerError(
            f"'{anchor[:80]}' is no anchor of {place}: a number, a blank and 64 hexadecimal digits are."
        )
    if int(number) > len(entries):
        raise LedgerError(
            f"{place} ends with entry {len(entries)}, but had {number}: entries were cut off. Bring it "
            "back from a backup."
        )
    if int(number) and entries[int(number) - 1].hash != digest:
        raise LedgerError(
            f"{place}: entry {number} is another one than was anchored. The file was written anew: bring "
            "it back "
            "from a backup."
        )


def _parsed(line: bytes, place: str) -> Entry:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise LedgerError(f"{place} is no entry: bring the file back from a backup.") from None
    if not isinstance(fields, dict) or {name: type(value) for name, value in fields.items()} != _FIELDS:
        raise LedgerError(f"{place} is no entry of a ledger: bring the file back from a backup.")
    digest = fields.pop("hash")
    try:
        whole = line == canonical(fields | {"hash": digest}) and digest == _hash(fields)
    except UnicodeEncodeError:
        whole = False
    if not whole:
        raise LedgerError(f"{place}: the entry was edited: bring the file back from a backup.")
    return Entry(**fields, hash=digest)


def _hash(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(fields)).hexdigest()
