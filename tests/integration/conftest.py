# SPDX-License-Identifier: GPL-3.0-or-later
"""A real embedded edge, with workerd, for the tests of this folder."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = ROOT / "roles" / "embedded_edge" / "files"
WORKERD_PLACES = (
    ROOT / ".run" / "npm" / "node_modules" / ".bin" / "workerd",
    FILES / "npm/node_modules/@cloudflare/workerd-linux-64/bin/workerd",
)
START_SECONDS = 30


@dataclass(frozen=True)
class Edge:
    """A running embedded edge and how to reach it."""

    base_url: str
    api_port: int
    http_port: int
    token: str
    account_id: str
    zone: str
    control: httpx.Client
    env: dict[str, str]
    directory: Path

    def client(self, token: str | None = None) -> httpx.Client:
        """Return a client of the REST API, with the main token unless another is named."""
        return httpx.Client(
            base_url=self.base_url, headers={"authorization": f"Bearer {token or self.token}"}
        )

    def get(self, hostname: str, path: str = "/", **options: Any) -> httpx.Response:
        """Ask a deployed Worker by its hostname."""
        headers = {"host": hostname, **options.pop("headers", {})}
        return httpx.get(f"http://127.0.0.1:{self.http_port}{path}", headers=headers, timeout=15, **options)


def find_workerd() -> str:
    """Return the workerd to use, from WORKERD or the npm folders of this checkout."""
    named = os.environ.get("WORKERD")
    places = [Path(named)] if named else WORKERD_PLACES
    for place in places:
        if place.exists():
            return str(place)
    looked = ", ".join(str(place) for place in places)
    pytest.fail(
        f"no workerd at {looked}: set WORKERD, or run `npm ci --ignore-scripts --prefix tests`", pytrace=False
    )


def start_edge(directory: Path, *options: str) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """Start the embedded edge on free ports and wait until it serves."""
    directory.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "embedded_edge", "serve", "--dir", str(directory)]
    environment = {**os.environ, "PYTHONPATH": str(FILES)}
    with (directory / "output.log").open("ab") as output:
        process = subprocess.Popen(
            [*command, "--api-port", "0", "--http-port", "0", *options],
            env=environment,
            stdout=output,
            stderr=output,
        )
    ready = directory / "ready.json"
    until = time.monotonic() + START_SECONDS
    while not ready.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    if not ready.exists():
        stop_edge(process)
        pytest.fail(
            f"the embedded edge did not start: {(directory / 'output.log').read_text()[-3000:]}",
            pytrace=False,
        )
    return process, json.loads(ready.read_text())


def stop_edge(process: subprocess.Popen[bytes]) -> int:
    """Stop an embedded edge as its supervisor would."""
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def read_variables(path: Path) -> dict[str, str]:
    """Read an edge.env as a shell would."""
    words = [shlex.split(line) for line in path.read_text().splitlines()]
    return dict(word.split("=", 1) for _export, word in words)


@pytest.fixture(scope="session")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Run one embedded edge for the whole session."""
    directory = tmp_path_factory.mktemp("edge")
    process, facts = start_edge(directory, "--workerd", find_workerd(), "--zone", "edge.localhost")
    try:
        variables = read_variables(directory / "edge.env")
        token = variables["CLOUDFLARE_API_TOKEN"]
        headers = {"authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{facts['api']}/_embedded", headers=headers) as control:
            yield Edge(
                base_url=variables["CLOUDFLARE_BASE_URL"],
                api_port=facts["api"],
                http_port=facts["http"],
                token=token,
                account_id=variables["CLOUDFLARE_ACCOUNT_ID"],
                zone="edge.localhost",
                control=control,
                env=variables,
                directory=directory,
            )
    finally:
        stop_edge(process)


@pytest.fixture
def clean_edge(edge: Edge) -> Edge:
    """Return the embedded edge with nothing deployed, no faults and an empty request log."""
    edge.control.post("/reset").raise_for_status()
    return edge
