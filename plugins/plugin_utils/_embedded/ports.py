# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells whether ports of the loopback address are free and, when they aren't, who holds them."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from . import words
from .problem import Problem

_ADDRESS = "127.0.0.1"
_LISTEN = "0A"


def check(wanted: Mapping[str, int], by: str, ours: Collection[int] = (), proc: Path = Path("/proc")) -> None:
    """Raise a :class:`Problem` when nobody can listen on one of the ports; ``ours`` are held by ourselves.

    ``wanted`` has the names of :mod:`words`.
    """
    refused = {port: error for port in wanted.values() if port not in ours and (error := _error(port))}
    if refused:
        kept = {name: port for name, port in wanted.items() if port not in refused}
        for name, port in wanted.items():
            if port in refused:
                kept[name] = _free(port, kept.values())
        others = words.quickstart(by, **{name: kept[name] for name in wanted})
        raise Problem(_wrong(refused, proc), f"Stop what is there, or take others: {others}")


def _error(port: int) -> OSError | None:
    """What the system says to somebody who wants to listen on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_ADDRESS, port))
        except OSError as error:
            return error
    return None


def _wrong(refused: Mapping[int, OSError], proc: Path) -> str:
    """One clause for each reason, with the ports that it is the reason for."""
    reasons: dict[str, list[str]] = {}
    for port, error in refused.items():
        taken = error.errno == errno.EADDRINUSE
        why = f"taken by {holder(port, proc)}" if taken else f"not to be had: {error.strerror}"
        reasons.setdefault(why, []).append(str(port))
    return ", and ".join(_clause(of, why) for why, of in reasons.items())


def _clause(of: Sequence[str], why: str) -> str:
    noun, verb = ("ports", "are") if len(of) > 1 else ("port", "is")
    return f"{noun} {' and '.join(of)} of {_ADDRESS} {verb} {why}"


def _free(port: int, besides: Collection[int]) -> int:
    """A port like this one that is free now."""
    for other in range(max(port % 1000 + 9000, port + 1000), 65536, 1000):
        if other not in besides and _error(other) is None:
            return other
    with socket.socket() as probe:
        probe.bind((_ADDRESS, 0))
        return int(probe.getsockname()[1])


def holder(port: int, proc: Path = Path("/proc")) -> str:
    """Name the process that listens on a port, as far as this user may know."""
    inodes = _listening(port, proc)
    for entry in sorted(proc.glob("[0-9]*/fd/*")):
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith("socket:[") and target[8:-1] in inodes:
            pid = entry.parts[-3]
            return f"process {pid} ({command(pid, proc)})"
    return "a process of another user"


def command(pid: str | int, proc: Path = Path("/proc")) -> str:
    """The command line of a process, shortened; empty when there is none."""
    try:
        raw = (proc / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ""
    text = " ".join(raw.replace(b"\0", b" ").decode(errors="replace").split())
    return text if len(text) <= 120 else text[:117] + "..."


def _listening(port: int, proc: Path) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(fields[9])
    return found


__all__ = ["check", "command", "holder"]
