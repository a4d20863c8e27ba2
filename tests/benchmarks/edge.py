# SPDX-License-Identifier: GPL-3.0-or-later
"""An embedded edge of the benchmark's own, its runtime off: what is timed is the deploying side."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Edge:
    """Where the edge answers, and as whom to call it."""

    api_port: int
    token: str
    account_id: str
    env: dict[str, str]

    @property
    def control(self) -> str:
        return f"http://127.0.0.1:{self.api_port}/_embedded"

    def request(self, method: str, path: str, json_body: object | None = None) -> httpx.Response:
        answer = httpx.request(
            method,
            f"{self.control}/{path}",
            json=json_body,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
        )
        answer.raise_for_status()
        return answer

    def reset(self) -> None:
        self.request("POST", "reset")
        self.forget_calls()

    def forget_calls(self) -> None:
        self.request("DELETE", "requests")

    def calls(self) -> list[dict[str, object]]:
        """The API calls since the log was emptied: [{method, path, status, ...}]."""
        rows = self.request("GET", "requests").json()["requests"]
        return [row for row in rows if str(row["path"]).startswith("/client/v4")]

    def workers(self) -> list[str]:
        """The names of the Workers that are there."""
        answer = httpx.get(
            f"http://127.0.0.1:{self.api_port}/client/v4/accounts/{self.account_id}/workers/scripts",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
        )
        return [row["id"] for row in answer.json()["result"]]

    def token_env(self) -> dict[str, str]:
        """The environment with a new token: a budget of its own, as one token a tenant group has."""
        made = self.request("POST", "tokens", {}).json()
        return self.env | {"CLOUDFLARE_API_TOKEN": made["token"]}


def _exports(path: Path) -> dict[str, str]:
    pairs = (
        line.removeprefix("export ").split("=", 1) for line in path.read_text().splitlines() if "=" in line
    )
    return {name.strip(): value.strip().strip("'\"") for name, value in pairs}


@contextlib.contextmanager
def running(directory: Path) -> Iterator[Edge]:
    """Start an edge in ``directory``; end it, by its process id, when the block ends."""
    command = [sys.executable, "-m", "embedded_edge", "serve", "--dir", str(directory)]
    command += ["--api-port", "0", "--http-port", "0", "--no-runtime", "--zone", "edge.localhost"]
    env = os.environ | {"PYTHONPATH": str(ROOT / "roles/embedded_edge/files")}
    with directory.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    try:
        ready = _wait(directory / "ready.json", process)
        values = _exports(directory / "edge.env")
        yield Edge(
            api_port=ready["api"],
            token=values["CLOUDFLARE_API_TOKEN"],
            account_id=values["CLOUDFLARE_ACCOUNT_ID"],
            env=values,
        )
    finally:
        process.terminate()
        process.wait(20)


def _wait(path: Path, process: subprocess.Popen[bytes], seconds: float = 20) -> dict[str, int]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the embedded edge ended with {process.returncode}; see {path.parent}.log")
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            return dict(json.loads(path.read_text()))
        time.sleep(0.05)
    raise SystemExit(f"the embedded edge was not ready within {seconds:.0f} s")
