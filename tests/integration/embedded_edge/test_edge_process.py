# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded edge as a process: start, stop, restart, and faults on real connections."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

FILES = Path(__file__).resolve().parents[3] / "roles" / "embedded_edge" / "files"
JAVASCRIPT = "application/javascript+module"


def start(directory: Path, *options: str) -> subprocess.Popen[str]:
    """Start the program without a runtime."""
    command = [sys.executable, "-m", "embedded_edge", "serve", "--dir", str(directory), "--no-runtime"]
    options = options if "--api-port" in options else ("--api-port", "0", *options)
    environment = {**os.environ, "PYTHONPATH": str(FILES)}
    return subprocess.Popen(
        [*command, *options], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ready(directory: Path, process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait until it serves, and return where."""
    path = directory / "ready.json"
    until = time.monotonic() + 15
    while time.monotonic() < until and process.poll() is None:
        if path.exists() and (found := json.loads(path.read_text()))["pid"] == process.pid:
            return dict(found)
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"it does not serve: {process.communicate()[1]}")


def variables(path: Path) -> dict[str, str]:
    """Let a shell read the file."""
    printed = subprocess.run(
        ["sh", "-c", f'. "{path}"; env'], capture_output=True, text=True, check=True
    ).stdout
    return dict(line.split("=", 1) for line in printed.splitlines() if line.startswith("CLOUDFLARE_"))


def stop(process: subprocess.Popen[str]) -> int:
    """Stop it as a supervisor does."""
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode


@dataclass
class Running:
    """A process that serves, and clients for it."""

    process: subprocess.Popen[str]
    api: httpx.Client
    control: httpx.Client
    account: str

    def close(self) -> None:
        """Close the clients."""
        self.api.close()
        self.control.close()

    def fault(self, **rule: Any) -> None:
        """Add a rule."""
        assert self.control.post("/faults", json=rule).status_code == 200


def connect(directory: Path, process: subprocess.Popen[str], env_file: Path | None = None) -> Running:
    """Wait for a process and return clients."""
    facts = ready(directory, process)
    found = variables(env_file or directory / "edge.env")
    assert (
        found["CLOUDFLARE_BASE_URL"]
        == found["CLOUDFLARE_API_BASE_URL"]
        == f"http://127.0.0.1:{facts['api']}/client/v4"
    )
    headers = {"authorization": f"Bearer {found['CLOUDFLARE_API_TOKEN']}"}
    api = httpx.Client(base_url=found["CLOUDFLARE_BASE_URL"], headers=headers, timeout=5)
    control = httpx.Client(base_url=f"http://127.0.0.1:{facts['api']}/_embedded", headers=headers, timeout=5)
    return Running(process, api, control, found["CLOUDFLARE_ACCOUNT_ID"])


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """Return a process that serves."""
    process = start(tmp_path / "edge")
    running = connect(tmp_path / "edge", process)
    yield running
    running.close()
    if process.poll() is None:
        stop(process)


def fill(running: Running) -> dict[str, Any]:
    """Deploy a Worker with a secret and write a key; return what is listed."""
    base = f"/accounts/{running.account}"
    metadata = {"main_module": "m.js", "bindings": [{"type": "secret_text", "name": "KEY", "text": "hidden"}]}
    files = [
        ("metadata", ("blob", json.dumps(metadata), "application/json")),
        ("m.js", ("m.js", b"x", JAVASCRIPT)),
    ]
    assert running.api.put(f"{base}/workers/scripts/one", files=files).status_code == 200
    space = running.api.post(f"{base}/storage/kv/namespaces", json={"title": "space"}).json()["result"]["id"]
    assert running.api.put(f"{base}/storage/kv/namespaces/{space}/values/k", content=b"v").status_code == 200
    domain = {"hostname": "a.edge.localhost", "service": "one"}
    assert running.api.put(f"{base}/workers/domains", json=domain).status_code == 200
    return state(running)


def state(running: Running) -> dict[str, Any]:
    """Return what the API lists."""
    base = f"/accounts/{running.account}"
    paths = [
        "workers/scripts",
        "workers/scripts/one/versions",
        "workers/scripts/one/deployments",
        "workers/domains",
    ]
    paths += ["workers/scripts/one/secrets", "storage/kv/namespaces"]
    return {path: running.api.get(f"{base}/{path}").json()["result"] for path in paths}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_the_state_survives(tmp_path: Path, how: signal.Signals) -> None:
    directory = tmp_path / "a folder"
    first = connect(directory, start(directory))
    before = fill(first)
    first.process.send_signal(how)
    first.process.communicate(timeout=10)
    assert first.process.returncode == (0 if how == signal.SIGTERM else -how)

    first.close()

    second = connect(directory, start(directory))
    assert second.account == first.account
    assert second.api.headers["authorization"] == first.api.headers["authorization"]
    assert state(second) == before
    second.close()
    assert stop(second.process) == 0
    assert not (directory / "ready.json").exists()


def test_files_are_for_their_owner_only(running: Running, tmp_path: Path) -> None:
    fill(running)
    directory = tmp_path / "edge"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    assert {"edge.env", "ready.json", "state.sqlite"} <= set(modes)
    token = running.api.headers["authorization"].split()[1].encode()
    assert (
        token not in (directory / "state.sqlite").read_bytes() + (directory / "state.sqlite-wal").read_bytes()
    )


def test_the_variables_go_where_they_are_wanted(tmp_path: Path) -> None:
    env_file = tmp_path / "other place" / "edge.env"
    process = start(
        tmp_path / "edge", "--env-file", str(env_file), "--zone", "Example.com", "--zone", "b.localhost"
    )
    running = connect(tmp_path / "edge", process, env_file)
    assert [zone["name"] for zone in running.api.get("/zones").json()["result"]] == [
        "b.localhost",
        "example.com",
    ]
    assert not (tmp_path / "edge" / "edge.env").exists()
    running.close()
    assert stop(process) == 0


def test_only_loopback_listens(running: Running) -> None:
    port = running.control.get("/health").json()["api"]
    shown = subprocess.run(
        ["cat", f"/proc/{running.process.pid}/net/tcp"], capture_output=True, text=True, check=False
    ).stdout
    listening = [line.split()[1] for line in shown.splitlines()[1:] if line.split()[3] == "0A"]
    assert [address for address in listening if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


def refused(directory: Path, *options: str) -> str:
    """Start what cannot start and return the one line that it says."""
    process = start(directory, *options)
    printed, said = process.communicate(timeout=15)
    assert process.returncode == 1, said
    assert printed == ""
    assert said.startswith("embedded edge: ")
    assert said.count("\n") == 1, said
    return said


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(tmp_path / "edge", "--api-port", str(port))
    assert f"port {port} of 127.0.0.1 is taken" in said
    assert "--api-port" in said


def test_a_folder_in_use(running: Running, tmp_path: Path) -> None:
    said = refused(tmp_path / "edge")
    assert "in use" in said
    assert "--dir" in said
    assert running.api.get("/user").status_code == 200


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "edge").write_text("")
    assert str(tmp_path / "edge") in refused(tmp_path / "edge")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        assert "make it writable" in refused(tmp_path / "edge")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("content", [b"no database at all, but long enough to look like one" * 50])
def test_a_state_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.sqlite").write_bytes(content)
    assert "state.sqlite" in refused(tmp_path)


def test_a_state_of_another_format(tmp_path: Path) -> None:
    process = start(tmp_path)
    ready(tmp_path, process)
    assert stop(process) == 0
    with sqlite3.connect(tmp_path / "state.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    assert "format 99" in refused(tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        ("--api-port", "http"),
        ("--api-port", "65536"),
        ("--zone", "bad zone"),
        ("--zone", "localhost"),
        ("--nonsense",),
    ],
    ids=" ".join,
)
def test_wrong_usage(tmp_path: Path, options: tuple[str, ...]) -> None:
    process = start(tmp_path / "edge", *options)
    _printed, said = process.communicate(timeout=15)
    assert process.returncode == 2
    assert "Traceback" not in said
    assert not (tmp_path / "edge").exists()


def test_a_workerd_that_is_missing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "embedded_edge", "serve", "--dir", str(tmp_path), "--api-port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(FILES)}
    done = subprocess.run(
        [*command, "--http-port", "0", "--workerd", "/none"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert re.fullmatch(r"embedded edge: .*/none.*\n", done.stderr)


class TestFaults:
    """Faults as a client sees them."""

    def titles(self, running: Running) -> list[str]:
        """List the namespaces."""
        found = running.api.get(f"/accounts/{running.account}/storage/kv/namespaces").json()["result"]
        return [namespace["title"] for namespace in found]

    @pytest.mark.parametrize(("kind", "effect"), [("drop_before", []), ("drop_after", ["space"])])
    def test_cut_connections(self, running: Running, kind: str, effect: list[str]) -> None:
        running.fault(fault=kind, times=1, match={"method": "POST"})
        with pytest.raises(httpx.TransportError):
            running.api.post(f"/accounts/{running.account}/storage/kv/namespaces", json={"title": "space"})
        assert self.titles(running) == effect
        entries = running.control.get("/requests").json()["requests"]
        assert [(entry["status"], entry["fault"]) for entry in entries] == [(0, kind), (200, None)]

    def test_hang(self, running: Running) -> None:
        running.fault(fault="hang", times=1)
        with pytest.raises(httpx.ReadTimeout):
            running.api.get("/user", timeout=0.3)
        assert running.api.get("/user").status_code == 200

    def test_latency(self, running: Running) -> None:
        running.fault(fault="latency", latency_ms=300, times=1)
        begun = time.monotonic()
        assert running.api.get("/user").status_code == 200
        assert time.monotonic() - begun >= 0.3

    def test_stopping_does_not_wait_for_a_hang(self, running: Running) -> None:
        running.fault(fault="hang")
        with socket.create_connection(("127.0.0.1", running.control.get("/health").json()["api"])) as hanging:
            hanging.sendall(b"GET /client/v4/user HTTP/1.1\r\nHost: localhost\r\n\r\n")
            time.sleep(0.2)
            begun = time.monotonic()
            assert stop(running.process) == 0
        assert time.monotonic() - begun < 6


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"garbage\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET http://127.0.0.1/client/v4/user HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PUT /client/v4/user HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET /client/v4/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /client/v4/user HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
    ids=["garbage", "no host", "absolute form", "negative length", "a raw byte", "a huge header"],
)
def test_requests_that_are_no_http(running: Running, request_bytes: bytes) -> None:
    with socket.create_connection(
        ("127.0.0.1", running.control.get("/health").json()["api"]), timeout=5
    ) as raw:
        raw.sendall(request_bytes)
        assert re.match(rb"HTTP/1.1 4\d\d ", raw.recv(1000))
    assert running.api.get("/user").status_code == 200


def test_small_answers_are_not_delayed(running: Running) -> None:
    running.api.get("/user")
    begun = time.monotonic()
    for _turn in range(50):
        running.api.get("/user")
    assert time.monotonic() - begun < 50 * 0.02
