# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment costs, in wall time and API calls, against two peers in the same run.

Run by ``make bench``. Every figure is of whole processes against one embedded edge with its runtime
off, so that both sides pay the same for the API; our side therefore runs with ``edge_verify=false``, that
is without probes, as the peers probe nothing either. Prints a table and adds the run to
docs/benchmarks/history.jsonl.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from edge import ROOT, Edge, running

HERE = Path(__file__).resolve().parent
HISTORY = ROOT / "docs" / "benchmarks" / "history.jsonl"
PER_PLANE = {
    "new": 2,
    "new, with KV and its document": 4,
    "updated, canary, steps 10 50 100": 5,
    "updated, later": 3,
}
TRIVIAL = 'export default { fetch() { return new Response("ok"); } };\n'


def topology(path: Path, planes: int, *, config: bool = False) -> Path:
    """Write an inventory of ``planes`` planes: half as many tenants, two regions."""
    tenants = {
        f"t{n:04d}": {"environment": "production", "regions": ["eu", "us"]} for n in range(planes // 2)
    }
    text = {
        "plugin": "adsengineer.orchestrator.topology",
        "name": f"bench{planes}",
        "edge": {
            "zone": "edge.localhost",
            "scheme": "http",
            "port": 9,
            "connect_to": "127.0.0.1:9",
            "front": False,
            "config": config,
        },
        "environments": {"production": {}},
        "regions": {"eu": {"canary": True}, "us": {}},
        "tenants": tenants,
    }
    path.mkdir(parents=True, exist_ok=True)
    (path / "topology.yml").write_text(json.dumps(text, indent=1))
    return path


def timed(command: list[str], *, env: dict[str, str], cwd: Path, log: Path) -> float:
    """Wall seconds of a whole process; its output goes to ``log``; a failure ends the benchmark."""
    start = time.monotonic()
    with log.open("ab") as out:
        ended = subprocess.run(command, env=os.environ | env, cwd=cwd, stdout=out, stderr=out, check=False)
    seconds = time.monotonic() - start
    if ended.returncode:
        raise SystemExit(
            f"{command[0]} ended with {ended.returncode}; the end of {log}:\n{log.read_text()[-2000:]}"
        )
    return seconds


class Bench:
    """One run: a folder, an edge, the measured rows."""

    def __init__(self, folder: Path, edge: Edge) -> None:
        self.folder = folder
        self.edge = edge
        self.log = folder / "bench.log"
        self.bundle = folder / "trivial.js"
        self.bundle.write_text(TRIVIAL)
        self.rows: dict[str, dict[str, float]] = {}

    def play(self, inventory: Path, *extra: str, env: dict[str, str] | None = None) -> float:
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "adsengineer.orchestrator.deploy"]
        command += ["-i", str(inventory), "-e", f"edge_gateway_bundle={self.bundle}", *extra]
        ours = {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_NOCOLOR": "1",
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        return timed(command, env=(env or self.edge.env) | ours, cwd=self.folder, log=self.log)

    def record(self, name: str, seconds: list[float], calls: int, planes: int) -> None:
        found = self.edge.workers()
        if len(found) < planes:
            raise SystemExit(
                f"{name}: only {len(found)} of {planes} Workers are there; see the playbook's output"
            )
        self.rows[name] = {
            "seconds": round(statistics.median(seconds), 3),
            "min": round(min(seconds), 3),
            "max": round(max(seconds), 3),
            "runs": len(seconds),
            "calls": calls,
            "planes": planes,
        }
        print(
            f"  {name:34} {self.rows[name]['seconds']:8.2f} s  {calls:6d} API calls  {planes:5d} planes",
            flush=True,
        )

    def cold(self, planes: int, runs: int) -> None:
        inventory = topology(self.folder / f"bench{planes}", planes)
        seconds, calls = [], 0
        for _turn in range(runs):
            self.edge.reset()
            self.forget_budget()
            seconds.append(self.play(inventory, "-e", "edge_verify=false"))
            calls = len(self.edge.calls())
        self.record(f"ours: cold deploy of {planes}", seconds, calls, planes)

    def alchemy(self, planes: int, runs: int) -> None:
        folder = HERE / "alchemy"
        workers = [
            {"name": f"t{n:04d}-{region}-gateway", "hostname": f"t{n:04d}-{region}.edge.localhost"}
            for n in range(planes // 2)
            for region in ("eu", "us")
        ]
        job = self.folder / "job.json"
        job.write_text(json.dumps({"script": TRIVIAL, "workers": workers}))
        seconds, calls = [], 0
        for _turn in range(runs):
            self.edge.reset()
            shutil.rmtree(folder / ".alchemy", ignore_errors=True)
            env = self.edge.env | {"ALCHEMY_CI_STATE_STORE_CHECK": "false", "DO_NOT_TRACK": "1"}
            seconds.append(timed(["node", "deploy.mjs", str(job)], env=env, cwd=folder, log=self.log))
            calls = len(self.edge.calls())
        self.record(f"alchemy: cold deploy of {planes}", seconds, calls, planes)

    def wrangler(self, runs: int) -> None:
        folder = self.folder / "wrangler"
        folder.mkdir()
        (folder / "index.js").write_text(TRIVIAL)
        self.edge.reset()
        seconds = []
        for n in range(runs):
            route = {"pattern": f"w{n}.edge.localhost", "custom_domain": True}
            config = {
                "name": f"w{n}",
                "main": "index.js",
                "compatibility_date": "2026-10-01",
                "routes": [route],
            }
            (folder / "wrangler.json").write_text(json.dumps(config | {"workers_dev": False}))
            command = [str(ROOT / "tests/node_modules/.bin/wrangler"), "deploy"]
            env = self.edge.env | {"WRANGLER_SEND_METRICS": "false", "CI": "1", "HOME": str(folder)}
            seconds.append(timed(command, env=env, cwd=folder, log=self.log))
        self.record("wrangler deploy, one each", seconds, round(len(self.edge.calls()) / runs), 1)

    def unchanged(self, planes: int, runs: int) -> None:
        """Seed by the playbook itself: a slice of the tenants at a time, each with its own token's budget."""
        inventory = topology(self.folder / f"bench{planes}", planes)
        self.edge.reset()
        self.forget_budget()
        for part in range(0, planes // 2, 250):
            tenants = [f"tenant_t{n:04d}" for n in range(part, min(part + 250, planes // 2))]
            limit = self.folder / "limit.txt"
            limit.write_text("\n".join(tenants) + "\n")
            self.play(inventory, "-e", "edge_verify=false", "--limit", f"@{limit}", env=self.edge.token_env())
        self.play(inventory, "-e", "edge_verify=false")
        seconds, calls = [], 0
        for _turn in range(runs):
            self.edge.forget_calls()
            seconds.append(self.play(inventory, "-e", "edge_verify=false"))
            calls = len(self.edge.calls())
        self.record(f"ours: unchanged converge of {planes}", seconds, calls, planes)

    def per_plane(self) -> dict[str, float]:
        """API calls of one plane by what happens to it.

        New ones by difference: two tenants against one, so that what the account costs falls out.
        Updates by the Worker's name in the path.
        """
        found = {}
        for what, config in (("new", False), ("new, with KV and its document", True)):
            found[what] = (self._deployed(4, config) - self._deployed(2, config)) / 2
        self.edge.forget_calls()
        self.play(self.folder / "bench2", "-e", "edge_verify=false", "-e", "edge_release=next")
        paths = [str(row["path"]) for row in self.edge.calls()]
        found["updated, canary, steps 10 50 100"] = sum("t0000-eu-gateway" in path for path in paths)
        found["updated, later"] = sum("t0000-us-gateway" in path for path in paths)
        for what, calls in found.items():
            print(f"  calls for one plane: {what:36} {calls:g}", flush=True)
        return found

    def _deployed(self, planes: int, config: bool) -> int:
        inventory = topology(self.folder / f"bench{planes}", planes, config=config)
        self.edge.reset()
        self.play(inventory, "-e", "edge_verify=false")
        return len(self.edge.calls())

    def forget_budget(self) -> None:
        """Every cold run starts as a day starts: with a full budget of calls."""
        shutil.rmtree(self.folder / "cache", ignore_errors=True)


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown processor")
    kernel = f"{platform.system()} {platform.release()}"
    return f"{os.cpu_count()} x {cpu}, {kernel}, Python {platform.python_version()}"


def bars(rows: dict[str, dict[str, float]], cold: int, many: int) -> list[tuple[str, float, str, bool]]:
    """The promised ratios: (what, measured, promise, kept)."""
    ours, alchemy = rows[f"ours: cold deploy of {cold}"], rows[f"alchemy: cold deploy of {cold}"]
    wrangler, unchanged = rows["wrangler deploy, one each"], rows[f"ours: unchanged converge of {many}"]
    loop = wrangler["seconds"] * cold / ours["seconds"]
    wall = ours["seconds"] / alchemy["seconds"]
    calls = ours["calls"] / alchemy["calls"]
    two = unchanged["seconds"] / (2 * wrangler["seconds"])
    return [
        (f"loop of {cold} wrangler deploys / cold deploy", loop, ">= 30", loop >= 30),
        ("cold deploy / alchemy, wall time", wall, "< 1", wall < 1),
        ("cold deploy / alchemy, API calls", calls, "<= 0.5", calls <= 0.5),
        (f"unchanged {many} / two wrangler deploys", two, "< 1", two < 1),
        (f"unchanged {many}, API calls", unchanged["calls"], "<= 5", unchanged["calls"] <= 5),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--cold", type=int, default=50)
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--no-history", action="store_true")
    options = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with running(folder / "edge") as edge:
            bench = Bench(folder, edge)
            bench.cold(options.cold, options.runs)
            bench.alchemy(options.cold, options.runs)
            bench.wrangler(options.runs)
            bench.unchanged(options.many, options.runs)
            calls = bench.per_plane()
    found = bars(bench.rows, options.cold, options.many)
    for what, promise in PER_PLANE.items():
        found.append((f"calls, {what}", calls[what], f"= {promise}", calls[what] == promise))
    for what, value, promise, kept in found:
        print(f"  {what:44} {value:8.2f}   promised {promise:6}  {'kept' if kept else 'MISSED'}")
    if not options.no_history:
        HISTORY.parent.mkdir(parents=True, exist_ok=True)
        row = {"date": datetime.now(UTC).date().isoformat(), "machine": machine(), "rows": bench.rows}
        row["calls"] = calls
        row["ratios"] = {what: round(value, 3) for what, value, _promise, _kept in found}
        with HISTORY.open("a") as out:
            out.write(json.dumps(row) + "\n")
    return 0 if all(kept for *_rest, kept in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
