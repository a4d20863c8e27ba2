# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connectors of a tunnel on one host: instances of cloudflared@.service, named by their metrics port.

They are brought up one after the other, each waited for, so that a host with two of them never drops a
request. What an instance was started with is kept as a digest beside it; one that was started with anything
else is restarted, also when the run that changed the files was killed before it came to that.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

UNIT = "cloudflared@{}.service"
_INSTANCE = re.compile(r"cloudflared@(\d+)\.service")
_WANTS = Path("/etc/systemd/system/multi-user.target.wants")

Run = Callable[[Sequence[str]], "tuple[int, str]"]
Ask = Callable[[int], "Ready"]


class ConnectorError(Exception):
    """A connector doesn't serve; the text says which, why, and what its journal says."""


@dataclass(frozen=True)
class Ready:
    """What /ready answers: how many connections to the edge, or why there is no answer."""

    connections: int = 0
    connector: str = ""
    problem: str = ""


@dataclass
class Outcome:
    """What was done or would be, and who serves now."""

    actions: list[str] = field(default_factory=list)
    connectors: list[dict[str, Any]] = field(default_factory=list)


class Connectors:
    """Brings the instances to their declared number and inputs."""

    def __init__(
        self,
        inputs: Sequence[Path],
        state: Path,
        *,
        timeout: float,
        check: bool,
        run: Run,
        ask: Ask,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        wants: Path = _WANTS,
    ) -> None:
        self._inputs, self._state, self._timeout, self._check = inputs, state, timeout, check
        self._run, self._ask, self._clock, self._sleep, self._wants = run, ask, clock, sleep, wants

    def converge(self, ports: Sequence[int]) -> Outcome:
        """Start, restart and stop instances, one at a time."""
        outcome, wanted = Outcome(), self._digest() if ports else ""
        for port in ports:
            why = self._why(port, wanted)
            if why:
                outcome.actions.append(f"{why} {UNIT.format(port)}")
                if not self._check:
                    self._start(port, wanted)
            if not self._check or not why:
                outcome.connectors.append(self._shown(port, started=bool(why)))
        for port in sorted(self._present() - set(ports)):
            outcome.actions.append(f"stop {UNIT.format(port)}")
            if not self._check:
                self._must(["systemctl", "disable", "--now", UNIT.format(port)], port)
                self._stamp(port).unlink(missing_ok=True)
        return outcome

    def _why(self, port: int, wanted: str) -> str:
        if not (self._wants / UNIT.format(port)).is_symlink() or not self._active(port):
            return "start"
        return "" if self._kept(port) == wanted else "restart"

    def _start(self, port: int, wanted: str) -> None:
        unit = UNIT.format(port)
        self._run(["systemctl", "reset-failed", unit])
        self._must(["systemctl", "enable", unit], port)
        self._must(["systemctl", "restart", unit], port)
        self._wait(port)
        self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._stamp(port).with_suffix(".draft")
        draft.write_text(wanted)
        draft.replace(self._stamp(port))

    def _wait(self, port: int) -> Ready:
        until = self._clock() + self._timeout
        while True:
            found = self._ask(port)
            if found.connections:
                return found
            if self._clock() >= until or not self._active(port):
                raise self._failed(port, found.problem or "it has no connection to the edge")
            self._sleep(0.2)

    def _shown(self, port: int, started: bool) -> dict[str, Any]:
        found = self._ask(port) if started else self._wait(port)
        return {"port": port, "connections": found.connections, "connector": found.connector}

    def _active(self, port: int) -> bool:
        return self._run(["systemctl", "is-active", "--quiet", UNIT.format(port)])[0] == 0

    def _present(self) -> set[int]:
        """Instances that run or are enabled."""
        _code, text = self._run(
            ["systemctl", "list-units", "--all", "--plain", "--no-legend", "cloudflared@*.service"]
        )
        listed = [line.split()[0] for line in text.splitlines() if line.split() and " not-found " not in line]
        enabled = [path.name for path in self._wants.glob("cloudflared@*.service")]
        return {int(match[1]) for name in (*listed, *enabled) if (match := _INSTANCE.fullmatch(name))}

    def _digest(self) -> str:
        total = hashlib.sha256()
        for path in self._inputs:
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                if not self._check:
                    raise ConnectorError(f"{path} does not exist: run the role cloudflared whole.") from None
                content = b""
            total.update(hashlib.sha256(content).digest())
        return total.hexdigest()

    def _stamp(self, port: int) -> Path:
        return self._state / str(port)

    def _kept(self, port: int) -> str:
        try:
            return self._stamp(port).read_text()
        except FileNotFoundError:
            return ""

    def _must(self, argv: Sequence[str], port: int) -> None:
        code, text = self._run(argv)
        if code != 0:
            raise self._failed(port, f"'{' '.join(argv)}' ended with {code}: {text.strip()[-300:]}")

    def _failed(self, port: int, why: str) -> ConnectorError:
        unit = UNIT.format(port)
        journal = self._run(["journalctl", "--unit", unit, "--lines", "8", "--output", "cat", "--no-pager"])[
            1
        ]
        said = " | ".join(line.strip() for line in journal.splitlines() if line.strip())
        return ConnectorError(
            f"{unit} does not serve: {why.rstrip('.')}. Its journal says: {said or 'nothing'}"
        )


def run(argv: Sequence[str]) -> tuple[int, str]:
    """Run a program; its status and what it said. (run_command of AnsibleModule knows no timeout.)"""
    try:
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            argv, capture_output=True, text=True, check=False, timeout=120
        )
    except subprocess.TimeoutExpired:
        return 124, "no end within 120 s"
    except OSError as error:
        return 127, f"{argv[0]}: {error.strerror}"
    return done.returncode, done.stdout + done.stderr


def ask(port: int) -> Ready:
    """Ask a connector on loopback how it is; 503 is an answer too."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        body = json.loads(answer.read(65536))
        count = int(body.get("readyConnections", 0)) if answer.status == 200 else 0
        problem = "" if count else f"/ready says {answer.status}"
        return Ready(count, str(body.get("connectorId", "")), problem)
    except OSError as error:
        return Ready(problem=f"/ready does not answer ({error.strerror or type(error).__name__})")
    except (ValueError, AttributeError, TypeError, http.client.HTTPException) as error:
        return Ready(problem=f"/ready answers what can't be read ({type(error).__name__})")
    finally:
        connection.close()


__all__ = ["UNIT", "ConnectorError", "Connectors", "Outcome", "Ready", "ask", "run"]
