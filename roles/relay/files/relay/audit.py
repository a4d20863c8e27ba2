# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of one relay: a chain of ledgers, C(calls-000001.jsonl) and so on.

What is about to be sent is on the disk before it is sent, with the nonce, so that the audit is also what
remembers nonces over a restart. Refusals are entered too, but at most so many, since anybody can cause them.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger import (
    DONE,
    FAILED,
    INTENDED,
    Entry,
    Ledger,
    LedgerError,
    Subject,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger_writer import Writer

from .nonces import MARGIN
from .refusal import Refused
from .signature import WINDOW

CALL, REFUSAL, CONTINUED = "relay.call", "relay.refused", "relay.continued"
LARGEST = 4 * 1024 * 1024
_NAME = re.compile(r"calls-(\d{6})\.jsonl")


class Audit:
    """Writes entries; every method raises LedgerError when that fails."""

    def __init__(self, folder: Path, who: str, clock: Callable[[], float] = time.time) -> None:
        self._folder, self._who, self._clock = folder, who, clock
        self._lock = threading.Lock()
        self._refusals = Bucket(clock=clock)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._number = max(_numbers(folder), default=1)
        self._writer = Writer(self._ledger(self._number))
        self._continue()

    def used(self) -> Iterator[tuple[str, str, int]]:
        """Plane, nonce and end of all signatures that could still be repeated."""
        since = self._clock() - 2 * (WINDOW + MARGIN)
        for number in range(self._number, 0, -1):
            entries = self._writer.found if number == self._number else self._ledger(number).entries()
            yield from _nonces(entries)
            if entries and datetime.fromisoformat(entries[0].at).timestamp() < since:
                return
            if not self._ledger(number - 1).path.exists():
                return

    def begin(self, subject: Subject) -> Entry:
        """Enter what is about to be sent; :meth:`settle` has to return before it is."""
        self._roll()
        return self._writer.append(CALL, INTENDED, subject)

    def end(self, begun: Entry, subject: Subject, failed: str = "") -> None:
        """Enter how it ended. It may get lost with the power; that it began does not."""
        self._writer.append(CALL, FAILED if failed else DONE, subject, failed, of=begun.number)

    def refuse(self, refused: Refused, subject: Subject) -> None:
        """Enter and say that something was refused, unless too much is."""
        dropped = self._refusals.take()
        if dropped is None:
            return
        known = {**subject, "code": refused.kind.code} | ({"not_entered": dropped} if dropped else {})
        told = {"message": "refused", "reason": str(refused), **known}
        with suppress(OSError):  # a journal that is full is no reason to answer anything else
            print(json.dumps(told), file=sys.stderr, flush=True)
        self._writer.append(REFUSAL, FAILED, known, str(refused))

    def settle(self) -> None:
        """Return when all entries are on the disk. For a thread: it waits for the disk."""
        with self._lock:
            self._writer.settle()
            self._writer.anchor()

    def close(self) -> None:
        with self._lock:
            self._writer.close()

    def _roll(self) -> None:
        if self._writer.size < LARGEST:
            return
        with self._lock:
            following = self._following()
            full, self._writer, self._number = self._writer, following, self._number + 1
            full.close()

    def _following(self) -> Writer:
        """The next ledger, chained to this one; when that fails nothing of it is left."""
        ledger = self._ledger(self._number + 1)
        writer = Writer(ledger)
        try:
            writer.append(CONTINUED, DONE, {"anchor": self._writer.last.anchor if self._writer.last else ""})
        except LedgerError:
            with suppress(LedgerError):
                writer.close()
            ledger.path.unlink(missing_ok=True)
            ledger.head.unlink(missing_ok=True)
            raise
        return writer

    def _continue(self) -> None:
        """Chain a ledger to the one before it, or check that it is."""
        before = self._ledger(self._number - 1)
        if not before.path.exists():
            return
        last = before.last()
        anchor = last.anchor if last else ""
        if self._writer.last is None:
            self._writer.append(CONTINUED, DONE, {"anchor": anchor})
        elif self._writer.found and self._writer.found[0].subject.get("anchor") != anchor:
            raise LedgerError(
                f"{before.path} was exchanged after it was continued: bring it back from a backup."
            )

    def _ledger(self, number: int) -> Ledger:
        at = datetime.fromtimestamp
        return Ledger(self._folder / f"calls-{number:06}.jsonl", self._who, lambda: at(self._clock(), UTC))


class Bucket:
    """Lets a number of things pass at once, and then one a second."""

    def __init__(self, size: int = 50, clock: Callable[[], float] = time.time) -> None:
        self._size, self._clock = size, clock
        self._left, self._at, self._dropped = float(size), clock(), 0

    def take(self) -> int | None:
        """How many did not pass since the last one that did; None for one that does not."""
        now = self._clock()
        self._left = min(self._size, self._left + max(0.0, now - self._at))
        self._at = now
        if self._left < 1:
            self._dropped += 1
            return None
        self._left -= 1
        dropped, self._dropped = self._dropped, 0
        return dropped


def _nonces(entries: list[Entry]) -> Iterator[tuple[str, str, int]]:
    for entry in entries:
        plane, nonce, expires = (entry.subject.get(name) for name in ("plane", "nonce", "expires"))
        if isinstance(plane, str) and isinstance(nonce, str) and isinstance(expires, int):
            yield plane, nonce, expires


def _numbers(folder: Path) -> Iterator[int]:
    for path in folder.iterdir():
        if found := _NAME.fullmatch(path.name):
            yield int(found[1])
