# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E402
"""What a synchronisation costs, in API calls and against the same calls made bare.

Run by ``make bench``, against an embedded edge with its runtime off. Seconds are of one process; both sides
take turns, so that a ratio is of one moment. Adds its row to docs/benchmarks/history.jsonl.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench import HISTORY, machine, topology
from edge import ROOT, Edge, running

sys.path.insert(0, str(ROOT / "tests"))
importlib.import_module("conftest")  # makes the collection importable
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.client import Client
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.files import Store
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.namespace import Namespace
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.plan import Plan, Stamp
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.policy import Rules
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.sync import (
    Wanted,
    apply,
    planned,
    read,
)

BUDGET = 1200
Row = tuple[str, float, str, bool]


class Plane:
    """One namespace with many documents, and what is remembered of it."""

    def __init__(self, edge: Edge, folder: Path, keys: int) -> None:
        self.edge, self.store, self.count = edge, Store(folder), keys - 1
        self.client = Client(
            account_id=edge.account_id,
            api_token=edge.token,
            base_url=edge.env["CLOUDFLARE_BASE_URL"],
            timeout=120,
        )
        self.space = self.client.kv.create("bench-config").id

    def documents(self, turn: int) -> dict[str, object]:
        """As many as make the number of keys, one more being the head; each differs from turn to turn."""
        many = {f"campaigns/c{n:05d}": {"budget": n, "turn": turn} for n in range(self.count - 1)}
        return {"gateway": {"max_batch": 100 + turn}, **many}

    def sync(self, documents: dict[str, object]) -> Plan:
        """What config_sync does on one plane, from the state on the disk to the state on the disk."""
        port = Namespace(self.client, "bench-config", self.space)
        wanted = Wanted(documents, Rules(), Stamp("bench", datetime.now(UTC), ""), lambda _documents: [])
        state = self.store.read("bench")
        plan = planned(read(port, wanted, state), wanted, state)
        if plan.writes:
            apply(port, plan, self.store.write)
        return plan

    def calls(self) -> list[str]:
        return [f"{row['method']} {str(row['path']).rpartition('/')[2]}" for row in self.edge.calls()]


def seconds(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start


def one_plane(edge: Edge, folder: Path, keys: int, runs: int) -> list[Row]:
    plane = Plane(edge, folder, keys)
    documents = plane.documents(0)
    assert plane.sync(documents).writes
    edge.forget_calls()
    assert not plane.sync(documents).writes
    listed = plane.calls()
    pairs = [
        (seconds(lambda: plane.sync(documents)), seconds(lambda: plane.client.kv.keys(plane.space)))
        for _run in range(runs)
    ]
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    ours, bare = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    print(f"  {keys} unchanged keys: {ours:.3f} s, the list calls alone {bare:.3f} s", flush=True)
    edge.forget_calls()
    took = seconds(lambda: plane.sync(plane.documents(1)))
    changed = [call for call in plane.calls() if call != "GET keys"]
    least = math.ceil((keys - 1) / 10_000) + 1
    print(f"  {keys} changed keys: {took:.3f} s, {', '.join(changed)}", flush=True)
    lists = math.ceil(keys / 1000)
    return [
        (f"{keys} unchanged keys, calls", len(listed), f"= {lists}", listed == ["GET keys"] * lists),
        (f"{keys} unchanged keys / the list calls alone", ratio, "<= 1.5", ratio <= 1.5),
        (f"{keys} changed keys, writing calls", len(changed), f"= {least}", changed == ["PUT bulk"] * least),
    ]


def many_planes(edge: Edge, folder: Path, planes: int) -> list[Row]:
    """The playbook as a user runs it."""
    inventory = topology(folder, planes, config=True)
    env = (
        os.environ
        | edge.env
        | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_NOCOLOR": "1",
            "CLOUDFLARE_CALL_BUDGET": "0",
        }
    )
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "adsengineer.orchestrator.sync",
        "-i",
        str(inventory),
    ]

    def play() -> None:
        ended = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise SystemExit(ended.stdout[-2000:] + ended.stderr[-2000:])

    play()
    edge.forget_calls()
    took = seconds(play)
    calls = len(edge.calls())
    print(f"  {planes} unchanged namespaces: {took:.2f} s, {calls} calls", flush=True)
    return [(f"{planes} unchanged namespaces, calls", calls, f"<= {BUDGET}", calls <= BUDGET)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=10_000)
    parser.add_argument("--planes", type=int, default=999)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--no-history", action="store_true")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with running(folder / "edge") as edge:
            found = one_plane(edge, folder / "states", options.keys, options.runs)
            found += many_planes(edge, folder / "planes", options.planes)
    for what, value, promise, kept in found:
        print(f"  {what:44} {value:8.2f}   promised {promise:7} {'kept' if kept else 'MISSED'}")
    if not options.no_history:
        row = {"date": datetime.now(UTC).date().isoformat(), "machine": machine(), "load": round(load, 2)}
        row["ratios"] = {what: round(value, 3) for what, value, _promise, _kept in found}
        with HISTORY.open("a") as out:
            out.write(json.dumps(row) + "\n")
    return 0 if all(kept for *_rest, kept in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
