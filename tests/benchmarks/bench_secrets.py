# SPDX-License-Identifier: GPL-3.0-or-later
"""What secrets cost: reading a store, using it in a play, sealing and opening.

Run by ``make bench``. Whole processes, the sides take turns. Prints a table and adds the run to
docs/benchmarks/history.jsonl.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from bench import HISTORY, machine
from edge import ROOT

PLUGINS = "ansible_collections.adsengineer.orchestrator.plugins"
BIN = Path(sys.executable).parent
HOSTS, MANY, USED = 50, 1000, 500
PASSWORD = "a password of the benchmark"
LOOKUP = (
    "lookup('adsengineer.orchestrator.secret', 'acme/secret_%04d' | format(item), environment='production')"
)


def part(name: str) -> Any:
    """A module of the collection."""
    return importlib.import_module(f"{PLUGINS}.{name}")


def store(folder: Path) -> Any:
    from ansible.parsing.vault import VaultSecret

    codec = part("plugin_utils._vault").Passwords([("acme-production", VaultSecret(PASSWORD.encode()))])
    ledger = part("module_utils._ledger").Ledger(folder / "ledger.jsonl", "bench@here")
    return part("module_utils._secrets.store").Store(folder / "secrets", ledger, codec)


def fill(folder: Path) -> None:
    """A store with 1,000 secrets of 40 characters."""
    model, change = part("module_utils._secrets.model"), part("module_utils._secrets.change")

    def every(vault: Any) -> Any:
        for number in range(MANY):
            version = model.Version(change.generated("alphanumeric", 40), "2026-11-24T12:00:00Z", "bench", "")
            done = change.put(vault, f"secret_{number:04}", version, 5, None)
            vault = done.vault
        return done

    (folder / "password").write_text(PASSWORD)
    store(folder).change(model.Place("acme", "production"), every, "filled")


def read(folder: Path) -> None:
    """The side of the collection: open the store as the lookup does, and take every value."""
    place = part("module_utils._secrets.model").Place("acme", "production")
    vault = store(folder).read(place)
    assert len({secret.value for secret in vault.secrets.values()}) == MANY


def play(folder: Path, name: str, value: str) -> list[str]:
    """A play in which each of 50 hosts uses ten values of its own."""
    own = USED // HOSTS
    text = (
        "{% for item in range(first | int, first | int + " + str(own) + ") %}{{ " + value + " }}{% endfor %}"
    )
    task = {
        "ansible.builtin.assert": {"that": ["used | length == " + str(40 * own)], "quiet": True},
        "vars": {"used": text},
        "no_log": True,
    }
    plays = [{"hosts": "all", "gather_facts": False, "tasks": [task]}]
    (folder / f"{name}.yml").write_text(yaml.safe_dump(plays))
    hosts = {
        f"h{number:02}": {"first": number * own, "ansible_connection": "local"} for number in range(HOSTS)
    }
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    command = [str(BIN / "ansible-playbook"), f"{name}.yml", "-i", "hosts.yml"]
    return [*command, "--vault-id", "acme-production@password"]


def seconds(folder: Path, command: list[str]) -> float:
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        "PYTHONPATH": str(ROOT / ".collections"),
    }
    begin = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    taken = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return taken


def a_second(work: Callable[[], object]) -> float:
    """How often something can be done in a second, one after the other, in one process."""
    count, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < 1:
        work()
        count += 1
    return count / (time.perf_counter() - begin)


def sealing() -> dict[str, float]:
    envelope = part("module_utils._secrets.envelope")
    signer = envelope.Signer.made()
    ring = envelope.turned(None, signer)
    context = envelope.Context("acme", "eu", "acme-eu-gateway", "TOKEN", 1, 1, ring.current)
    sealed = envelope.seal(context, "x" * 40, ring.public, signer)
    return {
        "sealed and signed a second": a_second(lambda: envelope.seal(context, "x" * 40, ring.public, signer)),
        "opened and verified a second": a_second(lambda: envelope.opened(context, sealed, ring)),
    }


def measured(folder: Path, runs: int) -> dict[str, float]:
    fill(folder)
    sides = {
        "view": [
            str(BIN / "ansible-vault"),
            "view",
            "--vault-id",
            "acme-production@password",
            "secrets/production/acme.vault",
        ],
        "read": [sys.executable, __file__, "--read", str(folder)],
        "with": play(folder, "with", LOOKUP),
        "without": play(folder, "without", "('%040d' | format(item))"),
    }
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _turn in range(runs):
        for name, command in sides.items():
            taken[name].append(seconds(folder, command))
    medians = {name: statistics.median(found) for name, found in taken.items()}
    return {
        f"{MANY} secrets read / one ansible-vault view": statistics.median(
            a / b for a, b in zip(taken["read"], taken["view"], strict=True)
        ),
        f"ansible-vault view of {MANY}, seconds": medians["view"],
        f"play of {HOSTS} hosts with {USED} secrets, seconds": medians["with"],
        "the same play without, seconds": medians["without"],
        **sealing(),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-history", action="store_true")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        read(options.read)
        return 0
    sys.path.insert(0, str(ROOT / ".collections"))
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        found = measured(Path(name), options.runs)
    for what, value in found.items():
        print(f"  {what:48} {value:9.2f}")
    ratio = next(iter(found.values()))
    print(f"  reading within 1.2 of ansible-vault view: {'kept' if ratio <= 1.2 else 'MISSED'}")
    if not options.no_history:
        load = round(os.getloadavg()[0], 2)
        row = {"date": datetime.now(UTC).date().isoformat(), "machine": machine(), "load": load}
        rounded = {what: round(value, 3) for what, value in found.items()}
        with HISTORY.open("a") as out:
            out.write(json.dumps(row | {"secrets": rounded}) + "\n")
    return 0 if ratio <= 1.2 else 1


if __name__ == "__main__":
    raise SystemExit(main())
