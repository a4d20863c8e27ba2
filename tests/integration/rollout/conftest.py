# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of the collection, run as a user runs them, against the embedded edge with workerd."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from secret_tools import ONE, TWO, Secretive

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
READS = ("GET", "HEAD")
SCRIPTS = [
    f"{tenant}-{part}" for tenant in ("acme", "globex") for part in ("eu-gateway", "us-gateway", "front")
]


def kill_all(first: int) -> None:
    """Kill a process and all that come from it: Ansible's workers leave its process group."""
    family = [first]
    for pid in family:
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            os.kill(pid, signal.SIGSTOP)
            for tree in Path(f"/proc/{pid}/task").glob("*/children"):
                family += map(int, tree.read_text().split())
    for pid in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


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

    def declare(self, secrets: dict[str, Any] | None = None, **settings: Any) -> None:
        """Write the topology; ``settings`` and ``secrets`` are those of the tenant acme."""
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
            "tenants": {
                "acme": tenant | {"settings": settings, "secrets": secrets or {}},
                "globex": tenant,
            },
        }
        self.inventory.write_text(yaml.safe_dump(topology, sort_keys=False))

    def play(self, name: str, *options: str, task_timeout: int = 0, **variables: str) -> Run:
        """Run a playbook by its name in the collection; answers when it ended."""
        self.edge.control.delete("/requests").raise_for_status()
        command, environment = self._command(name, options, variables)
        ended = subprocess.run(
            command,
            env=environment | {"ANSIBLE_TASK_TIMEOUT": str(task_timeout)},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        calls = [(item["method"], self.resource(item)) for item in self.requests()]
        return Run(ended.stdout + ended.stderr, ended.returncode, calls)

    def kill_at(self, method: str, path: str, number: int, name: str, **variables: str) -> None:
        """Start a playbook, and kill all of it as soon as this call was seen so often."""
        self.kill_when(lambda: self.seen(method, path) >= number, name, **variables)

    def kill_when(self, seen: Callable[[], bool], name: str, **variables: str) -> None:
        """Start a playbook, and kill all of it as soon as something is so."""
        self.edge.control.delete("/requests").raise_for_status()
        process = self._start(name, variables)
        try:
            deadline = time.monotonic() + 120
            while not seen():
                assert process.poll() is None, self.killed_log()
                assert time.monotonic() < deadline, f"it did not come to that:\n{self.killed_log()}"
                time.sleep(0.02)
        finally:
            kill_all(process.pid)
            process.wait()

    def die_at(self, point: str, name: str, **variables: str) -> None:
        """Start a playbook that kills itself at a write, see dying/sitecustomize.py."""
        counts = self.folder / "counts"
        counts.mkdir(exist_ok=True)
        for old in counts.iterdir():
            old.unlink()
        dying = {"DIES_AT": point, "DIES_IN": str(counts), "PYTHONPATH": str(HERE / "dying")}
        process = self._start(name, variables, dying)
        assert process.wait(timeout=120) == -signal.SIGKILL, self.killed_log()

    def killed_log(self) -> str:
        """What a playbook that was killed had said."""
        return (self.folder / "killed.log").read_text()

    def _start(
        self, name: str, variables: dict[str, str], more: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        command, environment = self._command(name, (), variables)
        with (self.folder / "killed.log").open("w") as log:
            return subprocess.Popen(
                command,
                env=environment | (more or {}),
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def requests(self) -> list[dict[str, Any]]:
        """The calls since they were last forgotten."""
        found: list[dict[str, Any]] = self.edge.control.get("/requests").json()["requests"]
        return found

    def seen(self, method: str, path: str) -> int:
        """How often a call was made whose path ends so."""
        return sum(row["method"] == method and row["path"].endswith(path) for row in self.requests())

    def resource(self, row: dict[str, Any]) -> str:
        """The part of a call's path after the account."""
        return str(row["path"]).rpartition("/accounts/")[2].partition("/")[2]

    def fault(self, method: str, path: str, fault: str, **more: Any) -> None:
        """Let calls fail whose path matches."""
        rule = {"match": {"method": method, "path": path}, "fault": fault} | more
        self.edge.control.post("/faults", json=rule).raise_for_status()

    def hits(self) -> int:
        """How many calls were failed so."""
        rules = self.edge.control.get("/faults").json()["faults"]
        return sum(rule["hits"] for rule in rules)

    def no_faults(self) -> None:
        self.edge.control.delete("/faults").raise_for_status()

    def deployments(self, script: str) -> list[dict[str, Any]]:
        """A Worker's deployments, the active one first."""
        with self.edge.client() as client:
            path = f"accounts/{self.edge.account_id}/workers/scripts/{script}/deployments"
            answer = client.get(f"{self.edge.base_url}/{path}").json()["result"]
            found: list[dict[str, Any]] = answer["deployments"]
            return found

    def active(self) -> dict[str, dict[str, float]]:
        """What is deployed of every Worker: versions and their percentages."""
        return {
            script: {
                item["version_id"]: item["percentage"] for item in self.deployments(script)[0]["versions"]
            }
            for script in SCRIPTS
        }

    def _command(
        self, name: str, options: tuple[str, ...], variables: dict[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        command = [str(PLAYBOOK), f"adsengineer.orchestrator.{name}", "-i", str(self.inventory), *options]
        command += [word for pair in variables.items() for word in ("-e", f"{pair[0]}={pair[1]}")]
        return command, {
            **os.environ,
            **self.edge.env,
            "ANSIBLE_COLLECTIONS_PATH": str(self.collections),
            "ANSIBLE_NOCOLOR": "1",
            "CLOUDFLARE_CALL_BUDGET": "0",
            "HOME": str(self.folder),
            "PATH": f"{PLAYBOOK.parent}:{os.environ['PATH']}",
        }

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


@pytest.fixture
def secretive(site):
    made = Secretive(site)
    yield made
    for value in (ONE, TWO):
        assert value not in made.said
        for path in made.folder.rglob("*"):
            assert path.is_dir() or value.encode() not in path.read_bytes(), path
