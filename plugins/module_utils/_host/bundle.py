# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of files that belong together: compared, kept, written, checked and applied in one step, or none."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._files import write_atomically
from . import chute, parachute
from .parachute import Commands, ParachuteError, Places


class BundleError(Exception):
    """Says what failed, what the host looks like now, and what to do."""


@dataclass(frozen=True)
class Wanted:
    """C(content) is None for a file that must not be there."""

    path: str
    content: bytes | None
    mode: int
    owner: str
    group: str
    secret: bool = False


@dataclass(frozen=True)
class Actual:
    content: bytes | None
    mode: int
    owner: str
    group: str


@dataclass(frozen=True)
class Bundle:
    name: str
    files: Sequence[Wanted]
    validate: Commands
    apply: Commands
    verify: Commands
    restore: Commands
    snapshot: Sequence[str]
    purge: Sequence[str]
    parachute: bool
    deadline: int


def read(path: str) -> Actual | None:
    """A symbolic link counts as its target: a distribution may link a file that we write."""
    place = Path(path)
    try:
        info = place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(info.st_mode):
        raise BundleError(
            f"{path} is no regular file, so it was left alone, and so was all else. Move it away."
        )
    return Actual(
        place.read_bytes(), stat.S_IMODE(info.st_mode), _user_name(info.st_uid), _group_name(info.st_gid)
    )


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def differs(wanted: Wanted, actual: Actual | None) -> bool:
    if wanted.content is None or actual is None:
        return (wanted.content is None) != (actual is None)
    return (actual.content, actual.mode, actual.owner, actual.group) != (
        wanted.content,
        wanted.mode,
        wanted.owner,
        wanted.group,
    )


def difference(wanted: Wanted, actual: Actual | None) -> dict[str, str]:
    """One item of C(diff): content, and above it what else differs."""
    shown = (
        None if wanted.content is None else Actual(wanted.content, wanted.mode, wanted.owner, wanted.group)
    )
    return {
        "before_header": wanted.path,
        "after_header": wanted.path,
        "before": _shown(actual, wanted.secret),
        "after": _shown(shown, wanted.secret),
    }


def _shown(actual: Actual | None, secret: bool) -> str:
    if actual is None or actual.content is None:
        return ""
    text = "(not shown)\n" if secret else actual.content.decode("utf-8", errors="replace")
    return f"# mode {actual.mode:04o}, {actual.owner}:{actual.group}\n{text}"


def all_files(bundle: Bundle) -> list[Wanted]:
    """The declared files, and those that are to go since their folder is ours and nobody declares them."""
    declared = {wanted.path for wanted in bundle.files}
    extra = []
    for folder in bundle.purge:
        found = Path(folder).iterdir() if Path(folder).is_dir() else ()
        extra += [str(path) for path in sorted(found) if path.is_file() and str(path) not in declared]
    return [*bundle.files, *(Wanted(path, None, 0, "root", "root") for path in extra)]


def outstanding(bundle: Bundle) -> list[tuple[Wanted, Actual | None]]:
    found = [(wanted, read(wanted.path)) for wanted in all_files(bundle)]
    return [(wanted, actual) for wanted, actual in found if differs(wanted, actual)]


def _ids(wanted: Wanted) -> tuple[int, int]:
    try:
        return pwd.getpwnam(wanted.owner).pw_uid, grp.getgrnam(wanted.group).gr_gid
    except KeyError as error:
        raise BundleError(
            f"{wanted.path}: {error.args[0]}. Nothing was changed. Make that account first."
        ) from None


def bring(bundle: Bundle, changes: Sequence[Wanted], places: Places) -> dict[str, Any]:
    """Write and apply the changes; whatever fails, the old state is put back before the error is raised."""
    identities = [_ids(wanted) for wanted in changes]
    paths = [*(wanted.path for wanted in all_files(bundle)), *bundle.snapshot]
    restore = bundle.restore or bundle.apply
    with chute.locked(places.state):
        try:
            if bundle.parachute:
                manifest = parachute.arm(bundle.name, paths, restore, bundle.deadline, places)
            else:
                manifest = parachute.keep(bundle.name, paths, restore, places)
        except OSError as error:
            raise BundleError(
                f"The old state can't be kept, so nothing was changed: {_disk(error)}"
            ) from None
        except ParachuteError as error:
            raise BundleError(str(error)) from None
        phase = "writing"
        try:
            for wanted, (uid, gid) in zip(changes, identities, strict=True):
                _put(wanted, uid, gid)
            for step, commands in (
                ("validating", bundle.validate),
                ("applying", bundle.apply),
                ("verifying", bundle.verify),
            ):
                phase = step
                _all(commands)
        except (OSError, BundleError) as error:
            _retreat(
                bundle.name,
                places,
                commands=phase in ("applying", "verifying"),
                why=f"{phase}: {_disk(error)}",
            )
        if not bundle.parachute:
            chute.forget(places.state / bundle.name, "done", places.units)
    return manifest


def _put(wanted: Wanted, uid: int, gid: int) -> None:
    place = Path(wanted.path)
    if wanted.content is None:
        place.unlink(missing_ok=True)
        return
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_atomically(Path(os.path.realpath(place)), wanted.content, wanted.mode, (uid, gid))


def first_failure(commands: Commands) -> str:
    return next(filter(None, map(chute.run, commands)), "")


def _all(commands: Commands) -> None:
    failure = first_failure(commands)
    if failure:
        raise BundleError(failure)


def _disk(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{error.filename or 'the disk'}: no space left. Free some (df -h), then run this again"
    return str(error)


def _retreat(name: str, places: Places, *, commands: bool, why: str) -> None:
    failures = chute.restore(places.state / name, lambda text: None, commands=commands)
    if failures:
        raise BundleError(
            f"{name} failed while {why}. Putting the old state back failed too: {'; '.join(failures)}."
        )
    chute.forget(places.state / name, "refused", places.units)
    raise BundleError(f"{name} failed while {why}. The old state is back.")


def is_pending(name: str, places: Places) -> bool:
    return parachute.pending(name, places) is not None
