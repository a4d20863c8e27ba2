# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to fail, at -vvvvv, with ansible-runner's artifacts kept: no planted value is found anywhere.

The planted values come from files that only the playbook's lookups read, so that nothing but the
collection could carry them on. The embedded edge's database must know secrets, as the platform's does; its
request log and output must not, and are searched.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ansible_runner
import pytest
import yaml
from taint import Canary, leaks

ROOT = Path(__file__).resolve().parents[3]
GOOD = 'export default { fetch(request, env) { return new Response("ok"); } };'
BROKEN = 'export default { fetch() { return new Response("ok") '
CALL = r"/workers/scripts/canary"


@dataclass(frozen=True)
class Branch:
    """One way to fail: what the task is told, and what the API does to it."""

    options: dict[str, Any] = field(default_factory=dict)
    faults: tuple[dict[str, Any], ...] = ()
    module: str = "worker"
    play: dict[str, Any] = field(default_factory=dict)
    ok: bool = False


def fault(kind: str, method: str = "PUT", path: str = CALL, **more: Any) -> dict[str, Any]:
    return {"match": {"method": method, "path": path}, "fault": kind, "times": None, "skip": 0, **more}


ECHO = "{{ lookup('file', token_file) }} and {{ lookup('file', secret_file) }}"
HTML = "<html><body>blocked</body></html>"
BRANCHES: dict[str, Branch] = {
    "it works": Branch(ok=True),
    "server error": Branch(faults=(fault("status", status=500),)),
    "rate limit": Branch(faults=(fault("status", status=429, retry_after=0),)),
    "an HTML answer": Branch(faults=(fault("status", status=403, body=HTML),)),
    "an empty answer": Branch(faults=(fault("status", status=400, body=""),)),
    "dropped before the effect": Branch(faults=(fault("drop_before"),)),
    "dropped after the effect": Branch(faults=(fault("drop_after", times=1),), ok=True),
    "never answered": Branch(options={"timeout": 0.5}, faults=(fault("hang"),)),
    "does not compile": Branch(options={"content": BROKEN}),
    "unknown binding": Branch(options={"bindings": [{"name": "X", "type": "{{ secret }}"}]}),
    "secret is no text": Branch(options={"secrets": {"KEY": ["{{ secret }}"]}}),
    "secrets is a list": Branch(options={"secrets": ["{{ secret }}"]}),
    "secrets is a text": Branch(options={"secrets": "{{ secret }}"}),
    "secret twice": Branch(options={"vars": {"KEY": "public"}}),
    "secret too large": Branch(options={"secrets": {"KEY": "{{ secret * 400 }}"}}),
    "a template that fails": Branch(options={"secrets": {"KEY": "{{ secret | no_such_filter }}"}}),
    "an undefined part": Branch(options={"secrets": {"KEY": "{{ secret ~ undefined_variable }}"}}),
    "unknown option": Branch(options={"secretz": {"KEY": "{{ secret }}"}}),
    "missing option": Branch(options={"content": None}),
    "missing file": Branch(options={"content": None, "src": "nowhere/{{ secret | length }}.js"}),
    "secret as the state": Branch(options={"state": "{{ secret }}"}),
    "wrong token": Branch(options={"api_token": "{{ secret | b64encode }}"}),
    "token with a line end": Branch(options={"api_token": "{{ token ~ '\n' }}"}),
    "token in the URL's place": Branch(options={"base_url": "{{ token }}"}),
    "http to a stranger": Branch(options={"base_url": "http://edge.example/{{ 1 }}"}),
    "nobody listens": Branch(options={"base_url": "http://127.0.0.1:{{ closed_port }}/client/v4"}),
    "registered and shown on failure": Branch(options={"content": BROKEN}, play={"debug": True}),
    "in a loop": Branch(options={"content": BROKEN}, play={"loop": True}),
    "with no_log": Branch(options={"content": BROKEN}, play={"no_log": True}),
    "diff and check": Branch(ok=True, play={"check_mode": True, "diff": True}),
    "KV fails": Branch(
        module="kv_namespace",
        options={"title": "canary", "items": {"key": "value"}},
        faults=(fault("status", "PUT", "/storage/kv", status=500),),
    ),
}


@pytest.fixture(scope="module")
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, kept reserved."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def playbook(branch: Branch, closed: int) -> list[dict[str, Any]]:
    """One play with the branch's task, and the lookups through which the planted values come in."""
    options = {
        "api_token": "{{ token }}",
        "account_id": "{{ account_id }}",
        "base_url": "{{ base_url }}",
        "timeout": 5,
    }
    if branch.module == "worker":
        options |= {
            "name": "canary",
            "content": GOOD,
            "main_module": "index.js",
            "compatibility_date": "2026-10-01",
            "secrets": {"KEY": "{{ secret }}"},
        }
    chosen = {name: value for name, value in (options | branch.options).items() if value is not None}
    task: dict[str, Any] = {
        "name": "Declare",
        f"adsengineer.orchestrator.{branch.module}": chosen,
        "register": "outcome",
    }
    task |= {key: branch.play[key] for key in ("no_log", "check_mode", "diff") if key in branch.play}
    if "loop" in branch.play:
        task["loop"] = ["{{ secret | length }}", "two"]
    if "debug" in branch.play:
        task["ignore_errors"] = True
    tasks = [task]
    if "debug" in branch.play:
        tasks += [{"debug": {"var": "outcome"}}, {"fail": {"msg": "{{ outcome }}"}}]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {
            "token": "{{ lookup('file', token_file) }}",
            "secret": "{{ lookup('file', secret_file) }}",
            "closed_port": closed,
        },
        "tasks": tasks,
    }
    return [play]


@pytest.mark.parametrize("name", BRANCHES)
def test_nothing_leaks(name: str, clean_edge: Any, tmp_path: Path, closed_port: int) -> None:
    branch = BRANCHES[name]
    planted = [Canary("secret"), Canary.token(clean_edge.token)]
    sealed, seen = tmp_path / "sealed", tmp_path / "seen"
    sealed.mkdir()
    (sealed / "secret").write_text(planted[0].value)
    (sealed / "token").write_text(planted[1].value)
    home, data = seen / "home", seen / "runner"
    for folder in (home / "tmp", data / "project"):
        folder.mkdir(parents=True)
    (data / "project" / "play.yml").write_text(yaml.safe_dump(playbook(branch, closed_port)))
    for rule in branch.faults:
        clean_edge.control.post("/faults", json=rule).raise_for_status()

    run = ansible_runner.run(
        private_data_dir=str(data),
        playbook="play.yml",
        quiet=True,
        verbosity=5,
        extravars={
            "token_file": str(sealed / "token"),
            "secret_file": str(sealed / "secret"),
            "account_id": clean_edge.account_id,
            "base_url": clean_edge.base_url,
        },
        envvars={
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "ANSIBLE_HOME": str(home / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(home / "tmp"),
            "ANSIBLE_LOG_PATH": str(seen / "ansible.log"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
    )
    clean_edge.control.delete("/faults").raise_for_status()
    (seen / "requests.json").write_text(json.dumps(clean_edge.control.get("/requests").json()))
    shutil.copy(clean_edge.directory / "output.log", seen / "edge.log")

    printed = (seen / "ansible.log").read_text()
    assert (run.status == "successful") is branch.ok, printed[-3000:]
    assert "Declare" in printed
    found = leaks(planted, [seen])
    assert not found, found
    assert "Traceback" not in printed
    assert ("failed=1" in printed) is not branch.ok
