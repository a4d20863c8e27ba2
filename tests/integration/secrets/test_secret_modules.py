# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets by real playbooks: what they do, and that no value is anywhere it should not be."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
VALUE = "canary/value+c41e90d7"
OTHER = "canary/other+77d0a2b4"
WHERE = {"tenant": "acme", "environment": "production"}
TOKEN = WHERE | {"name": "token"}
LOOKUP = "adsengineer.orchestrator.secret"


def forms(value):
    raw = value.encode()
    return {value, base64.b64encode(raw).decode().rstrip("="), raw.hex(), quote(value, safe="")}


class Folder:
    """An empty folder with the password of one vault id."""

    def __init__(self, path):
        self.path = path
        (path / "password").write_text("correct horse battery")
        self.said = ""

    def run(self, *tasks, options=(), module="secret", expect=0, vault_id="acme-production", log=""):
        """Run tasks; a mapping is the options of ``module``. Answers what it said; ``log`` keeps that."""
        steps = [
            task
            if "name" in task and any("." in key for key in task)
            else {f"adsengineer.orchestrator.{module}": task}
            for task in tasks
        ]
        play = [{"hosts": "localhost", "gather_facts": False, "tasks": steps}]
        (self.path / "play.yml").write_text(yaml.safe_dump(play, sort_keys=False))
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")
        } | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_HOME": str(self.path / "home"),
            "ANSIBLE_STDOUT_CALLBACK": "default",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }
        environment |= {"ANSIBLE_LOG_PATH": str(self.path / log)} if log else {}
        argv = [BIN / "ansible-playbook", "play.yml", "-vvvvv", "--diff", *options]
        argv += ["--vault-id", f"{vault_id}@password"] if vault_id else []
        done = subprocess.run(
            argv, cwd=self.path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        output = done.stdout + done.stderr
        self.said += output
        (self.path / "play.yml").unlink()
        assert (done.returncode != 0) == bool(expect), output
        return output

    def ledger(self):
        return [json.loads(line) for line in (self.path / "ledger.jsonl").read_text().splitlines()]


@pytest.fixture
def folder(tmp_path):
    made = Folder(tmp_path)
    yield made
    for value in (VALUE, OTHER):
        for form in forms(value):
            assert form not in made.said
            for path in tmp_path.rglob("*"):
                if path.is_file() and path.name not in ("value", "seen"):
                    assert form.encode() not in path.read_bytes(), path


def from_file(folder, value):
    path = folder.path / "value"
    path.write_text(f"{value}\n")
    return {"value_file": str(path)}


def looked_up(term="acme/token"):
    """A task that writes the value where the test may look, without showing it."""
    return {
        "name": "Look",
        "ansible.builtin.copy": {
            "content": f"{{{{ lookup('{LOOKUP}', '{term}', environment='production') }}}}",
            "dest": "{{ playbook_dir }}/seen",
            "mode": "0600",
        },
        "diff": False,
        "no_log": True,
    }


def test_check_apply_check_apply(folder):
    options = TOKEN | from_file(folder, VALUE) | {"why": "first"}
    assert "changed=1" in folder.run(options, options=["--check"])
    assert not (folder.path / "secrets").exists()
    said = folder.run(options)
    assert "changed=1" in said
    assert "+version 1, fingerprint " in said
    assert "changed=0" in folder.run(options, options=["--check"])
    assert "changed=0" in folder.run(options)
    folder.run(looked_up())
    assert (folder.path / "seen").read_text() == VALUE
    assert [(entry["outcome"], entry["why"]) for entry in folder.ledger()] == [
        ("intended", "first"),
        ("done", "first"),
    ]


def test_nothing_is_put_without_a_ledger(folder):
    said = folder.run(TOKEN | {"value": VALUE, "ledger": "/proc/nope/ledger"}, expect=2)
    assert "/proc/nope/ledger can't be written" in said
    assert not list((folder.path / "secrets").glob("*/*"))


def test_rotate_and_go_back(folder):
    folder.run(TOKEN | from_file(folder, VALUE))
    folder.run(TOKEN | from_file(folder, OTHER) | {"state": "rotated"})
    folder.run(looked_up())
    assert (folder.path / "seen").read_text() == OTHER
    folder.run(looked_up("acme/token@1"))
    assert (folder.path / "seen").read_text() == VALUE
    folder.run(TOKEN | {"state": "current", "version": 1})
    folder.run(looked_up())
    assert (folder.path / "seen").read_text() == VALUE
    assert "has this value already" in folder.run(
        TOKEN | from_file(folder, VALUE) | {"state": "rotated"}, expect=2
    )
    assert "changed=1" in folder.run(TOKEN | {"state": "absent"})
    assert "changed=0" in folder.run(TOKEN | {"state": "absent"})
    assert "There is no secret token of acme in production" in folder.run(looked_up(), expect=2)


def test_a_generated_value_is_made_once_and_shown_never(folder):
    folder.run(TOKEN | {"generate": "hex"})
    folder.run(looked_up())
    first = (folder.path / "seen").read_text()
    assert len(first) == 40
    assert "changed=0" in folder.run(TOKEN | {"generate": "hex"})
    assert "changed=1" in folder.run(TOKEN | {"generate": "hex", "state": "rotated"})
    folder.run(looked_up())
    second = (folder.path / "seen").read_text()
    assert first != second
    assert first not in folder.said
    assert second not in folder.said


def test_info_tells_versions_and_ages(folder):
    folder.run(TOKEN | from_file(folder, VALUE) | {"why": "first", "rotate_after": 1})
    said = folder.run(WHERE, module="secret_info")
    assert '"why": "first"' in said
    assert '"stale": false' in said
    assert '"uses": []' in said
    plane = {"name": "acme-eu", "region": "eu"} | WHERE
    plane["secrets"] = {"TOKEN": {"kind": "bound", "from": "token"}, "KEY": {"kind": "bound", "from": "key"}}
    told = folder.run({"planes": [plane, plane | {"tenant": "other"}]}, module="secret_info")
    assert re.search(r'"uses": \[\s*"acme-eu.TOKEN \(bound\)"\s*\]', told)
    said = folder.run({}, module="ledger_info")
    assert '"count": 2' in said


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"name": "a b"}, "name is 'a b'"),
        ({"tenant": "../x"}, "tenant is '../x'"),
        ({"environment": "{{ 1 }}x/"}, "environment is '1x/'"),
        ({"state": "current"}, "missing: version"),
        ({"state": "current", "version": 9}, "Version 9 of token of acme in production is not kept: 1 are"),
        ({"state": "rotated"}, "any of the following are missing: value, value_file, generate"),
        ({"value": VALUE, "generate": "hex"}, "mutually exclusive"),
        ({"generate": "hex", "length": 5, "state": "rotated"}, "length is 5"),
        ({"value_file": "/nonexistent/x"}, "value_file /nonexistent/x can't be read: No such file"),
        ({"value": VALUE, "keep": 0}, "keep is 1 to 100"),
        ({"value": VALUE, "rotate_after": 10**9}, "rotate_after 1 to 36500 days"),
        ({"tenant": "\u0430cme"}, r"tenant is '\\u0430cme'"),
        ({"value": ""}, "value is empty, so nothing was changed"),
        ({"value": "None", "state": "rotated"}, "value is empty, so nothing was changed"),
        ({"value": None, "state": "rotated"}, "value is empty, so nothing was changed"),
        ({"value_file": "/dev/null"}, "value_file /dev/null is empty, so nothing was changed"),
        ({"value_file": "/dev/null", "state": "staged"}, "value_file /dev/null is empty"),
        ({"value_file": "/dev/zero"}, "value_file /dev/zero has more than 65536 bytes"),
        ({"value_file": "value\0"}, "can't be read: its name holds a NUL"),
        ({"value_file": "/dev"}, "value_file /dev can't be read: Is a directory"),
        ({"value": OTHER, "ledger": "/proc/nope/ledger"}, "the ledger knows nothing of it"),
        ({"value": OTHER, "directory": "/proc/nope"}, "can't be written"),
    ],
)
def test_bad_options_are_refused_by_name(folder, options, why):
    folder.run(TOKEN | from_file(folder, VALUE))
    before = (folder.path / "secrets" / "production" / "acme.vault").read_bytes()
    said = folder.run(TOKEN | options, expect=2)
    assert why in said.replace('\\"', '"')
    assert "defect of the collection" not in said
    assert (folder.path / "secrets" / "production" / "acme.vault").read_bytes() == before


@pytest.mark.parametrize("task", [TOKEN | {"value": OTHER}, looked_up()])
def test_without_the_password_the_remedy_is_said(folder, task):
    folder.run(TOKEN | from_file(folder, VALUE))
    assert "--vault-id acme-production@FILE" in folder.run(task, expect=2, vault_id="")


@pytest.mark.parametrize("task", [TOKEN | {"value": OTHER}, looked_up()])
def test_a_spoilt_file_or_ledger_is_refused(folder, task):
    folder.run(TOKEN | from_file(folder, VALUE))
    vault = folder.path / "secrets" / "production" / "acme.vault"
    whole = vault.read_bytes()
    vault.write_bytes(whole[:-20])
    assert "doesn't open it, or it was damaged" in folder.run(task, expect=2)
    vault.write_bytes(whole)
    ledger = folder.path / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"present", b"absence"))
    assert "line 1: the entry was edited" in folder.run(task, expect=2)


def test_by_hand_and_back(folder):
    """Edited with the stock tool, taken over, sealed by a new password."""
    folder.run(TOKEN | from_file(folder, VALUE))
    editor = folder.path / "editor"
    editor.write_text('#!/bin/sh\nsed -i s/41e90d7/41e90d8/ "$1"\n')
    editor.chmod(0o700)
    subprocess.run(
        [
            BIN / "ansible-vault",
            "edit",
            "--vault-id",
            "acme-production@password",
            "secrets/production/acme.vault",
        ],
        cwd=folder.path,
        env=os.environ | {"EDITOR": str(editor)},
        check=True,
        capture_output=True,
    )
    assert "edited by hand" in folder.run(looked_up(), expect=2)
    assert "changed=1" in folder.run(WHERE | {"state": "adopted"}, module="secret_vault")
    assert "changed=0" in folder.run(WHERE | {"state": "adopted"}, module="secret_vault")
    folder.run(looked_up())
    assert (folder.path / "seen").read_text() == VALUE.replace("41e90d7", "41e90d8")
    (folder.path / "new").write_text("another horse battery\n")
    reseal = WHERE | {"state": "resealed", "new_password_file": str(folder.path / "new")}
    assert "changed=1" in folder.run(reseal, module="secret_vault")
    assert "changed=0" in folder.run(reseal, module="secret_vault")
    assert "doesn't open it" in folder.run(looked_up(), expect=2)
    (folder.path / "password").write_text("another horse battery")
    folder.run(looked_up())


def test_the_value_comes_by_standard_input(folder):
    (folder.path / "stdin").write_text("piped")
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [{LOOKUP: TOKEN | {"value_file": "/dev/fd/3"}}],
        }
    ]
    (folder.path / "play.yml").write_text(yaml.safe_dump(play))
    program = shlex.quote(str(BIN / "ansible-playbook"))
    command = f"printf piped | {program} play.yml --vault-id acme-production@password 3<&0"
    environment = os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections")}
    subprocess.run(["bash", "-c", command], cwd=folder.path, env=environment, check=True, capture_output=True)
    folder.run(looked_up())
    assert (folder.path / "seen").read_text() == "piped"
