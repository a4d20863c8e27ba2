# SPDX-License-Identifier: GPL-3.0-or-later
"""What consistency and proof cost: our restore and unchanged backup against restic alone, in one run.

Run by ``make bench``. The sides take turns on the same data and one repository on this machine's disk, each
with its cache; ours is started as the units start it. It copies what changed before restic reads it, reads
and hashes every file again after restic wrote it, and puts the parts in their places; restic alone does
neither. A ratio is of neighbours in time, the median of all rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "roles" / "backup" / "files" / "hostbackup"
HISTORY = ROOT / "docs" / "benchmarks" / "backup.jsonl"
PROMISE = 1.3
MB = 1_000_000
#: The system's, as on a host: one of an environment may have more to load.
PYTHON = shutil.which("python3", path="/usr/bin") or sys.executable


class Bench:
    """A host with ``size`` megabytes in a folder, and a repository."""

    def __init__(self, place: Path, size: int) -> None:
        self.place, self.data, self.restic = place, place / "data", restic()
        self.seconds: dict[str, list[float]] = {}
        self.cpu: dict[str, list[float]] = {}
        (place / "key").write_text("a key of this benchmark\n")
        self.fill(size)
        parts = [{"name": name, "paths": [str(self.data / name)]} for name in ("large", "small", "rows")]
        declared = {"host": "bench", "repository": str(place / "repository"), "key_file": str(place / "key")}
        declared |= {"restic": self.restic, "shared": str(place / "shared"), "parts": parts}
        (place / "backup.json").write_text(json.dumps(declared))

    def fill(self, size: int) -> None:
        """Nine tenths in large files, the rest in 2000 small ones and a database."""
        for name in ("large", "small", "rows"):
            (self.data / name).mkdir(parents=True)
        for number in range(20):
            (self.data / "large" / str(number)).write_bytes(os.urandom(size * MB * 9 // 200))
        for number in range(2000):
            (self.data / "small" / str(number)).write_bytes(os.urandom(size * MB // 40000))
        with closing(sqlite3.connect(self.data / "rows" / "rows.db")) as database:
            database.execute("CREATE TABLE entry (text BLOB)")
            database.executemany("INSERT INTO entry VALUES (randomblob(1000))", [()] * (size * 50))
            database.commit()

    def ours(self, *words: str) -> None:
        command = [
            PYTHON,
            "-IS",
            str(PROGRAM / "__main__.py"),
            "--config",
            str(self.place / "backup.json"),
            *words,
        ]
        run(command, self.place)

    def alone(self, *words: str) -> None:
        key, cache = str(self.place / "key"), str(self.place / "cache")
        command = [self.restic, "-r", str(self.place / "repository"), "--password-file", key]
        run([*command, "--cache-dir", cache, "--quiet", *words], self.data)

    def timed(self, name: str, work: Callable[[], None]) -> None:
        os.sync()
        start, used = time.monotonic(), spent()
        work()
        os.sync()
        self.seconds.setdefault(name, []).append(time.monotonic() - start)
        self.cpu.setdefault(name, []).append(spent() - used)
        print(f"  {name:34} {self.seconds[name][-1]:7.2f} s wall {self.cpu[name][-1]:7.2f} s CPU", flush=True)

    def unchanged(self) -> None:
        """Each side once."""
        self.timed("ours: unchanged backup", lambda: self.ours("backup"))
        self.timed("restic backup, unchanged", lambda: self.alone("backup", "--host", "alone", "."))

    def restored(self) -> None:
        """Each side once; what was there is removed before."""
        shutil.rmtree(self.data)
        self.timed("ours: restore", lambda: self.ours("restore"))
        target = self.place / "target"
        shutil.rmtree(target, ignore_errors=True)
        self.timed(
            "restic restore",
            lambda: self.alone("restore", "latest", "--host", "bench", "--target", str(target)),
        )
        shutil.rmtree(target)


def restic() -> str:
    return subprocess.run(
        [ROOT / "scripts" / "restic"], capture_output=True, text=True, check=True
    ).stdout.strip()


def spent() -> float:
    """Processor time of the processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ratio(over: list[float], under: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(over, under, strict=True))


PAIRS = {
    "restore": ("ours: restore", "restic restore"),
    "unchanged backup": ("ours: unchanged backup", "restic backup, unchanged"),
}


def run(command: list[str], cwd: Path) -> None:
    ended = subprocess.run(
        command, cwd=cwd if cwd.exists() else "/", capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise SystemExit(
            f"{command[0]} ended with {ended.returncode}: {ended.stdout[-500:]}{ended.stderr[-500:]}"
        )


def main() -> int:
    """Print the ratios and keep them; 1 when a promise is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1000, help="megabytes")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-history", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench.") as folder:
        bench = Bench(Path(folder), options.size)
        bench.ours("init")
        bench.ours("backup")
        bench.alone("backup", "--host", "alone", ".")
        # A change within the last two seconds before a copy is copied again by the next.
        time.sleep(2)
        bench.ours("backup")
        load = os.getloadavg()[0]
        for work in (bench.unchanged, bench.restored):
            for _round in range(options.rounds if work == bench.restored else 3 * options.rounds):
                work()
    middle = {name: statistics.median(found) for name, found in bench.seconds.items()}
    ratios = {name: ratio(*(bench.seconds[side] for side in pair)) for name, pair in PAIRS.items()}
    processor = {name: ratio(*(bench.cpu[side] for side in pair)) for name, pair in PAIRS.items()}
    for name, value in ratios.items():
        print(
            f"{name}: {value:.2f} times restic alone (CPU {processor[name]:.2f}), at most {PROMISE} promised"
        )
    if not options.no_history:
        row = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": f"{os.cpu_count()} x {platform.machine()}"}
        row |= {
            "load": round(load, 1),
            "megabytes": options.size,
            "seconds": {k: round(v, 2) for k, v in middle.items()},
        }
        row["cpu_ratios"] = {name: round(value, 3) for name, value in processor.items()}
        row["ratios"] = {name: round(value, 3) for name, value in ratios.items()}
        with HISTORY.open("a") as file:
            file.write(json.dumps(row) + "\n")
    return int(max(ratios.values()) > PROMISE)


if __name__ == "__main__":
    sys.exit(main())
