# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection with one line that leaks: the search finds what it carries on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from driving import ROOT, drive

#: A line of the collection, and what would carry a value on in its place: as it is, encoded, into a file.
LEAKY = {
    "a diff with the value": (
        "plugins/action/secret.py",
        "rotate after {secret.rotate_after or 'no'} days",
        "rotate after {secret.value} days",
    ),
    "a result with the value in base64": (
        "plugins/action/secret.py",
        '"version": done.version,',
        '"version": __import__("base64").b64encode(done.vault.secrets[name].value.encode()).decode(),',
    ),
    "a ledger with the value in hexadecimal": (
        "plugins/module_utils/_secrets/store.py",
        'subject |= {"name": done.name, "version": done.version}',
        'subject |= {"name": done.vault.secrets[done.name].value.encode().hex(), "version": done.version}',
    ),
    "a draft that is left behind": (
        "plugins/module_utils/_secrets/store.py",
        "sealed = self.codec.seal(new.place.vault_id, text(new))",
        "sealed = self.codec.seal(new.place.vault_id, text(new))\n"
        '        (self.directory / "draft").write_text(text(new))',
    ),
    "an argument of a program": (
        "plugins/action/secret.py",
        "self.hide(value)\n        old,",
        '__import__("subprocess").run(["sh", "-c", "sleep 0.5", value])\n        old,',
    ),
    "the environment of a program": (
        "plugins/action/secret.py",
        "self.hide(value)\n        old,",
        '__import__("subprocess").run(["/bin/sleep", "0.5"], env={"KEY": value})\n        old,',
    ),
}


@pytest.mark.parametrize("name", LEAKY)
def test_a_build_that_leaks_is_caught(name: str, clean_edge: Any, tmp_path: Path) -> None:
    place, kept, carried = LEAKY[name]
    build = tmp_path / "collections" / "ansible_collections" / "adsengineer" / "orchestrator"
    shutil.copytree(ROOT / "plugins", build / "plugins")
    shutil.copytree(ROOT / "meta", build / "meta")
    shutil.copy(ROOT / "galaxy.yml", build)
    source = (build / place).read_text()
    assert source.count(kept) == 1
    (build / place).write_text(source.replace(kept, carried))
    put = {"tenant": "acme", "environment": "production", "name": "secret", "value_file": "{{ secret_file }}"}
    tasks = [{"adsengineer.orchestrator.secret": put, "diff": True}]
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    run = drive(clean_edge, tmp_path, plays, collections=tmp_path / "collections")
    assert run.ok, run.printed[-3000:]
    assert run.leaks
