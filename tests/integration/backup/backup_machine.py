# SPDX-License-Identifier: GPL-3.0-or-later
"""A host in a folder, backed up by the real program into a real repository."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = ROOT / "roles" / "backup" / "files" / "hostbackup"
KEY = "canary-repository-key-3f9a"
CANARY = "canary-content-c41d7be0"


@dataclass
class Machine:
    """What a host has: data, a key, a repository, and the program's own state."""

    place: Path
    restic: str
    name: str = "cp"

    @property
    def repository(self) -> Path:
        return self.place / "repository"

    @property
    def state(self) -> Path:
        return self.place / "shared" / "backup"

    @property
    def mark(self) -> Path:
        return self.place / "shared" / "read-only"

    @property
    def data(self) -> Path:
        return self.place / "data"

    def declare(self, **more: Any) -> None:
        parts = [{"name": name, "paths": [str(self.data / name)]} for name in ("notes", "ledger", "pki")]
        value = {
            "host": self.name,
            "repository": str(self.repository),
            "key_file": str(self.place / "key"),
            "restic": self.restic,
            "shared": str(self.place / "shared"),
            "keep": {"last": 2},
            "subset": "100%",
            "lock_wait": "1s",
            "parts": parts,
        }
        (self.place / "backup.json").write_text(json.dumps(value | more))

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-I", str(PROGRAM), "--config", str(self.place / "backup.json"), *words]

    def run(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, check=False, timeout=120, **more
        )

    def ok(self, *words: str) -> str:
        ran = self.run(*words)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def fails(self, *words: str) -> str:
        ran = self.run(*words)
        assert ran.returncode == 1, ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr, ran.stderr
        return ran.stdout

    def raw(self, *words: str) -> str:
        """restic itself."""
        command = [
            self.restic,
            "-r",
            str(self.repository),
            "--password-file",
            str(self.place / "key"),
            "--no-cache",
        ]
        return subprocess.run([*command, *words], capture_output=True, text=True, check=True).stdout

    def snapshots(self) -> list[str]:
        return [one["id"] for one in json.loads(self.raw("snapshots", "--json", "--no-lock")) or []]

    def status(self) -> dict[str, Any]:
        return dict(json.loads((self.state / "status.json").read_text()))

    def populate(self) -> None:
        (self.data / "notes" / "deep").mkdir(parents=True)
        (self.data / "notes" / "one.note").write_text(f"{CANARY}\n")
        (self.data / "notes" / "deep" / "big").write_bytes(os.urandom(3_000_000))
        (self.data / "notes" / "link").symlink_to("one.note")
        (self.data / "notes" / "deep" / "big").chmod(0o640)
        (self.data / "pki").mkdir()
        (self.data / "pki" / "ca.pem").write_text("an authority\n")
        (self.data / "ledger").mkdir()
        with closing(sqlite3.connect(self.data / "ledger" / "ledger.db")) as database:
            database.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, text TEXT)")
            database.executemany("INSERT INTO entry (text) VALUES (?)", [(f"entry {n}",) for n in range(500)])
            database.commit()

    def content(self) -> dict[str, bytes | str]:
        """Everything that is saved, by path; links by their target, databases by their rows."""
        return {str(path.relative_to(self.data)): held(path) for path in sorted(self.data.rglob("*"))}

    def destroyed(self, place: Path) -> Machine:
        """A bare machine with nothing but the repository and its key."""
        place.mkdir()
        shutil.move(self.repository, place / "repository")
        shutil.move(self.place / "key", place / "key")
        shutil.rmtree(self.place)
        place.rename(self.place)
        self.declare(parts=[])
        return self


def held(path: Path) -> bytes | str:
    if path.is_symlink():
        return str(path.readlink())
    if path.is_dir():
        return "folder"
    if path.suffix == ".db":
        with closing(sqlite3.connect(path)) as database:
            return "\n".join(database.iterdump())
    return path.read_bytes()
