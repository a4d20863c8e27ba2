# SPDX-License-Identifier: GPL-3.0-or-later
"""What is built from a checkout that somebody works in: no value, password, vault or ledger is in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from driving import ROOT
from taint import Canary, Leak, leaks

PUT = {"tenant": "acme", "environment": "production", "name": "stripe_key", "value_file": "new_key"}
PLAY = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"adsengineer.orchestrator.secret": PUT}]}]
SCRIPT, GALAXY = ("scripts/package",), ("ansible-galaxy", "collection", "build", "--output-path", "dist")


@dataclass(frozen=True)
class Checkout:
    """A checkout after some work in it, and what must not leave it."""

    path: Path
    planted: tuple[Canary, ...]

    def run(self, *argv: str) -> None:
        environment = {name: text for name, text in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment |= {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_HOME": str(self.path / ".cache" / "ansible"),
            "ADSENGINEER_PASSWORDS": "passwords",
        }
        done = subprocess.run(
            argv, cwd=self.path, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def built(self, command: tuple[str, ...]) -> list[Leak]:
        """Build, and search the tarball."""
        shutil.rmtree(self.path / "dist", ignore_errors=True)
        self.run(*command)
        [tarball] = (self.path / "dist").glob("*.tar.gz")
        with tarfile.open(tarball) as archive:
            assert len(archive.getnames()) > 400
        return leaks(self.planted, [tarball])

    def cut(self, place: str, cuts: list[str]) -> None:
        source = (self.path / place).read_text()
        for text in cuts:
            assert source.count(text) == 1
            source = source.replace(text, "")
        (self.path / place).write_text(source)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """What git has, and then a secret that is put as the documentation says, by default places."""
    path = tmp_path / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).exists():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, path / name)
    value, password, token = (Canary(name) for name in ("value", "password", "token of the edge"))
    made = Checkout(path, (value, password, token))
    made.run("git", "init", "--quiet")
    made.run("git", "add", "--all")
    for place, text in {
        "new_key": value.value,
        "put.yml": json.dumps(PLAY),
        "passwords/acme-production": password.value,
        ".run/passwords/acme-production": password.value,
        ".run/edge.env": f"export CLOUDFLARE_API_TOKEN='{token.value}'",
    }.items():
        (path / place).parent.mkdir(parents=True, exist_ok=True)
        (path / place).write_text(text)
    made.run("ansible-playbook", "put.yml")
    vault = (path / "secrets" / "production" / "acme.vault").read_text().splitlines()[1]
    head = (path / "ledger.jsonl.head").read_text().split()[1]
    planted = (*made.planted, Canary("vault file", vault), Canary("ledger", head))
    assert {leak.canary for leak in leaks(planted, [path])} == {canary.name for canary in planted}
    return Checkout(path, planted)


def test_the_script_packs_nothing_of_it(checkout: Checkout) -> None:
    assert checkout.built(SCRIPT) == []


def test_ansible_galaxy_by_itself_packs_nothing_from_default_places(checkout: Checkout) -> None:
    (checkout.path / "new_key").unlink()
    assert checkout.built(GALAXY) == []


#: A build made to leak: what is cut out of which file, and what the search finds then.
LEAKY = {
    "packs what git does not know": (SCRIPT, "scripts/package", [" --cached\nrm -rf dist"], "value"),
    "packs a vault": (GALAXY, "galaxy.yml", ["  - secrets\n", '  - "*.vault"\n'], "vault file"),
    "packs a ledger": (GALAXY, "galaxy.yml", ['  - "ledger.jsonl*"\n'], "ledger"),
    "packs passwords": (GALAXY, "galaxy.yml", ["  - passwords\n"], "password"),
    "packs .run": (GALAXY, "galaxy.yml", ["  - .run\n"], "token of the edge"),
}


@pytest.mark.parametrize("name", LEAKY)
def test_a_build_that_leaks_is_caught(name: str, checkout: Checkout) -> None:
    command, place, cuts, found = LEAKY[name]
    checkout.cut(place, cuts)
    assert found in {leak.canary for leak in checkout.built(command)}


def test_a_value_in_what_is_packed_is_caught(checkout: Checkout) -> None:
    with (checkout.path / "plugins" / "action" / "secret.py").open("a") as source:
        source.write(f"# {checkout.planted[0].value.encode().hex()}\n")
    assert {(leak.canary, leak.form) for leak in checkout.built(SCRIPT)} == {("value", "hex")}
