# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks PM2 by its command line, as the owner of its home and with an environment of its own."""

from __future__ import annotations

import json
import math
import os
import pwd
import re
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .pm2 import Instance, Problem, parse_jlist
from .pm2_declared import looks_secret, seconds

_ASSIGNED = re.compile(r"([\w-]+)([\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|\S+)")
_ERROR = re.compile(r"error|exception|fatal|cannot|refused|denied|EADDR", re.IGNORECASE)
_LONG = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}")


class Pm2:
    """One PM2: its home, and the command that speaks to it."""

    def __init__(
        self, home: str, executable: str, timeout: float = 60.0, unit: str = "pm2-adsengineer"
    ) -> None:
        self.home, self.executable, self.timeout, self.unit = home, executable, timeout, unit

    def missing(self) -> str:
        """Tell what is not installed, or nothing."""
        if not os.access(self.executable, os.X_OK):
            return f"there is no {self.executable}"
        return "" if Path(self.home).is_dir() else f"there is no {self.home}"

    def answers(self) -> bool:
        """Whether its daemon listens. Asked otherwise, PM2 would start one outside of systemd."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(5)
            try:
                sock.connect(f"{self.home}/rpc.sock")
            except OSError:
                return False
        return True

    def require(self) -> None:
        """Refuse to go on without a daemon."""
        missing = self.missing()
        if missing:
            raise Problem(f"PM2 can't be asked: {missing}", "Run the role adsengineer.orchestrator.pm2 first")
        if not self.answers():
            raise Problem(
                f"PM2 does not answer at {self.home}/rpc.sock",
                f"Run: systemctl start {self.unit}; if it fails: journalctl -u {self.unit}",
            )

    def stop_timeout(self) -> float:
        """How many seconds systemd gives PM2 to stop; without such a unit nobody ends it."""
        argv = ["systemctl", "show", "--property", "LoadState,TimeoutStopUSec", self.unit]
        try:
            done = subprocess.run(  # pylint: disable=ansible-bad-function
                argv, capture_output=True, text=True, timeout=self.timeout, check=False
            )
        except OSError:
            return math.inf
        except subprocess.TimeoutExpired:
            raise Problem(
                f"systemd did not tell about {self.unit} in {self.timeout:g} s",
                "See what it waits for: systemctl list-jobs",
            ) from None
        known = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        return seconds(known["TimeoutStopUSec"]) if known.get("LoadState") == "loaded" else math.inf

    def list(self) -> list[Instance]:
        """What runs."""
        return parse_jlist(self._ask("jlist"))

    def start(self, apps: Sequence[Mapping[str, Any]]) -> None:
        """Start processes that do not run yet."""
        self._ask("start", "-", stdin=json.dumps({"apps": list(apps)}))

    def delete(self, name: str) -> None:
        """Let processes finish, then end them."""
        self._ask("delete", name)

    def size(self, path: str) -> int:
        """How long a log is now. Logs are read as PM2's owner, who may have put a link there."""
        done = self._run(["stat", "--format=%s", path], None)
        return int(done.stdout) if done.returncode == 0 else 0

    def said(self, path: str, since: int) -> str:
        """The line that tells most of what was written to a log since it had that size."""
        done = self._run(["tail", "--bytes", f"+{since + 1}", path], None)
        return telling(done.stdout[-20000:]) if done.returncode == 0 else ""

    def _ask(self, *words: str, stdin: str | None = None) -> str:
        try:
            done = self._run([self.executable, *words], stdin)
        except subprocess.TimeoutExpired:
            raise Problem(
                f"pm2 {words[0]} gave no answer in {self.timeout:g} s",
                f"Read {self.home}/pm2.log, or raise timeout",
            ) from None
        except OSError as error:
            raise Problem(
                f"{self.executable} can't be started: {error.strerror}", "Install PM2 again"
            ) from None
        if done.returncode:
            said = presentable(done.stderr or done.stdout) or "it said nothing"
            raise Problem(f"pm2 {' '.join(words)} failed: {said}", f"Read {self.home}/pm2.log")
        return done.stdout

    def _run(self, argv: Sequence[str], stdin: str | None) -> subprocess.CompletedProcess[str]:
        who: dict[str, Any] = {}
        owner = Path(self.home).stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            who = {"user": owner.st_uid, "group": _group(owner), "extra_groups": []}
        # run_command of AnsibleModule knows neither timeout nor user.
        return subprocess.run(  # pylint: disable=ansible-bad-function
            list(argv),
            input=stdin or "",
            env=environment(self.home, self.executable),
            cwd=self.home,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=self.timeout,
            check=False,
            umask=0o077,
            **who,
        )


def environment(home: str, executable: str) -> dict[str, str]:
    """PM2 hands the environment of its command line to what it starts, so it gets nothing but this."""
    return {
        "PATH": os.pathsep.join([str(Path(executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": home,
        "LANG": "C.UTF-8",
        "PM2_HOME": home,
        "PM2_DISCRETE_MODE": "true",
        "PM2_NO_INTERACTION": "true",
    }


def presentable(text: str, limit: int = 400) -> str:
    """Text of a process on one line, bounded, without what looks like a secret."""
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]|[^\x20-\x7e\n]", "", text)
    flat = " ".join(plain.split())
    masked = _ASSIGNED.sub(
        lambda found: f"{found[1]}{found[2]}********" if looks_secret(found[1]) else found[0], flat
    )
    masked = _LONG.sub(lambda found: "********" if re.search(r"\d", found[0]) else found[0], masked)
    return masked if len(masked) <= limit else "..." + masked[3 - limit :]


def telling(text: str) -> str:
    """The last line of a log that speaks of an error, or its last lines."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("    at ")]
    errors = [line for line in lines if _ERROR.search(line)]
    return presentable("\n".join(errors[-1:] or lines[-2:]))


def _group(owner: os.stat_result) -> int:
    try:
        return pwd.getpwuid(owner.st_uid).pw_gid
    except KeyError:
        return owner.st_gid


__all__ = ["Pm2", "environment", "presentable", "telling"]
