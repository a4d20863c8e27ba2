# SPDX-License-Identifier: GPL-3.0-or-later
"""Which SSH login a process belongs to, and when that login began: told by its ancestors in /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from pathlib import Path

_SSHD = {"sshd", "sshd-session"}


@dataclass(frozen=True)
class Process:
    """C(started) is in seconds since boot, rounded down to the kernel's tick."""

    pid: int
    parent: int
    name: str
    command: str
    started: float
    uid: int = 0


@dataclass(frozen=True)
class Login:
    pid: int
    started: float
    uid: int
    client: str
    port: int


def process(pid: int, proc: Path = Path("/proc")) -> Process | None:
    """Read C(/proc/PID/stat), see proc(5); the name is in parentheses and may itself hold some."""
    folder = proc / str(pid)
    try:
        text = (folder / "stat").read_text(errors="replace")
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        uid = folder.stat().st_uid
    except OSError:
        return None
    name = text[text.index("(") + 1 : text.rindex(")")]
    fields = text[text.rindex(")") + 2 :].split()
    return Process(pid, int(fields[1]), name, command, int(fields[19]) / os.sysconf("SC_CLK_TCK"), uid)


def ancestors(pid: int, proc: Path = Path("/proc")) -> list[Process]:
    """The process and all above it, the nearest first."""
    found: list[Process] = []
    while pid > 0 and len(found) < 200:
        one = process(pid, proc)
        if one is None:
            break
        found.append(one)
        pid = one.parent
    return found


def session(chain: Sequence[Process]) -> tuple[Process, Process] | None:
    """The login's outermost and innermost sshd process; the listener above them is as old as the service."""
    ours = [one for one in chain if one.name in _SSHD and not _listens(one)]
    return (ours[-1], ours[0]) if ours else None


def _listens(one: Process) -> bool:
    return "[listener]" in one.command or " -D" in one.command


def current(pid: int, proc: Path = Path("/proc")) -> Login | None:
    chain = ancestors(pid, proc)
    found = session(chain)
    if found is None:
        return None
    outer, inner = found
    client, port = _connection([one for one in chain if one.name not in _SSHD], proc)
    return Login(outer.pid, outer.started, inner.uid, client, port)


def _connection(chain: Sequence[Process], proc: Path) -> tuple[str, int]:
    """The client's address and our port, from the environment that sshd gave: sudo drops it further down."""
    for one in reversed(chain):
        try:
            text = (proc / str(one.pid) / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        for pair in text.split("\0"):
            if pair.startswith("SSH_CONNECTION="):
                client, _client_port, _server, port = pair.partition("=")[2].split()
                return client, int(port)
    return "", 0


def now() -> float:
    """Seconds since boot, on the clock of C(Process.started)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def boot_id(proc: Path = Path("/proc")) -> str:
    return (proc / "sys/kernel/random/boot_id").read_text().strip()


def allowed(user: str, address: str, patterns: Sequence[str]) -> bool:
    """Whether AllowUsers lets the user in from there, see sshd_config(5); an empty list lets in everybody."""
    if not patterns:
        return True
    for pattern in patterns:
        name, _at, place = pattern.partition("@")
        if fnmatchcase(user, name) and (not place or _from(address, place)):
            return True
    return False


def _from(address: str, place: str) -> bool:
    return fnmatchcase(address, place) or inside(address, [place])


def inside(address: str, networks: Sequence[str]) -> bool:
    """Whether the address is in one of the networks; what is no network holds nothing."""
    for network in networks:
        try:
            if ip_address(address.partition("%")[0]) in ip_network(network, strict=False):
                return True
        except ValueError:
            continue
    return False
