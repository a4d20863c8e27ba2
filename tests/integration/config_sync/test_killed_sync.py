# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that is killed at any call, before or after its effect; then a second one, left alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("killed.py")
CALLS = 6  #: namespaces, list, proposals, values, head, removal
DOCUMENTS = {"gateway": {"max_batch": 5}, "flags": {"beta": True}}
EDIT = {"patch": {"gateway": {"log_level": "error"}}, "revision": 1, "by": "ed"}


class Killable:
    """A namespace and a folder of states, both back at their beginning on request."""

    def __init__(self, edge: Any, folder: Path) -> None:
        self.edge, self.folder = edge, folder
        self.begin()

    def begin(self) -> None:
        """One revision is synchronised, the declaration differs from it, and the edge proposes something."""
        self.edge.control.post("/reset").raise_for_status()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.declare(DOCUMENTS)
        assert self.run().returncode == 0
        self.declare({"gateway": {"max_batch": 7}, "flags": {"beta": True}, "prices": {}})
        with self.edge.client() as client:
            url = f"{self.url(client)}/values/edit%2Fquiet"
            client.put(url, content=json.dumps(EDIT)).raise_for_status()

    def declare(self, documents: Any) -> None:
        (self.folder / "declared").write_text(json.dumps(documents))

    def run(self, number: int = 0, when: str = "before") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(SCRIPT), str(self.folder), str(number), when]
        env = {**os.environ, **self.edge.env}
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    def url(self, client: Any) -> str:
        base = f"{self.edge.base_url}/accounts/{self.edge.account_id}/storage/kv/namespaces"
        return f"{base}/{client.get(base).json()['result'][0]['id']}"

    def outcome(self) -> Any:
        """Everything that is left, but for times, and for ids and hashes that depend on them."""
        state = json.loads((self.folder / "killed.json").read_text())
        lines = (self.folder / "killed.history.jsonl").read_text().splitlines()
        history = [
            [row[key] for key in ("revision", "by", "why", "changes")] for row in map(json.loads, lines)
        ]
        with self.edge.client() as client:
            url = self.url(client)
            names = [item["name"] for item in client.get(f"{url}/keys").json()["result"]]
            head = client.get(f"{url}/values/head").json()
        kept = {key: head[key] for key in ("revision", "documents", "former", "settled", "by", "why")}
        return names, kept, state["documents"], state["taken"], history


@pytest.fixture(scope="module")
def killable(edge: Any, tmp_path_factory: pytest.TempPathFactory) -> Killable:
    return Killable(edge, tmp_path_factory.mktemp("killed") / "states")


@pytest.fixture(scope="module")
def undisturbed(killable: Killable) -> Any:
    ended = killable.run()
    assert ended.stdout.strip() == str(CALLS), ended.stdout + ended.stderr
    found = killable.outcome()
    assert found[2]["gateway"] == {"max_batch": 7, "log_level": "error"}
    return found


@pytest.mark.edge
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, CALLS + 1))
def test_the_second_run_ends_where_an_undisturbed_one_would(
    killable: Killable, undisturbed: Any, number: int, when: str
) -> None:
    killable.begin()
    assert killable.run(number, when).returncode == -signal.SIGKILL
    again = killable.run()
    assert again.returncode == 0, again.stderr
    assert killable.outcome() == undisturbed
    assert killable.run().stdout.strip() == "2", "and a third one has nothing to do"
