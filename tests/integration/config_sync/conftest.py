# SPDX-License-Identifier: GPL-3.0-or-later
"""Two planes on the embedded edge with workerd, synchronised by the playbook as a user runs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
PLANES = ("acme-eu", "acme-us")
SETTINGS = {"max_batch": 5, "log_level": "warn"}
DOCUMENTS = {"flags": {"beta": True}}
SCHEMAS = {"flags": {"type": "object", "additionalProperties": {"type": "boolean"}}}


@dataclass(frozen=True)
class Run:
    """A playbook that ended, with the calls it made."""

    output: str
    code: int
    calls: list[str]

    @property
    def changed(self) -> bool:
        """Whether a task of it reported a change."""
        return re.search(r"changed=[1-9]", self.output) is not None


@dataclass
class Place:
    """An inventory, its states, and the edge."""

    edge: Any
    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def states(self) -> Path:
        return self.folder / "configuration"

    def declare(self, settings: Any = None, documents: Any = None, configuration: Any = None) -> None:
        """Write the topology; the settings and documents are those of the tenant acme."""
        address = f"127.0.0.1:{self.edge.http_port}"
        edge = {"zone": self.edge.zone, "scheme": "http", "port": self.edge.http_port, "connect_to": address}
        tenant: dict[str, Any] = {"environment": "production", "regions": ["eu", "us"]}
        tenant |= {"settings": settings or {}, "documents": documents or {}}
        topology = {
            "plugin": "adsengineer.orchestrator.topology",
            "name": "configured",
            "edge": edge,
            "configuration": {"schemas": "schemas", **(configuration or {})},
            "environments": {"production": {}},
            "regions": {"eu": {"canary": True}, "us": {}},
            "tenants": {"acme": tenant},
        }
        (self.folder / "topology.yml").write_text(yaml.safe_dump(topology, sort_keys=False))
        (self.folder / "schemas").mkdir(exist_ok=True)
        for name, schema in SCHEMAS.items():
            (self.folder / "schemas" / f"{name}.json").write_text(json.dumps(schema))

    def play(self, name: str, *options: str, **variables: Any) -> Run:
        """Run a playbook of the collection away from its inventory; variables keep their types."""
        self.edge.control.delete("/requests").raise_for_status()
        inventory, elsewhere = str(self.folder / "topology.yml"), self.folder / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        command = [str(PLAYBOOK), f"adsengineer.orchestrator.{name}", "-i", inventory, *options]
        command += ["-e", json.dumps(variables)]
        ended = subprocess.run(
            command,
            env=self.environment,
            cwd=elsewhere,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        rows = self.edge.control.get("/requests").json()["requests"]
        calls = [
            f"{row['method']} {row['path'].rpartition('/accounts/')[2].partition('/')[2]}" for row in rows
        ]
        return Run(ended.stdout + ended.stderr, ended.returncode, calls)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self.edge.env,
            "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"),
            "ANSIBLE_NOCOLOR": "1",
            "CLOUDFLARE_CALL_BUDGET": "0",
            "HOME": str(self.folder),
            "PATH": f"{PLAYBOOK.parent}:{os.environ['PATH']}",
            **self.env,
        }

    def sync(self, **variables: Any) -> Run:
        return self.play("sync", **variables)

    def namespace(self, plane: str = "acme-eu") -> str:
        """The path of a plane's namespace in the API."""
        with self.edge.client() as client:
            base = f"accounts/{self.edge.account_id}/storage/kv/namespaces"
            found = client.get(f"{self.edge.base_url}/{base}").json()["result"]
        ids = {item["title"]: item["id"] for item in found}
        return f"{self.edge.base_url}/{base}/{ids[f'{plane}-config']}"

    def names(self, plane: str = "acme-eu") -> list[str]:
        with self.edge.client() as client:
            return [item["name"] for item in client.get(f"{self.namespace(plane)}/keys").json()["result"]]

    def wipe(self, plane: str = "acme-eu") -> None:
        """Remove every key of a plane's namespace."""
        with self.edge.client() as client:
            url = f"{self.namespace(plane)}/bulk/delete"
            client.post(url, json=self.names(plane)).raise_for_status()

    def put(self, key: str, value: Any, plane: str = "acme-eu") -> None:
        """Write a key as a person at the edge does."""
        body = value if isinstance(value, bytes | str) else json.dumps(value)
        with self.edge.client() as client:
            client.put(
                f"{self.namespace(plane)}/values/{key.replace('/', '%2F')}", content=body
            ).raise_for_status()

    def propose(self, name: str, revision: int, **settings: Any) -> None:
        edit = {"patch": {"gateway": settings}, "revision": revision, "by": "ed", "why": "because"}
        self.put(f"edit/{name}", edit)

    def head(self, plane: str = "acme-eu") -> Any:
        with self.edge.client() as client:
            return client.get(f"{self.namespace(plane)}/values/head").json()

    def state(self, plane: str = "acme-eu") -> Any:
        return json.loads((self.states / f"{plane}.json").read_text())

    def history(self, plane: str = "acme-eu") -> Any:
        return [
            json.loads(line) for line in (self.states / f"{plane}.history.jsonl").read_text().splitlines()
        ]

    def health(self, plane: str = "acme-eu") -> Any:
        return self.edge.get(f"{plane}.{self.edge.zone}", "/healthz").json()

    def serves(self, revision: int, plane: str = "acme-eu", seconds: float = 60) -> None:
        """Wait until the gateway answers by this revision, and not by an earlier test's of that number."""
        wanted = {"revision": revision, "sha256": self.head(plane)["documents"]["gateway"]}
        end = time.monotonic() + seconds
        while not wanted.items() <= (found := self.health(plane)).get("config", {}).items():
            assert time.monotonic() < end, (wanted, found)
            time.sleep(0.2)

    def batch(self, size: int, plane: str = "acme-eu") -> int:
        """Send so many events at once and answer the status."""
        events = [{"type": "click", "id": f"e{n}", "time": "2026-01-01T00:00:00Z"} for n in range(size)]
        address = f"{plane}.{self.edge.zone}"
        return httpx.post(
            f"http://127.0.0.1:{self.edge.http_port}/v1/events",
            headers={"host": address},
            json={"events": events},
            timeout=15,
        ).status_code


@pytest.fixture(scope="module")
def deployed(edge: Any, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The planes, deployed once for all tests of a module."""
    edge.control.post("/reset").raise_for_status()
    folder = tmp_path_factory.mktemp("place")
    home = folder / "collections" / "ansible_collections" / "adsengineer"
    home.mkdir(parents=True)
    (home / "orchestrator").symlink_to(ROOT)
    made = Place(edge, folder)
    made.declare(SETTINGS, DOCUMENTS)
    assert (run := made.play("deploy", edge_verify=False)).code == 0, run.output
    return made


@pytest.fixture
def synced(deployed: Place) -> Place:
    """The planes as after their first synchronisation."""
    shutil.rmtree(deployed.states, ignore_errors=True)
    for plane in PLANES:
        deployed.wipe(plane)
    deployed.declare(SETTINGS, DOCUMENTS)
    assert (run := deployed.sync()).code == 0, run.output
    return deployed
