# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vault files on the disk, one for each tenant and environment: C(DIRECTORY/ENVIRONMENT/TENANT.vault).

A file is opened only when its label, what is inside of it and the ledger agree. It is written by a temporary
file and a rename, with its entry in the ledger before.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from .._files import locked, read_plain, write_atomically
from .._ledger import DONE, Entry, Ledger, LedgerError, check_anchor
from . import anchor
from .change import Change
from .model import Place, SecretError, Vault, check_reason, parse, place, text

SUFFIX = ".vault"


class Codec(Protocol):
    """Encrypts and decrypts by the password of a vault id. Both raise SecretError without any content."""

    def seal(self, vault_id: str, content: str) -> bytes:
        """Encrypt."""

    def open(self, vault_id: str, content: bytes, where: str) -> str:
        """Decrypt; the label must be this vault id."""

    def mark(self, vault_id: str) -> bytes:
        """What tells two passwords of a vault id apart, for a memory of what was opened."""


class Store:
    """All vault files below a directory."""

    def __init__(self, directory: Path, ledger: Ledger, codec: Codec) -> None:
        self.directory, self.ledger, self.codec = directory, ledger, codec

    def path(self, where: Place) -> Path:
        """The file of one tenant and environment."""
        return self.directory / where.environment / f"{where.tenant}{SUFFIX}"

    def places(self) -> list[Place]:
        """Whose files there are, by their paths."""
        return [_place_of(path) for path in sorted(self.directory.glob(f"*/*{SUFFIX}"))]

    def read(self, where: Place) -> Vault:
        """Open a file. Raises SecretError when it is absent, or not the one that was last written."""
        found = self._read(where)
        if found is None:
            raise SecretError(
                f"There are no secrets of {where}: {self.path(where)} is missing. Put one with the module "
                "secret."
            )
        return found

    def change(
        self, where: Place, decide: Callable[[Vault], Change], why: str, check: bool = False
    ) -> tuple[Vault, Change]:
        """Open, decide and write under one lock. Answers the old state and the change, which may be none."""
        check_reason(why)
        with self._lock(check):
            standing = self._standing(where)
            old = self._read(where) or Vault(where, 0, base64.b64encode(os.urandom(32)).decode(), "", {})
            done = decide(old)
            if done.what and not check:
                self._settle(old, standing)
                self._write(replace(done.vault, generation=standing.newest + 1), done, why)
        return old, done

    def adopt(self, where: Place, why: str, check: bool = False) -> tuple[int, int]:
        """Believe a file as it is now, which somebody edited by hand, and write so in the ledger.

        Answers the generations before and after, which are equal when it was believed already.
        """
        with self._lock(check):
            standing = self._standing(where)
            found = self._open(where)
            if found is None:
                raise SecretError(f"{self.path(where)} is missing: there is nothing to take over.")
            if not anchor.doubt(standing, found.generation, found.digest):
                return found.generation, found.generation
            generation = max(standing.newest, found.generation) + 1
            if not check:
                self._write(replace(found, generation=generation), Change(found, "adopted", ""), why)
        return found.generation, generation

    def with_codec(self, codec: Codec) -> Store:
        """The same files by other passwords."""
        return Store(self.directory, self.ledger, codec)

    def reseal(self, where: Place, codec: Codec, check: bool = False) -> bool:
        """Encrypt a file with another password. Answers False when that already opens it."""
        with self._lock(check):
            path = self.path(where)
            content = self._bytes(path)
            try:
                codec.open(where.vault_id, content or b"", str(path))
                return False
            except SecretError:
                found = self.read(where)
            if not check:
                with self.ledger.change(
                    "secrets.reseal",
                    {"tenant": where.tenant, "environment": where.environment},
                    "new password",
                ):
                    self._replace(path, codec.seal(where.vault_id, text(found)))
        return True

    def _write(self, vault: Vault, done: Change, why: str) -> None:
        last = self.ledger.last()
        new = replace(vault, seen=last.anchor if last else "")
        subject: dict[str, str | int] = {
            "tenant": new.place.tenant,
            "environment": new.place.environment,
            "generation": new.generation,
            "digest": new.digest,
            "change": done.what,
        }
        if done.name:
            subject |= {"name": done.name, "version": done.version}
        sealed = self.codec.seal(new.place.vault_id, text(new))
        with self.ledger.change(anchor.WRITES, subject, why):
            self._replace(self.path(new.place), sealed)

    def _settle(self, old: Vault, standing: anchor.Standing) -> None:
        """Write the end of a write that a killed process left open, as the disk shows it."""
        begun = standing.begun
        if begun is not None and begun.subject["digest"] == old.digest:
            self.ledger.append(anchor.WRITES, DONE, begun.subject, begun.why, of=begun.number)

    def _replace(self, path: Path, content: bytes) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(path, content)
        except OSError as error:
            raise SecretError(
                f"{path} can't be written: {error.strerror}. It is the old file or the new one, whole."
            ) from None

    def _standing(self, where: Place) -> anchor.Standing:
        return anchor.standing(self.ledger.entries(), where)

    def _read(self, where: Place) -> Vault | None:
        """Open a file and believe it. Readers hold no lock, so a doubt counts if nobody wrote meanwhile."""
        entries = self.ledger.entries()
        while True:
            try:
                return self._believed(where, entries)
            except (LedgerError, SecretError):
                before, entries = entries, self.ledger.entries()
                if len(entries) == len(before):
                    raise

    def _believed(self, where: Place, entries: list[Entry]) -> Vault | None:
        standing = anchor.standing(entries, where)
        found = self._open(where)
        path = self.path(where)
        if found is None:
            if standing.settled is not None:
                raise SecretError(
                    f"{path} is missing, but generation {standing.generation} was written: bring it back "
                    "from a backup."
                )
            return None
        reason = anchor.doubt(standing, found.generation, found.digest)
        if reason:
            raise SecretError(f"{path} is refused: {reason}.")
        check_anchor(entries, found.seen, str(self.ledger.path))
        return found

    def _open(self, where: Place) -> Vault | None:
        path = self.path(where)
        content = self._bytes(path)
        if content is None:
            return None
        found = parse(self.codec.open(where.vault_id, content, str(path)), str(path))
        if found.place != where:
            raise SecretError(f"{path} is refused: it holds the secrets of {found.place}, not of {where}.")
        return found

    def _bytes(self, path: Path) -> bytes | None:
        try:
            return read_plain(path)
        except OSError as error:
            raise SecretError(f"{path} can't be read: {error.strerror}.") from None

    @contextmanager
    def _lock(self, check: bool) -> Iterator[None]:
        if check:
            yield
            return
        try:
            with locked(self.directory / ".lock"):
                yield
        except OSError as error:
            raise SecretError(f"{self.directory} can't be written: {error.strerror}.") from None


def _place_of(path: Path) -> Place:
    try:
        return place(path.name.removesuffix(SUFFIX), path.parent.name)
    except SecretError as error:
        raise SecretError(f"{str(path)!a} belongs to nobody: {error} Move it elsewhere.") from None
