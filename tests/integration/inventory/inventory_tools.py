# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's commands run on the collection as it is in this checkout, as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Ansible:
    """Commands of the environment that runs the tests, in a folder of their own."""

    folder: Path

    def run(
        self, command: str, *arguments: str | Path, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        path = Path(sys.executable).parent
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        return subprocess.run(
            [path / command, *arguments],
            cwd=self.folder,
            env={
                **kept,
                "PATH": f"{path}:{os.environ['PATH']}",
                "HOME": str(self.folder),
                "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"),
                "ANSIBLE_NOCOLOR": "1",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def inventory(self, source: Path, **environment: str) -> dict[str, Any]:
        """What ansible-inventory --list prints, which must be without any warning."""
        done = self.run("ansible-inventory", "-i", source, "--list", **environment)
        assert (done.returncode, done.stderr) == (0, "")
        listed: dict[str, Any] = json.loads(done.stdout)
        return listed
