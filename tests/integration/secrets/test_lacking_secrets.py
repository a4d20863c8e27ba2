# SPDX-License-Identifier: GPL-3.0-or-later
"""What the quickstart makes where a folder of passwords is named, however that is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
TASKS = ROOT / "playbooks" / "tasks" / "lacking_secrets.yml"
PLANE = {
    "name": "acme-eu",
    "tenant": "acme",
    "environment": "production",
    "secrets": {"API_KEY": {"kind": "bound", "from": "api_key"}},
}
TOKEN = "t0ken-of-the-embedded-edge"


def connector(host, port, secret):
    return {"host": host, "port": port, "credential": {"header": "Authorization", "secret": secret}}


class Quickstart:
    """Its tasks, in a folder that is not that of the playbook."""

    def __init__(self, folder):
        self.plays, self.here = folder / "plays", folder / "here"
        self.plays.mkdir()
        self.here.mkdir()
        (self.here / "token").write_text(f"{TOKEN}\n")
        self.folder, self.said = folder, ""

    def run(self, plane):
        """Run the tasks for one plane; answer Ansible's summary."""
        host = {"plane": plane, "ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        facts = {"api_port": 8787, "token_file": str(self.here / "token")}
        play = {
            "hosts": "acme-eu",
            "gather_facts": False,
            "vars": {"quickstart_passwords": "passwords", "quickstart_edge_facts": facts},
            "tasks": [{"ansible.builtin.import_tasks": str(TASKS)}],
        }
        (self.plays / "play.yml").write_text(json.dumps([play]))
        (self.folder / "inventory.yml").write_text(json.dumps({"all": {"hosts": {"acme-eu": host}}}))
        command = ["ansible-playbook", "-vvvvv", "-i", "../inventory.yml", "../plays/play.yml"]
        self.said += (said := self._good(*command))
        return said[said.index("PLAY RECAP") :]

    def secrets(self):
        """What the vault has: the current value and version by name."""
        vault = "secrets/production/acme.vault"
        said = self._good("ansible-vault", "view", "--vault-id", f"acme-production@{self.password}", vault)
        found = json.loads(said)["secrets"]
        return {
            name: (one["versions"][str(one["current"])]["value"], one["current"])
            for name, one in found.items()
        }

    @property
    def password(self):
        return self.here / "passwords" / "acme-production"

    def _good(self, program, *argv):
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "ADSENGINEER_"))
        }
        inside = {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_HOME": str(self.folder / "home"),
        }
        done = subprocess.run(
            [BIN / program, *argv],
            cwd=self.here,
            env=kept | inside,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def quickstart(tmp_path):
    return Quickstart(tmp_path)


def test_a_relative_folder_is_that_of_whoever_starts_it(quickstart):
    quickstart.run(PLANE)
    password = quickstart.password
    assert (password.stat().st_mode & 0o777, password.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (quickstart.here / "secrets" / "production" / "acme.vault").is_file()
    assert password.read_text().strip() not in quickstart.said
    assert [path.name for path in quickstart.plays.iterdir()] == ["play.yml"]
    assert quickstart.secrets().keys() == {"api_key"}


def test_connectors_to_the_embedded_edge_have_its_token_and_others_random_values(quickstart):
    connectors = {
        "edge": connector("localhost", 8787, "edge_token"),
        "near": connector("localhost", 8801, "near_key"),
        "far": connector("edge.example", 8787, "far_key"),
        "usual": {"host": "api.example.com", "credential": {"query": "key", "secret": "usual_key"}},
    }
    plane = {"name": "acme-eu", "tenant": "acme", "environment": "production"}
    plane["relay"] = {"connectors": connectors}
    assert "changed=0" not in quickstart.run(plane)
    before = quickstart.secrets()
    assert before.pop("edge_token") == (TOKEN, 1)
    assert before.keys() == {"near_key", "far_key", "usual_key"}
    assert len({value for value, _version in before.values()}) == 3
    assert "changed=0" in quickstart.run(plane)
    (quickstart.here / "token").write_text(f"{TOKEN}-made-anew\n")
    assert "changed=1" in quickstart.run(plane)
    assert quickstart.secrets() == before | {"edge_token": (f"{TOKEN}-made-anew", 2)}
    assert TOKEN not in quickstart.said
