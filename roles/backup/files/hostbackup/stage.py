# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of what is declared that does not move any more, for restic to read.

It is kept between runs and only what changed is copied, so a run on which nothing changed costs a look at
each file. Databases first, then files: a file that a row names is then there. A file that changes while it is
copied is copied again; what never stands still is saved as it was read, and told. In a volume nothing moves,
since its containers are paused for what is left to copy.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import databases
from .index import DATABASE, DIRECTORY, FILE, LINK, Entry, digest

ATTEMPTS = 5
#: A file that changed so shortly before it was copied may change again under the same time.
SETTLE = 2.0
#: Bytes that Linux takes for the name of a file.
LONGEST = 255
#: What a file was like when it was copied: inode, size, times, and whether those were settled.
Identity = list[int]
#: A path, its name in the copy, and whether it is a database.
Listed = tuple[Path, str, bool]


@dataclass
class Stage:
    """One part's copy. ``seen`` is what the last run knew of each source, by its path in the copy."""

    folder: Path
    seen: dict[str, list[Any]]
    clock: Callable[[], float] = time.time
    entries: dict[str, Entry] = field(default_factory=dict)
    restless: list[str] = field(default_factory=list)

    def take(self, roots: list[tuple[Path, str]]) -> None:
        """Bring the copy up to date: each source with its path in the copy."""
        self.entries, self.restless = {}, []
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._bring_all([pair for pair in listed(roots) if pair[2]])
        copied = {name for name, one in self.entries.items() if one.kind == DATABASE}
        # Listed again: a file that a row names was there before the database was copied.
        found = listed(roots)
        self._bring_all([pair for pair in found if pair[1] not in copied])
        self._sweep()
        self._finish([(source, name) for source, name, _database in found])

    def rows(self) -> dict[str, Mapping[str, int]]:
        """Rows by table of each database, counted when it was copied."""
        return {name: self.seen[name][3] for name, entry in self.entries.items() if entry.kind == DATABASE}

    def _bring_all(self, found: list[Listed]) -> None:
        for source, name, _database in found:
            self._bring(source, name)

    def _bring(self, source: Path, name: str) -> None:
        target = self.folder / name
        self._parents(name)
        try:
            info = source.lstat()
            if stat.S_ISDIR(info.st_mode):
                self._folder(target)
                self.entries[name] = _entry(DIRECTORY, info)
            elif stat.S_ISLNK(info.st_mode):
                self._link(source, target)
                self.entries[name] = _entry(LINK, info, str(target.readlink()))
            else:
                self.entries[name] = self._file(source, target, name)
        except FileNotFoundError:
            # Gone since it was listed, so it was not there at the end of this copy.
            self.seen.pop(name, None)

    def _parents(self, name: str) -> None:
        for parent in reversed(Path(name).parents[:-1]):
            self._folder(self.folder / parent)
            self.entries.setdefault(str(parent), Entry(DIRECTORY, 0o700, os.getuid(), os.getgid(), 0))

    def _folder(self, target: Path) -> None:
        if target.is_symlink() or not target.is_dir():
            _remove(target)
            target.mkdir(mode=0o700)

    def _link(self, source: Path, target: Path) -> None:
        to = source.readlink()
        if not (target.is_symlink() and target.readlink() == to):
            _remove(target)
            target.symlink_to(to)

    def _file(self, source: Path, target: Path, name: str) -> Entry:
        known = self.seen.get(name)
        before = _identity(source)
        if known and known[0] == before and known[1] and target.is_file():
            return Entry(*known[2])
        for _attempt in range(ATTEMPTS):
            begun = self.clock()
            kind = self._copy(source, target)
            after = _identity(source)
            if kind == DATABASE or after == before:
                break
            before = after
        else:
            self.restless.append(name)
        info = target.lstat()
        rows = databases.facts(target) if kind == DATABASE else {}
        entry = Entry(
            kind, stat.S_IMODE(source.lstat().st_mode), *_owner(source), info.st_size, digest(target)
        )
        settled = before == after and max(before[2:]) / 1e9 < begun - SETTLE
        self.seen[name] = [before, settled, list(vars(entry).values()), rows]
        return entry

    def _copy(self, source: Path, target: Path) -> str:
        draft = target.with_name(os.fsdecode(os.fsencode(target.name)[:200]) + ".draft~")
        _remove(draft)
        if target.is_dir() and not target.is_symlink():
            _remove(target)
        try:
            with _opened(source) as opened:
                kind = DATABASE if databases.is_database(opened) else FILE
                if kind == DATABASE:
                    databases.copy(source, draft)
                else:
                    shutil.copyfile(opened, draft)
            _dress(source, draft)
            draft.replace(target)
        except BaseException:
            _remove(draft)
            raise
        return kind

    def _sweep(self) -> None:
        """Remove from the copy what the source has not any more."""
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if str(path.relative_to(self.folder)) not in self.entries:
                _remove(path)
        for name in set(self.seen) - set(self.entries):
            del self.seen[name]

    def _finish(self, found: list[tuple[Path, str]]) -> None:
        """Folders get their owner, mode and time last, as filling them changes it."""
        for source, name in reversed(found):
            if name in self.entries and self.entries[name].kind == DIRECTORY:
                with suppress(FileNotFoundError):
                    _dress(source, self.folder / name)


def listed(roots: list[tuple[Path, str]]) -> list[Listed]:
    """What is below all roots now."""
    real = [(Path(os.path.realpath(source.parent), source.name), name) for source, name in roots]
    return [one for source, name in real for one in walk(source, name)]


def walk(source: Path, name: str) -> Iterator[Listed]:
    """Each path below a source with its name in the copy, and whether a database; no sidecars, no sockets."""
    info = source.lstat()
    if stat.S_ISREG(info.st_mode):
        yield source, name, _database(source)
    elif stat.S_ISLNK(info.st_mode):
        yield source, name, False
    elif stat.S_ISDIR(info.st_mode):
        yield source, name, False
        with suppress(FileNotFoundError):
            names = sorted(path.name for path in source.iterdir())
            for one in names:
                if not _sidecar(one, names, source):
                    with suppress(FileNotFoundError):
                        yield from walk(source / one, f"{name}/{one}")


def _sidecar(name: str, names: list[str], folder: Path) -> bool:
    return any(
        name.endswith(end) and name[: -len(end)] in names and _database(folder / name[: -len(end)])
        for end in databases.SIDECARS
    )


@contextmanager
def _opened(source: Path) -> Iterator[Path]:
    """A file of this very path, by a name that nobody can exchange.

    Who may write below a root may put a link in the place of a file or a folder after that was listed, and
    would have what only root can read in the backup as an own file. Raises FileNotFoundError for that.
    """
    try:
        handle = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise (
            FileNotFoundError(error.errno, error.strerror) if error.errno == errno.ELOOP else error
        ) from None
    try:
        opened = Path(f"/proc/self/fd/{handle}")
        if str(opened.readlink()) not in (str(source), f"{source} (deleted)"):
            raise FileNotFoundError(errno.ENOENT, "it is another file now")
        yield opened
    finally:
        os.close(handle)


def _database(path: Path) -> bool:
    try:
        info = path.lstat()
        # A database has whole pages, of at least 512 bytes: most other files need not be opened.
        whole = info.st_size > 0 and info.st_size % 512 == 0
        return stat.S_ISREG(info.st_mode) and whole and databases.is_database(path)
    except FileNotFoundError:
        return False


def _identity(source: Path) -> Identity:
    """Of a file; of a database together with its log, where writes go first."""
    info = source.stat()
    found = [info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns]
    log = f"{source.name}-wal"
    if len(os.fsencode(log)) <= LONGEST:
        with suppress(FileNotFoundError):
            info = source.with_name(log).stat()
            found += [info.st_size, info.st_mtime_ns]
    return found


def _entry(kind: str, info: os.stat_result, target: str = "") -> Entry:
    return Entry(kind, stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid, 0, target)


def _owner(path: Path) -> tuple[int, int]:
    info = path.lstat()
    return info.st_uid, info.st_gid


def _dress(source: Path, target: Path) -> None:
    """Owner, mode, times and extended attributes; the owner first, as changing it clears bits of the mode."""
    os.chown(target, *_owner(source))
    shutil.copystat(source, target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
