# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian packages: what is installed, and the way from an interrupted or empty host to a complete one.

dpkg is asked, since opening apt's cache costs a second and an unchanged host needs none. How dpkg abbreviates
states: dpkg-query(1); what it keeps of an unfinished run: the folder C(updates) beside its status file.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

#: A command's exit status and what it printed, both streams as one text.
Run = Callable[[Sequence[str]], tuple[int, str]]

APT = (
    "apt-get",
    "--yes",
    "--quiet=2",
    "--no-install-recommends",
    *("-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=2", "-o", "DPkg::Lock::Timeout=120"),
    # A file that was changed on the host stays as it is, and nobody is asked.
    *(
        "-o",
        "Dpkg::Options::=--force-confdef",
        "-o",
        "Dpkg::Options::=--force-confold",
        "-o",
        "Dpkg::Use-Pty=0",
    ),
)
FRESH = 86400.0
_UNKNOWN = re.compile(r"Unable to locate package|has no installation candidate|404 +Not Found")
_FULL = re.compile(r"no space left|enough free space|disk quota", re.IGNORECASE)
_LOCKED = re.compile(r"could not get lock|unable to acquire", re.IGNORECASE)
_UNREACHED = re.compile(
    r"failure resolving|could not resolve|could not connect|unable to connect|cannot initiate|unreachable"
    r"|timed out|connection failed|failed to fetch",
    re.IGNORECASE,
)
# The first is apt's own word, the others those of gpgv and sqv, its helpers.
_UNSIGNED = re.compile(r"is not signed|NO_PUBKEY|BADSIG|EXPKEYSIG|Missing key|signature verification failed")
_NO_SUITE = re.compile(r"does not have a Release file")
_EXCLUDES = re.compile(r"\b(Conflicts|Depends|Breaks)\b")
_REMEDIES = (
    (_FULL, "the disk is full", "Free some space (df -h), then run this again"),
    (
        _LOCKED,
        "another program installs packages",
        "Wait until it has ended (pgrep -a apt), then run this again",
    ),
    (
        _UNSIGNED,
        "a repository is not signed by its key",
        "Compare its URL and key with the vendor's documentation; a mirror has the vendor's own signature",
    ),
    (
        _NO_SUITE,
        "a repository has nothing for this release",
        "Compare its URL and suite with the vendor's documentation",
    ),
    (
        _UNREACHED,
        "a package server can't be reached",
        "See to the host's network, name server, proxy and rules for what goes out, then run this again",
    ),
    (
        _UNKNOWN,
        "a package doesn't exist here",
        "Compare its name and /etc/apt/sources.list.d with the release",
    ),
)


class PackagesError(Exception):
    """What stands in the way, in one line with the remedy."""


def states(text: str) -> dict[str, str]:
    """Read lines of ``${Package} ${db:Status-Abbrev}``, see dpkg-query(1): letters such as ``ii`` by name."""
    pairs = [line.split() for line in text.splitlines()]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def known(names: Sequence[str], run: Run) -> dict[str, str]:
    """The states of packages. Those that dpkg never heard of are left out."""
    # Its status tells that one of them is unknown, which is no failure.
    _status, text = run(["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Abbrev}\\n", *names])
    return states(text)


def missing(names: Sequence[str], found: dict[str, str]) -> list[str]:
    """Those that are not wholly installed: the second letter tells what is, the third that it is broken."""
    return [name for name in names if found.get(name, "un")[1:] != "i"]


def there(names: Sequence[str], found: dict[str, str]) -> list[str]:
    """Those of which something is installed; what is left of settings alone counts as nothing."""
    return [name for name in names if found.get(name, "un")[1:2] not in ("n", "c")]


def interrupted(root: Path) -> bool:
    """Whether dpkg was ended in the middle."""
    return any(re.fullmatch(r"[0-9]+", path.name) for path in (root / "updates").glob("*"))


def stale(lists: Path, now: float) -> bool:
    """Whether apt's lists are none, or older than a day."""
    if not any(lists.glob("*_Packages*")):
        return True
    return now - (lists / "partial").stat().st_mtime > FRESH if (lists / "partial").is_dir() else True


def explain(what: str, text: str) -> PackagesError:
    """One line: what failed, the cause, apt's own words, the remedy."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(("E:", "dpkg: error", "W: Fail"))] or lines[-1:]
    for pattern, cause, remedy in _REMEDIES:
        if line := next((line for line in [*said, *lines] if pattern.search(line)), ""):
            return PackagesError(f"{what} failed: {cause} ({line[:300]}). {remedy}.")
    if excluding := [line for line in lines if _EXCLUDES.search(line)]:
        cause = f"packages exclude each other ({'; '.join(excluding)[:300]})"
        return PackagesError(
            f"{what} failed: {cause}. Remove those that don't belong here, then run this again."
        )
    return PackagesError(f"{what} failed: {' '.join(said)[:600] or 'no output'}.")


def install(
    names: Sequence[str], run: Run, *, root: Path, lists: Path, now: Callable[[], float] = time.time
) -> None:
    """Install packages; finish first what an interrupted run has left, and read new lists where needed."""
    repair(run, root)
    said = update(run) if stale(lists, now()) else ""
    status, text = run([*APT, "install", *names])
    if status and not said and _UNKNOWN.search(text):
        said = update(run)
        status, text = run([*APT, "install", *names])
    if status:
        raise explain(f"installing {', '.join(names)}", f"{said}\n{text}")


def update(run: Run) -> str:
    """Read new lists; answer what apt says. It only warns where it goes on with older lists or with none."""
    status, text = run([*APT, "update"])
    if status:
        raise explain("reading the package lists", text)
    return text or "read"


def repair(run: Run, root: Path) -> None:
    """Finish what an interrupted run has left."""
    status, text = run(["dpkg", "--audit"])
    if not (status or text.strip() or interrupted(root)):
        return
    run(["dpkg", "--configure", "--pending", "--force-confdef", "--force-confold"])
    # Also what lacks its archive or its dependencies, which dpkg alone can't mend.
    status, text = run([*APT, "--fix-broken", "install"])
    if status:
        raise explain("finishing an interrupted installation", text)


def remove(names: Sequence[str], run: Run, root: Path) -> None:
    repair(run, root)
    status, text = run([*APT, "remove", *names])
    if status:
        raise explain(f"removing {', '.join(names)}", text)
