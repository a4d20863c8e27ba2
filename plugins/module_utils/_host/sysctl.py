# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings: what differs, and which of them this host can't set, told by trying the key itself."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/proc/sys")


@dataclass(frozen=True)
class Refused:
    key: str
    value: str
    reason: str


def place(key: str, root: Path = ROOT) -> Path:
    """Dots part the words; where a slash comes first, slashes do (sysctl(8)), for names with dots in them."""
    slash, dot = key.find("/"), key.find(".")
    if slash != -1 and (dot == -1 or slash < dot):
        return root / key
    return root / key.replace(".", "\0").replace("/", ".").replace("\0", "/")


def normal(value: object) -> str:
    """As the kernel prints it, with one blank between the parts; C(true) is 1."""
    if isinstance(value, bool):
        return str(int(value))
    return " ".join(str(value).split())


def live(key: str, root: Path = ROOT) -> str | None:
    try:
        return normal(place(key, root).read_text())
    except OSError:
        return None


def ordered(settings: Mapping[str, object]) -> list[tuple[str, str]]:
    """Forwarding first: changing it sets other keys of its tree back to their defaults (ip-sysctl.rst)."""
    pairs = ((key, normal(value)) for key, value in settings.items())
    return sorted(pairs, key=lambda pair: (not pair[0].endswith(("ip_forward", "forwarding")), pair[0]))


def text(settings: Mapping[str, object]) -> str:
    """The file for /etc/sysctl.d. A leading dash says that a key that is missing is no error at boot."""
    return "# Managed by Ansible.\n" + "".join(f"-{key} = {value}\n" for key, value in ordered(settings))


def belongs_here(key: str) -> bool:
    """Whether a container's own network namespace has this key; all others are the machine's."""
    return key.startswith(("net.ipv4.", "net.ipv6.", "net/ipv4/", "net/ipv6/"))


def writable(path: Path) -> bool:
    return os.access(path, os.W_OK)


def outstanding(
    settings: Mapping[str, object], *, container: bool, root: Path = ROOT
) -> tuple[dict[str, str], list[Refused]]:
    """The live values to change, and what can't be changed here, with the reason."""
    changes, refused = {}, []
    for key, value in ordered(settings):
        now = live(key, root)
        if now == value:
            continue
        if now is None:
            refused.append(Refused(key, value, "this kernel has no such key"))
        elif container and not belongs_here(key):
            refused.append(
                Refused(key, value, f"it is {now}, and belongs to the machine below this container")
            )
        elif not writable(place(key, root)):
            refused.append(Refused(key, value, f"it is {now}, and /proc/sys is read-only here"))
        else:
            changes[key] = value
    return changes, refused


def set_live(changes: Mapping[str, str], root: Path = ROOT) -> list[Refused]:
    refused = []
    for key, value in changes.items():
        try:
            place(key, root).write_text(value)
        except OSError as error:
            reason = (
                "/proc/sys is read-only here"
                if error.errno == errno.EROFS
                else f"the kernel says: {error.strerror}"
            )
            refused.append(Refused(key, value, reason))
    return refused


def bring(
    settings: Mapping[str, object], *, container: bool, root: Path = ROOT
) -> tuple[dict[str, str], list[Refused]]:
    """Set what differs, and look again: the kernel resets keys that were right when forwarding changes."""
    done: dict[str, str] = {}
    for _again in range(3):
        changes, refused = outstanding(settings, container=container, root=root)
        refused += set_live(changes, root)
        failed = {one.key for one in refused}
        fresh = {key: value for key, value in changes.items() if key not in failed}
        done |= fresh
        if not fresh:
            break
    return done, refused
