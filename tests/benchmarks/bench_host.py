# SPDX-License-Identifier: GPL-3.0-or-later
"""What it takes to bring a bare host to serving, against a plain shell script, and to find nothing to do.

Run by ``make bench-host``. The hosts are fresh systemd containers of one image, the sides take turns, both
come by SSH from this machine. The script (plain.sh) installs the packages, writes the files and starts the
services that a run of the playbook has installed, written and started on a host of the same image before; it
compares, validates and proves nothing. Adds its row to docs/benchmarks/history.jsonl.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench import HISTORY, machine
from edge import ROOT

VPS = ROOT / "scripts" / "vps"
SCRIPT = Path(__file__).with_name("plain.sh")
PM2 = "/usr/local/lib/adsengineer/pm2"
FIRST, SECOND = 1.5, 0.2
Row = tuple[str, float, str, bool]


def run(command: list[str], stdin: bytes | None = None, env: dict[str, str] | None = None) -> bytes:
    """What a command prints; a failure ends the benchmark."""
    ended = subprocess.run(
        command, input=stdin, env=os.environ | (env or {}), capture_output=True, check=False
    )
    if ended.returncode:
        said = (ended.stdout + ended.stderr).decode(errors="replace")[-3000:]
        raise SystemExit(f"{' '.join(command)[:300]} ended with {ended.returncode}:\n{said}")
    return ended.stdout


class Host:
    """A fresh host that answers over SSH."""

    def __init__(self, name: str, folder: Path, ansible: Path) -> None:
        self.name, self.ansible = name, ansible
        ssh = folder / f"{name}.ssh"
        ssh.write_bytes(run([str(VPS), "config", name]))
        self.ssh = ["ssh", "-F", str(ssh), name]
        host = {"ansible_ssh_common_args": f"-F {ssh}", "ansible_python_interpreter": "/usr/bin/python3"}
        self.inventory = folder / f"{name}.json"
        self.inventory.write_text(json.dumps({"control_plane": {"hosts": {name: host}}}))
        self.env = {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_HOME": str(folder / "ansible"),
            "ANSIBLE_NOCOLOR": "1",
            # A socket's path has room for 108 bytes only.
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / name),
        }

    def inside(self, *command: str) -> bytes:
        return run(["docker", "exec", self.name, *command])

    def manual(self) -> set[str]:
        """The packages that somebody asked for; the others came with them."""
        return set(self.inside("apt-mark", "showmanual").decode().split())

    def provision(self, *options: str) -> tuple[float, str]:
        """Seconds of the whole process, and what it printed."""
        start = time.monotonic()
        command = [str(self.ansible), "adsengineer.orchestrator.provision", "-i", str(self.inventory)]
        said = run([*command, *options], env=self.env).decode()
        return time.monotonic() - start, said

    def script(self, payload: bytes) -> tuple[float, dict[str, float]]:
        """Seconds of the whole process, and those of its parts."""
        start = time.monotonic()
        said = run([*self.ssh, "mkdir plain && tar -x -C plain && sudo sh plain/plain.sh"], payload).decode()
        seconds = time.monotonic() - start
        return seconds, {name: float(took) for name, took in re.findall(r"^part (\S+) (\S+)$", said, re.M)}


@contextmanager
def fresh(name: str, suite: str, folder: Path, ansible: Path) -> Iterator[Host]:
    run([str(VPS), "up", name, suite])
    try:
        yield Host(name, folder, ansible)
    finally:
        run([str(VPS), "down", name])


def model(host: Host) -> bytes:
    """What the script needs, as a tar, taken from a host that the playbook made."""
    before = host.manual()
    _seconds, said = host.provision("--diff")
    files = sorted(set(re.findall(r"^\+\+\+ after: (/[^ \n]+)", said, re.M)))
    if len(files) < 20:
        raise SystemExit(f"only {files} were written, so this is no model:\n{said[-2000:]}")
    packages = sorted(host.manual() - before)
    print(f"  the model: {len(packages)} packages asked for, {len(files)} files", flush=True)
    program = Path(host.inside("readlink", f"{PM2}/pm2").decode().strip())
    pm2 = [
        f"{PM2}/pm2",
        *(str(program.with_name(name)) for name in ("pm2", "package.json", "package-lock.json")),
    ]
    members = {
        "packages": "\n".join(packages).encode(),
        "files.tar": host.inside("tar", "-C", "/", "-c", *(name.lstrip("/") for name in files)),
        "pm2.tar": host.inside("tar", "-C", "/", "-c", *(name.lstrip("/") for name in pm2)),
        SCRIPT.name: SCRIPT.read_bytes(),
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class Bench:
    def __init__(self, folder: Path, suite: str, ansible: Path) -> None:
        self.folder, self.suite, self.ansible = folder, suite, ansible
        self.seconds: dict[str, list[float]] = {}
        self.parts: dict[str, list[float]] = {}
        self.loads: list[float] = []
        with self.host("model") as host:
            self.payload = model(host)

    def host(self, name: str):
        return fresh(f"bench-{os.getpid()}-{name}", self.suite, self.folder, self.ansible)

    def record(self, name: str, seconds: float) -> None:
        self.seconds.setdefault(name, []).append(seconds)
        print(f"  {name:34} {seconds:7.2f} s", flush=True)

    def ours(self) -> None:
        with self.host("ours") as host:
            self.record("ours", host.provision()[0])
            seconds, said = host.provision()
            if not re.search(r"changed=0 +unreachable=0 +failed=0", said):
                raise SystemExit(f"the second run changed something:\n{said[-3000:]}")
            self.record("ours, again", seconds)
            host.inside("systemctl", "is-active", "pm2-adsengineer", "adsengineer-firewall", "docker")

    def plain(self) -> None:
        with self.host("plain") as host:
            seconds, parts = host.script(self.payload)
            self.record("plain script", seconds)
            for name, took in parts.items():
                self.parts.setdefault(name, []).append(took)
            print("   ", ", ".join(f"{name} {took:.1f}" for name, took in parts.items()), flush=True)
            host.inside("systemctl", "is-active", "pm2-adsengineer", "adsengineer-firewall", "docker")

    def round(self, turn: int) -> None:
        """Each side once; who begins takes turns, too."""
        self.loads.append(os.getloadavg()[0])
        for side in (self.ours, self.plain) if turn % 2 == 0 else (self.plain, self.ours):
            side()

    def bars(self) -> list[Row]:
        pairs = zip(self.seconds["ours"], self.seconds["plain script"], strict=True)
        first = statistics.median(ours / plain for ours, plain in pairs)
        pairs = zip(self.seconds["ours, again"], self.seconds["ours"], strict=True)
        second = statistics.median(again / ours for again, ours in pairs)
        return [
            ("bare host to serving / plain script", first, f"<= {FIRST}", first <= FIRST),
            ("the second run / the first", second, f"<= {SECOND}", second <= SECOND),
        ]


def main() -> int:
    """Print the ratios and keep them; 1 when a promise is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--ansible", type=Path, default=Path(sys.executable).with_name("ansible-playbook"))
    parser.add_argument("--no-history", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="b.") as name:
        bench = Bench(Path(name), options.suite, options.ansible.absolute())
        for turn in range(options.rounds):
            bench.round(turn)
    found = bench.bars()
    for what, value, promise, kept in found:
        print(f"  {what:44} {value:8.2f}   promised {promise:7} {'kept' if kept else 'MISSED'}")
    print(f"  load before the rounds: {', '.join(f'{item:.1f}' for item in bench.loads)}")
    if not options.no_history:
        row = {"date": datetime.now(UTC).date().isoformat(), "machine": machine()}
        row |= {
            "load": round(statistics.median(bench.loads), 2),
            "suite": options.suite,
            "rounds": options.rounds,
        }
        row["host"] = {what: round(statistics.median(took), 2) for what, took in bench.seconds.items()}
        row["plain"] = {what: round(statistics.median(took), 2) for what, took in bench.parts.items()}
        row["ratios"] = {what: round(value, 3) for what, value, _promise, _kept in found}
        with HISTORY.open("a") as out:
            out.write(json.dumps(row) + "\n")
    return 0 if all(kept for *_rest, kept in found) else 1


if __name__ == "__main__":
    sys.exit(main())
