# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs an installer's command, keeps what it said, and tells a person why it failed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .problem import Problem

_FULL = "no space left on device"
# (what a tool says, what is wrong, what to do); the first that fits is told.
_CAUSES: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        (_FULL, "enospc", "disk quota exceeded"),
        "the disk is full",
        "Free some space, or choose another folder with embedded_edge_dir",
    ),
    (
        ("ensurepip is not", "no module named venv", "no module named ensurepip"),
        "this Python can't make virtual environments",
        "Install its venv module (Debian and Ubuntu: sudo apt install python3-venv), then run this again",
    ),
    (
        ("do not match the hashes", "eintegrity"),
        "a downloaded package is not the one that was locked",
        "Clear the download cache (pip cache purge, npm cache clean --force); "
        "if it stays, the registry or a proxy serves altered packages",
    ),
    (
        ("self_signed_cert", "unable_to_get_issuer_cert", "unable_to_verify", "certificate_verify_failed"),
        "the certificate of the package registry, or of a proxy before it, is not trusted",
        "Name the file of its CA in PIP_CERT (for pip) or NODE_EXTRA_CA_CERTS (for npm), then run this again",
    ),
    (
        (
            "connection",
            "name resolution",
            "no matching distribution",
            "could not find a version",
            "read timed out",
            "proxyerror",
            "enotfound",
            "eai_again",
            "econnrefused",
            "econnreset",
            "etimedout",
            "etarget",
            "e404",
            "enotcached",
        ),
        "the package registry can't be reached, or doesn't have the package",
        "Check the network, HTTPS_PROXY, and the mirror settings of pip (pip config list) "
        "and npm (npm config list), then run this again",
    ),
    (
        ("permission denied", "eacces", "read-only file system", "erofs"),
        "a file can't be written",
        "Run it as the user who owns that folder, or choose another with embedded_edge_dir",
    ),
)


_LEAST_BYTES = 4 * 1024**2
_LEAST_FILES = 16


def run(what: str, argv: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None) -> None:
    """Run ``argv`` to its end. Output goes to ``log``; a failure becomes a :class:`Problem`."""
    with log.open("a+b") as output:
        start = output.seek(0, os.SEEK_END)
        try:
            done = subprocess.run(
                [os.fspath(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=log.parent,
                env=dict(env) if env is not None else None,
                check=False,
            )
        except OSError as error:
            raise Problem(f"{what} failed: {error}", "Install that program, then run this again") from None
        output.seek(start)
        said = output.read().decode(errors="replace")
    if done.returncode:
        raise explained(what, f"{said}\n{_FULL}" if _full(log.parent) else said, log)


def _full(folder: Path) -> bool:
    """Not every tool says that it was for want of space: venv keeps ensurepip's words to itself."""
    state = os.statvfs(folder)
    few_files = state.f_favail < _LEAST_FILES < state.f_files
    return few_files or state.f_bavail * state.f_frsize < _LEAST_BYTES


def explained(what: str, said: str, log: Path) -> Problem:
    """Answer the problem that a tool's output tells of."""
    text = said.lower()
    for signs, wrong, remedy in _CAUSES:
        if any(sign in text for sign in signs):
            return Problem(f"{what} failed: {wrong}", f"{remedy} (the tool's own words: {log})")
    last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
    return Problem(f"{what} failed: {last[:300]}", f"Read {log}")


__all__ = ["explained", "run"]
