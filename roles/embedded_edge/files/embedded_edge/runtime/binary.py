# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the workerd executable itself."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Binary", "RuntimeUnavailable", "find"]

_REMEDY = (
    "install npm's package workerd and name its executable by --workerd or the environment variable WORKERD"
)
_MACHINES = {"x86_64": "64", "amd64": "64", "aarch64": "arm64", "arm64": "arm64"}


class RuntimeUnavailable(Exception):
    """Deployed Workers can't be run; the text is one line with the remedy."""


@dataclass(frozen=True)
class Binary:
    """An executable workerd and the day it was built on, the newest compatibility date it takes."""

    path: Path
    build_date: str


def find(argument: str | None) -> Binary:
    """Take the argument, else the environment variable WORKERD, else what is on the PATH."""
    named = argument or os.environ.get("WORKERD") or shutil.which("workerd")
    if not named:
        raise RuntimeUnavailable(f"no workerd found: {_REMEDY}")
    path = _native(Path(named).expanduser().resolve())
    if not os.access(path, os.X_OK) or path.is_dir():
        raise RuntimeUnavailable(f"workerd at {path} is no executable file: {_REMEDY}")
    return Binary(path, _build_date(path))


def _native(path: Path) -> Path:
    """npm's `workerd` is a Node script around the real one; running that would leave the real one behind."""
    if not path.is_file() or not _is_script(path):
        return path
    name = f"workerd-{platform.system().lower()}-{_MACHINES.get(platform.machine().lower(), '?')}"
    for folder in path.parents:
        for candidate in (folder / "@cloudflare" / name, folder / "node_modules" / "@cloudflare" / name):
            if (candidate / "bin" / "workerd").is_file():
                return candidate / "bin" / "workerd"
    raise RuntimeUnavailable(
        f"{path} is a script and npm's package @cloudflare/{name} isn't beside it: {_REMEDY}"
    )


def _is_script(path: Path) -> bool:
    with path.open("rb") as start:
        return start.read(2) == b"#!"


def _build_date(path: Path) -> str:
    try:
        ran = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeUnavailable(f"workerd at {path} can't be run ({error}): {_REMEDY}") from None
    date = re.search(r"\d{4}-\d{2}-\d{2}", ran.stdout)
    if ran.returncode or not date:
        said = (ran.stderr or ran.stdout).strip().splitlines()[-1:] or ["nothing"]
        raise RuntimeUnavailable(
            f"workerd at {path} doesn't tell its version (it said: {said[0]}): {_REMEDY}"
        )
    return date[0]
