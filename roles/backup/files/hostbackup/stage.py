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
from typing import Any, NamedTuple

from .index import DATABASE, DIRECTORY, FILE, LINK, SIDECARS, Entry, digest, is_database

ATTEMPTS = 5
#: A file that changed so shortly before it was copied may change again under the same time.
SETTLE = 2.0
#: Bytes that Linux takes for the name of a file.
LONGEST = 255
#: What a file was like when it was copied: inode, size, times; of a database also size and time of its log.
Identity = list[int]


class Listed(NamedTuple):
    """A path, its name in the copy, and what it was like when it was listed, no link followed."""

    source: str
    name: str
    info: os.stat_result
    identity: Identity
    database: bool = False


@dataclass
class Stage:
    """One part's copy.

    ``seen`` is what the last run knew of each source. By a file's path in the copy: its identity, whether
    that was settled, its entry, and rows by table. By a folder's path and a slash: its identity.
    """

    folder: Path
    seen: dict[str, list[Any]]
    #: Whether each copy is read before it is taken for what it was.
    doubt: bool = False
    clock: Callable[[], float] = time.time
    entries: dict[str, Entry] = field(default_factory=dict)
    restless: list[str] = field(default_factory=list)
    #: Whether ``seen`` is other than it was.
    noted: bool = False
    _there: dict[str, bool] = field(default_factory=dict)
    _folders: set[str] = field(default_factory=set)

    def take(self, roots: list[tuple[Path, str]]) -> None:
        """Bring the copy up to date: each source with its path in the copy."""
        self.entries, self.restless, self._folders = {}, [], set()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._there = dict(below(self.folder))
        found = listed(roots, self.seen)
        if self._bring_all([one for one in found if one.database]):
            # Listed again: a file that a row names was there before the database was copied.
            found = listed(roots, self.seen)
        known = {name for name, one in self.entries.items() if one.kind == DATABASE}
        self._bring_all([one for one in found if one.name not in known])
        self._sweep()
        self._finish(found)

    def rows(self) -> dict[str, Mapping[str, int]]:
        """Rows by table of each database, counted when it was copied."""
        return {name: self.seen[name][3] for name, entry in self.entries.items() if entry.kind == DATABASE}

    def _bring_all(self, found: list[Listed]) -> bool:
        """Whether any had to be brought."""
        due = [one for one in found if not self._kept(one)]
        for one in due:
            self._bring(Path(one.source), one.name)
        return bool(due)

    def _kept(self, one: Listed) -> bool:
        """Keep the copy of a file that is there already. False when it has to be brought."""
        known = self.seen.get(one.name)
        if known and known[0] == one.identity and known[1] and self._there.get(one.name):
            entry = Entry(*known[2])
            if self.doubt and digest(self.folder / one.name) != entry.sha256:
                return False
            self._parents(one.name)
            self.entries[one.name] = entry
            return True
        return False

    def _bring(self, source: Path, name: str) -> None:
        target = self.folder / name
        self._parents(name)
        try:
            info = source.lstat()
            if stat.S_ISDIR(info.st_mode):
                self._folder(target)
                self._folders.add(name)
                self.entries[name] = _entry(DIRECTORY, info)
            elif stat.S_ISLNK(info.st_mode):
                self._link(source, target)
                self.entries[name] = _entry(LINK, info, str(target.readlink()))
            else:
                self.entries[name] = self._file(source, target, name)
        except FileNotFoundError:
            # Gone since it was listed, so it was not there at the end of this copy.
            self.seen.pop(name, None)
            self.noted = True

    def _parents(self, name: str) -> None:
        if name.rpartition("/")[0] in self._folders:
            return
        for parent in map(str, reversed(Path(name).parents[:-1])):
            self._folder(self.folder / parent)
            self._folders.add(parent)
            self.entries.setdefault(parent, Entry(DIRECTORY, 0o700, os.getuid(), os.getgid(), 0))

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
        before = _identity(source)
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
        rows = _rows(target) if kind == DATABASE else {}
        entry = Entry(
            kind, stat.S_IMODE(source.lstat().st_mode), *_owner(source), info.st_size, digest(target)
        )
        settled = before == after and max(before[2:]) / 1e9 < begun - SETTLE
        self.seen[name] = [before, settled, list(vars(entry).values()), rows]
        self.noted = True
        return entry

    def _copy(self, source: Path, target: Path) -> str:
        draft = target.with_name(os.fsdecode(os.fsencode(target.name)[:200]) + ".draft~")
        _remove(draft)
        if target.is_dir() and not target.is_symlink():
            _remove(target)
        try:
            with _opened(source) as opened:
                kind = DATABASE if is_database(opened) else FILE
                if kind == DATABASE:
                    from . import databases

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
        for name in sorted(
            (name for name, _file in below(self.folder) if name not in self.entries), reverse=True
        ):
            _remove(self.folder / name)
        for name in [name for name in self.seen if name.rstrip("/") not in self.entries]:
            del self.seen[name]
            self.noted = True

    def _finish(self, found: list[Listed]) -> None:
        """Give folders their owner, mode and time: last, since filling a folder changes its time.

        One that has them is left alone, or restic would save it again.
        """
        for one in reversed(found):
            entry, key = self.entries.get(one.name), f"{one.name}/"
            if entry and entry.kind == DIRECTORY:
                target = self.folder / one.name
                if self.seen.get(key) == [one.identity] and _dressed(one.info, target.lstat()):
                    continue
                with suppress(FileNotFoundError):
                    _dress(Path(one.source), target)
                    self.seen[key] = [one.identity]
                    self.noted = True


def below(folder: Path) -> Iterator[tuple[str, bool]]:
    """Each path below a folder, relative to it, and whether it is a file. No link is followed."""
    due = [""]
    while due:
        base = due.pop()
        with os.scandir(folder / base) as found:
            for one in found:
                if one.is_dir(follow_symlinks=False):
                    due.append(f"{base}{one.name}/")
                yield f"{base}{one.name}", one.is_file(follow_symlinks=False)


def listed(roots: list[tuple[Path, str]], seen: Mapping[str, list[Any]]) -> list[Listed]:
    """What is below all roots now. ``seen`` spares a look into files that are known."""
    real = [(str(Path(os.path.realpath(source.parent), source.name)), name) for source, name in roots]
    return [one for source, name in real for one in walk(source, name, os.lstat(source), seen)]


def walk(
    source: str, name: str, info: os.stat_result, seen: Mapping[str, list[Any]], log: bool = True
) -> Iterator[Listed]:
    """Each path below a source, first itself; no sidecars, no sockets.

    ``log`` is whether a database's log may be beside it.
    """
    kind = stat.S_IFMT(info.st_mode)
    if kind == stat.S_IFREG:
        yield _listed_file(source, name, info, seen, log)
    elif kind in (stat.S_IFLNK, stat.S_IFDIR):
        yield Listed(source, name, info, _known(info))
    if kind == stat.S_IFDIR:
        with suppress(FileNotFoundError):
            with os.scandir(source) as found:
                inside = {one.name: one for one in found}
            for one in sorted(inside):
                if not _sidecar(one, inside):
                    with suppress(FileNotFoundError):
                        inner, path = inside[one].stat(follow_symlinks=False), f"{name}/{one}"
                        if stat.S_ISREG(inner.st_mode):
                            yield _listed_file(inside[one].path, path, inner, seen, f"{one}-wal" in inside)
                        else:
                            yield from walk(inside[one].path, path, inner, seen)


def _listed_file(
    source: str, name: str, info: os.stat_result, seen: Mapping[str, list[Any]], log: bool
) -> Listed:
    identity = _known(info)
    if log:
        identity += _log(Path(source))
    known = seen.get(name)
    if known and known[0] == identity:
        return Listed(source, name, info, identity, known[2][0] == DATABASE)
    return Listed(source, name, info, identity, _database(source, info))


def _sidecar(name: str, names: Mapping[str, os.DirEntry[str]]) -> bool:
    for end in SIDECARS:
        if name.endswith(end) and (one := names.get(name[: -len(end)])):
            with suppress(FileNotFoundError):
                if _database(one.path, one.stat(follow_symlinks=False)):
                    return True
    return False


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


def _rows(database: Path) -> Mapping[str, int]:
    from . import databases

    return databases.facts(database)


def _database(source: str, info: os.stat_result) -> bool:
    # A database has whole pages, of at least 512 bytes: most other files need not be opened.
    if not stat.S_ISREG(info.st_mode) or info.st_size == 0 or info.st_size % 512:
        return False
    try:
        return is_database(Path(source))
    except FileNotFoundError:
        return False


def _identity(source: Path) -> Identity:
    """Of a file; of a database together with its log, where writes go first."""
    return _known(source.stat()) + _log(source)


def _known(info: os.stat_result) -> Identity:
    return [info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns]


def _log(source: Path) -> Identity:
    log = f"{source.name}-wal"
    if len(os.fsencode(log)) <= LONGEST:
        with suppress(FileNotFoundError):
            info = source.with_name(log).stat()
            return [info.st_size, info.st_mtime_ns]
    return []


def _entry(kind: str, info: os.stat_result, target: str = "") -> Entry:
    return Entry(kind, stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid, 0, target)


def _owner(path: Path) -> tuple[int, int]:
    info = path.lstat()
    return info.st_uid, info.st_gid


def _dressed(info: os.stat_result, copy: os.stat_result) -> bool:
    return all(
        getattr(info, name) == getattr(copy, name) for name in ("st_mode", "st_uid", "st_gid", "st_mtime_ns")
    )


def _dress(source: Path, target: Path) -> None:
    """Owner, mode, times and extended attributes; the owner first, as changing it clears bits of the mode."""
    os.chown(target, *_owner(source))
    shutil.copystat(source, target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
