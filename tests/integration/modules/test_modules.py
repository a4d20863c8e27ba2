# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for single resources, run by ansible-playbook against a real embedded edge."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CANARY = "canary-1f77/+secret"

pytestmark = pytest.mark.edge


def play(playbook: Path, edge: Any, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook with the edge's credentials in the environment."""
    variables = {
        "zone": edge.zone,
        "edge_url": f"http://127.0.0.1:{edge.http_port}",
        "control_url": str(edge.control.base_url).rstrip("/"),
        "folder": str(edge.directory / "target"),
        "canary": CANARY,
        "hostile_key": "-a/../b?c=$(id) 'd'",
    }
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", "-c", "local"]
    # From a file: Ansible itself echoes the command line at high verbosity.
    given = edge.directory / "variables.json"
    given.write_text(json.dumps(variables | {"ansible_python_interpreter": sys.executable}))
    return subprocess.run(
        [*command, "-e", f"@{given}", *options, str(playbook)],
        env=os.environ
        | edge.env
        | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "XDG_CACHE_HOME": str(edge.directory / "cache"),
        }
        | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("playbook", ["worker.yml", "kv_namespace.yml", "tunnel.yml"])
def test_check_apply_check_apply(clean_edge, playbook):
    done = play(HERE / playbook, clean_edge, "-vvvvv" if playbook == "tunnel.yml" else "-v")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr
    assert "[WARNING]" not in done.stderr
    # Whatever a task was told to keep in a file is in that file alone.
    for kept in (clean_edge.directory / "target").rglob("*"):
        if kept.is_file():
            assert kept.read_text().strip() not in done.stdout + done.stderr


def fault(edge: Any, **rule: Any) -> None:
    edge.control.post("/faults", json=rule).raise_for_status()


FAILURES: dict[str, list[dict[str, Any]]] = {
    "refused by code": [],
    "500 for ever": [{"match": {"method": "PUT", "path": ".*scripts.*"}, "fault": "status", "status": 500}],
    "dropped before": [{"match": {"method": "PUT", "path": ".*scripts.*"}, "fault": "drop_before"}],
    "throttled": [{"match": {"path": ".*"}, "fault": "status", "status": 429, "retry_after": 9999}],
}


@pytest.mark.parametrize("rules", FAILURES.values(), ids=FAILURES)
def test_no_failure_shows_a_secret(clean_edge, tmp_path, rules):
    for rule in rules:
        fault(clean_edge, **rule)
    content = "export default {" if not rules else "export default { fetch() { return new Response('x') } }"
    task = {
        "name": "canary",
        "content": content,
        "compatibility_date": "2026-08-01",
        "secrets": {"KEY": "{{ canary }}", "SHORT": "ab1"},
    }
    book = tmp_path / "play.yml"
    tasks = [{"name": "Fail", "adsengineer.orchestrator.worker": task}]
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = play(book, clean_edge, "-vvvvv", "--diff")
    assert done.returncode != 0
    shown = done.stdout + done.stderr
    assert "Worker 'canary'" in shown
    for secret in (CANARY, clean_edge.token):
        raw = secret.encode()
        for form in (secret, base64.b64encode(raw).decode().rstrip("="), raw.hex()):
            assert form not in shown


@pytest.mark.parametrize("effect", ["drop_before", "drop_after"])
def test_a_lost_upload_happens_once(clean_edge, tmp_path, effect):
    fault(clean_edge, match={"method": "PUT", "path": ".*scripts/once"}, fault=effect, times=1)
    task = {
        "name": "once",
        "content": "export default { fetch() { return new Response('x') } }",
        "compatibility_date": "2026-08-01",
    }
    info = {"name": "once"}
    book = tmp_path / "play.yml"
    tasks = [
        {"name": "Deploy", "adsengineer.orchestrator.worker": task, "register": "done"},
        {"name": "Read", "adsengineer.orchestrator.worker_info": info, "register": "seen"},
        {
            "name": "Expect one version",
            "ansible.builtin.assert": {"that": ["done.changed", "seen.workers[0].versions | length == 1"]},
        },
    ]
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    done = play(book, clean_edge)
    assert done.returncode == 0, done.stdout + done.stderr
