# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells whether a port of the loopback address is free and, when it isn't, who holds it."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from .problem import Problem

_ADDRESS = "127.0.0.1"
_LISTEN = "0A"


def check(port: int, option: str, proc: Path = Path("/proc")) -> None:
    """Raise a :class:`Problem` when nobody can listen on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_ADDRESS, port))
        except OSError as error:
            raise _refused(port, option, error, proc) from None


def _refused(port: int, option: str, error: OSError, proc: Path) -> Problem:
    if error.errno == errno.EADDRINUSE:
        return Problem(
            f"port {port} of {_ADDRESS} is taken by {holder(port, proc)}",
            f"Stop that process, or choose another port with {option}",
        )
    return Problem(
        f"port {port} of {_ADDRESS} can't be used: {error.strerror}", f"Choose another with {option}"
    )


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
    text = " ".join(part.decode(errors="replace") for part in raw.split(b"\0") if part)
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
