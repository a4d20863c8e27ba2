# SPDX-License-Identifier: GPL-3.0-or-later
"""What the quickstart makes where a folder of passwords is named, however that is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TASKS = ROOT / "playbooks" / "tasks" / "lacking_secrets.yml"
PLANE = {
    "name": "acme-eu",
    "tenant": "acme",
    "environment": "production",
    "secrets": {"API_KEY": {"kind": "bound", "from": "api_key"}},
}


def test_a_relative_folder_is_that_of_whoever_starts_it(tmp_path):
    plays, here = tmp_path / "plays", tmp_path / "here"
    plays.mkdir()
    here.mkdir()
    host = {"plane": PLANE, "ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    play = {
        "hosts": "acme-eu",
        "gather_facts": False,
        "vars": {"quickstart_passwords": "passwords"},
        "tasks": [{"ansible.builtin.import_tasks": str(TASKS)}],
    }
    (plays / "play.yml").write_text(json.dumps([play]))
    (tmp_path / "inventory.yml").write_text(json.dumps({"all": {"hosts": {"acme-eu": host}}}))
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "ADSENGINEER_"))
    }
    environment |= {
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        "ANSIBLE_HOME": str(tmp_path / "home"),
    }
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", "../inventory.yml", "../plays/play.yml"],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    password = here / "passwords" / "acme-production"
    assert (password.stat().st_mode & 0o777, password.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert (here / "secrets" / "production" / "acme.vault").is_file()
    assert password.read_text().strip() not in done.stdout + done.stderr
    assert [path.name for path in plays.iterdir()] == ["play.yml"]
