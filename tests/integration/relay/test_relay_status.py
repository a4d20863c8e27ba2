# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role relay tells of a relay's secrets, with and without the vault's password."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from relay_plane import connector

ROOT = Path(__file__).resolve().parents[3]
ROLE = {"name": "adsengineer.orchestrator.relay", "tasks_from": "status"}


@pytest.fixture
def play(tmp_path):
    """Runs tasks with a store, whose password is in a folder of passwords. Answers what was said."""
    (tmp_path / "passwords").mkdir()
    (tmp_path / "passwords" / "acme-production").write_text("correct horse battery")
    (tmp_path / "value").write_text("canary-status-2f6b81")
    (tmp_path / "etc" / "acme").mkdir(parents=True)

    def run(*tasks, passwords):
        where = {
            "secrets_directory": "secrets",
            "secrets_ledger": "ledger.jsonl",
            "__relay_etc": str(tmp_path / "etc"),
        }
        where |= {"secrets_passwords": passwords} if passwords else {}
        (tmp_path / "play.yml").write_text(
            json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
        )
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "ADSENGINEER_"))
        }
        environment |= {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        done = subprocess.run(
            [Path(sys.executable).parent / "ansible-playbook", "play.yml", "-e", json.dumps(where)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return " ".join(done.stdout.split())

    return run


def test_a_folder_of_passwords_is_enough_and_without_one_the_reason_is_told(play, tmp_path):
    instance = {
        "tenant": "acme",
        "environment": "production",
        "planes": {"acme-eu": {"region": "eu", "connectors": {"echo": connector(9)}}},
        "listen": "127.0.0.1:9",
        "authority": "127.0.0.1:9",
    }
    files = instance | {"path": str(tmp_path / "etc" / "acme" / "secrets.json"), "passwords": "passwords"}
    secret = {"tenant": "acme", "environment": "production", "name": "token", "value_file": "value"}
    status = {"ansible.builtin.include_role": ROLE, "vars": {"relay_instances": [instance]}}
    told = play(
        {"adsengineer.orchestrator.secret": secret | {"passwords": "passwords"}},
        {"adsengineer.orchestrator.relay_files": files},
        status,
        passwords="passwords",
    )
    assert "it does not answer; its secrets are those of the store" in told
    told = play(status, passwords="")
    assert (
        "whether its secrets are those of the store is not known: There is no password of the vault id"
        in told
    )
