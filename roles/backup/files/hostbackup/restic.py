# SPDX-License-Identifier: GPL-3.0-or-later
"""restic as a library: argument lists in, values out, its exit codes as errors in words."""

from __future__ import annotations

import datetime
import json
import os
import socket
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .config import Config
from .locks import Lock, alive, judge
from .problem import Problem

#: The first release that tells a missing repository, a lock and a wrong key apart by exit code.
OLDEST = (0, 17, 1)
#: How long the first answer of a repository may take: restic itself tries for 15 minutes, and says nothing.
ANSWER_SECONDS = 45.0
WORDS = {
    10: "There is no repository at {place}. Check the address; `init` makes a new one.",
    11: "The repository {place} is locked: {told}.",
    12: "The key in {key} does not open {place}. Bring the key that belongs to it; nothing was changed.",
}


class Failed(Problem):
    """restic ended with an exit code other than 0."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Snapshot:
    """``sequence`` counts the backups of a host, so that their order needs no clock. ``size`` is in bytes."""

    id: str
    time: datetime.datetime
    host: str
    generation: str
    sequence: int
    size: int = 0


class Restic:
    """One repository. Secrets reach restic in files, never in arguments or its environment."""

    def __init__(self, config: Config, held: Sequence[int] = ()) -> None:
        self._config, self._held = config, held

    def version(self) -> tuple[int, ...]:
        """Of the program. Raises Problem when it is too old."""
        words = self._run(["version"]).stdout.split()
        found = tuple(int(part) for part in words[1].split("-")[0].split(".")) if len(words) > 1 else ()
        if found < OLDEST:
            raise Problem(f"{self._config.restic} is {' '.join(words[:2])}; at least 0.17.1 is needed.")
        return found

    def init(self) -> bool:
        """Make the repository unless it is there. True when it was made."""
        try:
            self._must(["cat", "config", "--no-lock"], patience=ANSWER_SECONDS)
            return False
        except Failed as error:
            if error.code != 10:
                raise
        self._must(["init"])
        return True

    def backup(self, folder: Path, tags: Iterable[str]) -> Mapping[str, Any]:
        """Save a folder; answers restic's summary: snapshot_id, data_added, total_bytes_processed ..."""
        words = ["backup", "--json", "--host", self._config.host, "--group-by", "host"]
        words += [word for tag in tags for word in ("--tag", tag)]
        lines = self._unlocked([*words, "."], cwd=folder).splitlines()
        for line in reversed(lines):
            if '"summary"' in line:
                return dict(json.loads(line))
        raise Problem(f"restic saved to {self._place} but told no snapshot. Run the backup again.")

    def snapshots(self) -> list[Snapshot]:
        """Of this host, oldest first by their sequence."""
        words = ["snapshots", "--json", "--no-lock", "--host", self._config.host]
        found = json.loads(self._must(words, patience=ANSWER_SECONDS))
        return sorted(map(_snapshot, found or []), key=lambda one: (one.sequence, one.time))

    def restore(self, snapshot: str, target: Path, include: Iterable[str]) -> None:
        """Bring paths of a snapshot into a folder; what is there and right is not brought again."""
        words = [
            "restore",
            snapshot,
            "--no-lock",
            "--quiet",
            "--target",
            str(target),
            "--overwrite",
            "if-changed",
        ]
        self._must([*words, *(word for path in include for word in ("--include", path))])

    def forget(self, keep: Mapping[str, int]) -> None:
        """Drop old snapshots of this host and what only they used."""
        words = [word for name, count in keep.items() if count for word in (f"--keep-{name}", str(count))]
        base = ["forget", "--prune", "--quiet", "--host", self._config.host, "--group-by", "host"]
        self._unlocked([*base, *words])

    def check(self, subset: str) -> None:
        """Check the structure, and read a part of the data itself."""
        self._unlocked(["check", "--quiet", "--read-data-subset", subset])

    def size(self) -> int:
        """Bytes in the repository."""
        told = json.loads(self._must(["stats", "--json", "--no-lock", "--mode", "raw-data"]))
        return int(told["total_size"])

    def locks(self) -> list[Lock]:
        """Every lock in the repository."""
        names = self._must(["list", "locks", "--no-lock", "--quiet"]).split()
        return [_lock(name, self._must(["cat", "lock", name, "--no-lock", "--quiet"])) for name in names]

    def unlock_dead(self, now: datetime.datetime) -> str:
        """Remove locks of dead processes of this host and no other. Answers which locks stay, in words."""
        judged = judge(self.locks(), socket.gethostname(), alive, now)
        if judged.dead and self._local:
            for lock in judged.dead:
                (Path(self._place) / "locks" / lock.id).unlink(missing_ok=True)
        elif judged.dead and judged.sweep:
            told = "; ".join(map(str, judged.sweep))
            raise Problem(
                f"{self._place} has a lock of a dead process here, and removing it would remove another: "
                f"{told}. See to that host, then run `restic unlock`."
            )
        elif judged.dead:
            self._must(["unlock", "--quiet"])
        return "; ".join(map(str, judged.others))

    @property
    def _place(self) -> str:
        return self._config.repository

    @property
    def _local(self) -> bool:
        return self._place.startswith("/")

    def _unlocked(self, words: list[str], cwd: Path | None = None) -> str:
        """Run what needs a lock: remove one that a dead process of ours left, wait for a living one."""
        try:
            return self._must(words, cwd)
        except Failed as error:
            if error.code != 11:
                raise
        told = self.unlock_dead(datetime.datetime.now(datetime.UTC))
        return self._must([*words, "--retry-lock", self._config.lock_wait], cwd, told)

    def _must(
        self, words: list[str], cwd: Path | None = None, told: str = "", patience: float | None = None
    ) -> str:
        ran = self._run(words, cwd, patience)
        if ran.returncode:
            raise Failed(self._words(words[0], ran, told), ran.returncode)
        return ran.stdout

    def _words(self, what: str, ran: subprocess.CompletedProcess[str], told: str) -> str:
        last = " ".join(ran.stderr.split())[-600:]
        text = WORDS.get(ran.returncode)
        if text is None:
            return f"restic {what} on {self._place} ended with {ran.returncode}: {last}"
        return text.format(place=self._place, key=self._config.key_file, told=told or last)

    def _run(
        self, words: Sequence[str], cwd: Path | None = None, patience: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        config = self._config
        command = [config.restic, "-r", config.repository, "--password-file", str(config.key_file)]
        command += ["--cache-dir", str(config.work / "cache")]
        if config.sftp_args:
            command += ["-o", f"sftp.args={config.sftp_args}"]
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LC_ALL": "C.UTF-8",
        }
        if config.credentials_file:
            environment["AWS_SHARED_CREDENTIALS_FILE"] = config.credentials_file
        try:
            return subprocess.run(
                [*command, *words],
                cwd=cwd or "/",
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                pass_fds=self._held,
                timeout=patience,
            )
        except subprocess.TimeoutExpired as error:
            last = (error.stderr or b"").decode(errors="replace").strip().rpartition("\n")[2][-300:]
            raise Problem(
                f"{self._place} gave no answer in {patience:g} s: {last or 'restic said nothing'}."
                " Check the address, the bucket and the network."
            ) from None
        except OSError as error:
            raise Problem(
                f"{config.restic} can't be started: {os.strerror(error.errno or 0)}. Run the role backup."
            ) from None


def _snapshot(value: Mapping[str, Any]) -> Snapshot:
    tags = dict(tag.split("=", 1) for tag in value.get("tags") or [] if "=" in tag)
    summary = value.get("summary") or {}
    return Snapshot(
        id=value["id"],
        time=datetime.datetime.fromisoformat(value["time"]),
        host=value["hostname"],
        generation=tags.get("generation", ""),
        sequence=int(tags.get("sequence", "0")),
        size=int(summary.get("total_bytes_processed", 0)),
    )


def _lock(name: str, text: str) -> Lock:
    value = json.loads(text)
    return Lock(
        name,
        value["hostname"],
        int(value["pid"]),
        datetime.datetime.fromisoformat(value["time"]),
        bool(value["exclusive"]),
    )
