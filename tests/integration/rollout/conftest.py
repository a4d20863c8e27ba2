# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of the collection, run as a user runs them, against the embedded edge with workerd."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Run:
    """A playbook that ended: its output, return code and the calls it made to the API."""

    output: str
    code: int
    calls: list[tuple[str, str]]

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [call for call in self.calls if call[0] not in READS]

    def lines(self, word: str) -> list[str]:
        return [line for line in self.output.splitlines() if word in line]


@dataclass
class Site:
    """An inventory of two tenants in two regions on an edge, and what can be done with it."""

    edge: Any
    folder: Path
    collections: Path

    @property
    def inventory(self) -> Path:
        return self.folder / "topology.yml"

    def declare(self, **settings: Any) -> None:
        """Write the topology; ``settings`` are those of the tenant acme."""
        address = f"127.0.0.1:{self.edge.http_port}"
        edge = {"zone": self.edge.zone, "scheme": "http", "port": self.edge.http_port, "connect_to": address}
        regions = {"eu": {"canary": True, "continents": ["EU"]}, "us": {"continents": ["NA"]}}
        tenant = {"environment": "production", "regions": ["eu", "us"]}
        topology = {
            "plugin": "adsengineer.orchestrator.topology",
            "name": "rollouts",
            "edge": edge | {"front": True},
            "environments": {"production": {}},
            "regions": regions,
            "tenants": {"acme": tenant | {"settings": settings}, "globex": tenant},
        }
        self.inventory.write_text(yaml.safe_dump(topology, sort_keys=False))

    def play(self, name: str, *options: str, task_timeout: int = 0, **variables: str) -> Run:
        """Run a playbook by its name in the collection; answers when it ended."""
        self.edge.control.delete("/requests").raise_for_status()
        command = [str(PLAYBOOK), f"adsengineer.orchestrator.{name}", "-i", str(self.inventory), *options]
        command += [word for pair in variables.items() for word in ("-e", f"{pair[0]}={pair[1]}")]
        environment = {
            **os.environ,
            **self.edge.env,
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_TASK_TIMEOUT": str(task_timeout),
            "CLOUDFLARE_CALL_BUDGET": "0",
            "HOME": str(self.folder),
            "PATH": f"{PLAYBOOK.parent}:{os.environ['PATH']}",
        }
        ended = subprocess.run(
            command,
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        requests = self.edge.control.get("/requests").json()["requests"]
        calls = [
            (item["method"], item["path"].split("/accounts/")[-1].partition("/")[2]) for item in requests
        ]
        return Run(ended.stdout + ended.stderr, ended.returncode, calls)

    def served(self) -> dict[str, str]:
        """The version that answers on each plane, asked as a visitor."""
        names = [f"{tenant}-{region}" for tenant in ("acme", "globex") for region in ("eu", "us")]
        answers = {name: self.edge.get(f"{name}.{self.edge.zone}", "/healthz") for name in names}
        assert {answer.status_code for answer in answers.values()} == {200}
        return {name: answer.headers["x-version-id"] for name, answer in answers.items()}


@pytest.fixture
def site(clean_edge: Any, tmp_path: Path) -> Site:
    home = tmp_path / "collections" / "ansible_collections" / "adsengineer"
    home.mkdir(parents=True)
    (home / "orchestrator").symlink_to(ROOT)
    made = Site(clean_edge, tmp_path, tmp_path / "collections")
    made.declare()
    return made
