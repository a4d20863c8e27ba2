# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where everything lies: the run directory's files, and what an installed collection brings."""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path

# sun_path holds 108 bytes with the closing zero; PM2's longest socket name is interactor.sock.
_LONGEST_SOCKET = 107 - len("/interactor.sock")
_MACHINES = {"x86_64": "64", "amd64": "64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Layout:
    """Absolute paths below the run directory ``run`` and the role's folder ``files``."""

    run: Path
    files: Path

    @property
    def collection(self) -> Path:
        return self.files.parents[2]

    @property
    def python(self) -> Path:
        return self.run / "venv" / "bin" / "python"

    @property
    def tools(self) -> Path:
        return self.run / "tools"

    @property
    def pm2(self) -> Path:
        return self.tools / "node_modules" / "pm2" / "bin" / "pm2"

    @property
    def workerd(self) -> Path:
        machine = _MACHINES.get(platform.machine().lower(), platform.machine())
        name = f"workerd-linux-{machine}"
        return self.tools / "node_modules" / "@cloudflare" / name / "bin" / "workerd"

    @property
    def installed(self) -> Path:
        """What was installed, by content; a run directory is known by it."""
        return self.run / "installed.json"

    @property
    def log(self) -> Path:
        return self.run / "install.log"

    @property
    def ecosystem(self) -> Path:
        return self.run / "ecosystem.json"

    @property
    def ready(self) -> Path:
        return self.run / "ready.json"

    @property
    def ports(self) -> Path:
        """The ports of last time, which hold until others are asked for."""
        return self.run / "ports.json"

    @property
    def environment(self) -> Path:
        return self.run / "edge.env"

    @property
    def token(self) -> Path:
        return self.run / "edge.token"

    @property
    def output(self) -> Path:
        return self.run / "edge.log"

    @property
    def relays(self) -> Path:
        """A folder for the files of each relay."""
        return self.run / "relay"

    @property
    def library(self) -> Path:
        """Where a relay imports the collection from: a link, as a checkout has another path than its name."""
        return self.run / "library"

    @property
    def pm2_home(self) -> Path:
        return self.run / "pm2"

    @property
    def sockets(self) -> Path:
        """PM2's sockets lie in its home, unless the path is too long for a socket."""
        if len(os.fsencode(self.pm2_home)) <= _LONGEST_SOCKET:
            return self.pm2_home
        digest = hashlib.sha256(os.fsencode(self.run)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"adsengineer-{os.getuid()}-{digest}"


def here(run: str) -> Layout:
    """The layout of a run directory, with the files of this collection."""
    collection = Path(__file__).resolve().parents[3]
    return Layout(run=Path(run).absolute(), files=collection / "roles" / "embedded_edge" / "files")


def digest(*paths: Path) -> str:
    """Answer one SHA-256 over names and contents of files, and of all files below folders."""
    total = hashlib.sha256()
    for path in paths:
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in found:
            if file.is_file() and "__pycache__" not in file.parts:
                total.update(f"{file.relative_to(path.parent)}\0".encode())
                total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def private(folder: Path) -> None:
    """Make a folder that only its owner can enter; refuse one that belongs to somebody else."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = folder.lstat()
    if state.st_uid != os.getuid():
        raise PermissionError(13, "it belongs to another user", str(folder))
    if state.st_mode & 0o077:
        folder.chmod(0o700)


__all__ = ["Layout", "digest", "here", "private"]
