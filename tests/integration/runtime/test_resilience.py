# SPDX-License-Identifier: GPL-3.0-or-later
"""Crashes, endless loops, too many isolates and a killed parent."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from embedded_edge.runtime import Runtime, RuntimeUnavailable
from runtime_harness import Running, workerd_path
from runtime_source import Memory, bundle

OK = "export default { fetch: () => new Response('ok') }"
SLOW = """export default { async fetch() {
  await new Promise((done) => setTimeout(done, 1500)); return new Response('slow'); } }"""


def fresh(edge: Running, script: str, timeout: float = 20) -> str:
    """Ask over a new connection; one that was open dies with its workerd."""
    url = f"http://127.0.0.1:{edge.runtime.port}/"
    return httpx.get(url, headers={"host": f"{script}.localhost"}, timeout=timeout, trust_env=False).text


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False


def children(pid: int) -> list[int]:
    """Children of every thread of the process."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for children in lists for child in children.read_text().split()]


@pytest.mark.parametrize("round_", range(3))
def test_a_killed_workerd_is_back_for_the_next_request(start: Callable[..., Running], round_: int) -> None:
    edge = start()
    edge.source.deploy("one", OK)
    for _turn in range(3):
        pid = edge.runtime.pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        assert fresh(edge, "one") == "ok"
        edge.wait_for(lambda old=pid: edge.runtime.pid not in (None, old))
        assert not alive(pid)


def test_a_worker_that_loops_for_ever_is_noticed(start: Callable[..., Running]) -> None:
    edge = start(patience=1.0)
    edge.source.deploy("one", OK)
    edge.source.deploy("spins", "export default { fetch() { for (;;); } }")
    pid = edge.runtime.pid
    with pytest.raises(httpx.TransportError):
        fresh(edge, "spins")
    assert fresh(edge, "one") == "ok"
    assert edge.runtime.pid != pid


def test_a_stopped_workerd_is_noticed(start: Callable[..., Running]) -> None:
    edge = start(patience=0.5)
    edge.source.deploy("one", OK)
    pid = edge.runtime.pid
    assert pid
    os.kill(pid, signal.SIGSTOP)
    edge.wait_for(lambda: not alive(pid))
    assert fresh(edge, "one") == "ok"


def test_the_number_of_isolates_is_bounded_and_requests_in_flight_finish(
    start: Callable[..., Running],
) -> None:
    edge = start(max_isolates=5)
    edge.source.deploy("slow", SLOW)
    answers: list[str] = []
    waiting = threading.Thread(target=lambda: answers.append(fresh(edge, "slow")))
    waiting.start()
    time.sleep(0.3)
    pid = edge.runtime.pid
    for number in range(6):
        edge.source.deploy(f"w{number}", OK)
        assert fresh(edge, f"w{number}") == "ok"
    edge.wait_for(lambda: edge.runtime.pid != pid)
    assert fresh(edge, "w0") == "ok"
    waiting.join()
    assert answers == ["slow"]
    edge.wait_for(lambda: not alive(pid))


PARENT = """
import asyncio, sys
from pathlib import Path
from embedded_edge.runtime import Runtime
from runtime_source import Memory, bundle

async def main():
    runtime = Runtime(Memory(), Path(sys.argv[1]), 0, sys.argv[2])
    await runtime.start()
    assert (await runtime.check(bundle("c", "export default { fetch() {} }"))).ok
    print("ready", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_no_workerd_outlives_a_killed_parent(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, tmp_path, workerd_path()],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    with parent:
        assert parent.stdout
        assert parent.stdout.readline() == "ready\n"
        pids = children(parent.pid)
        assert len(pids) == 2
        parent.kill()
    Running.wait_for(lambda: not any(map(alive, pids)), 5)


def test_stopping_ends_both_processes_and_leaves_no_sockets(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    before = set(children(os.getpid()))
    with Running(tmp_path) as edge:
        edge.source.deploy("one", OK)
        assert edge.get("one").text == "ok"
        assert edge.check(bundle("c", OK)).ok
        assert len(set(children(os.getpid())) - before) == 2
        sockets = list(tmp_path.glob("*.sock"))
        assert sockets
        assert {path.stat().st_mode & 0o777 for path in sockets} == {0o600}
        assert (tmp_path / "workerd.log").stat().st_mode & 0o777 == 0o600
    assert edge.runtime.pid is None
    assert set(children(os.getpid())) == before
    assert [path.name for path in tmp_path.iterdir()] == ["workerd.log"]


def test_a_deep_state_directory_works(tmp_path: Path) -> None:
    deep = tmp_path / ("with a space " + "x" * 120) / ("y" * 120)
    deep.mkdir(parents=True)
    with Running(deep) as edge:
        edge.source.deploy("one", OK)
        assert edge.get("one").text == "ok"


def test_the_internal_application_is_not_reachable_from_outside(edge: Running) -> None:
    for host in ("internal", "127.0.0.1", "localhost", "control"):
        answer = edge.client.get(
            f"http://127.0.0.1:{edge.runtime.port}/code?script=one&version=x", headers={"host": host}
        )
        assert answer.status_code == 404
        assert f"no Worker answers for {host}" in answer.text


def test_it_listens_on_loopback_only(edge: Running) -> None:
    port = f":{edge.runtime.port:04X} "
    lines = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines() if port in line]
    listening = [line for line in lines if line.endswith(port.strip())]
    assert set(listening) == {f"0100007F{port.strip()}"}


def refusal(tmp_path: Path, edge: Running, port: int = 0, workerd: str | None = None) -> str:
    runtime = Runtime(Memory(), tmp_path, port, workerd or workerd_path())
    with pytest.raises(RuntimeUnavailable) as caught:
        edge.run(runtime.start())
    assert runtime.pid is None
    return str(caught.value)


def test_it_says_in_one_line_why_it_cannot_start(
    edge: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port} of 127.0.0.1 is in use" in refusal(tmp_path, edge, port=port)
    assert "another embedded edge uses" in refusal(edge.directory, edge)
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    assert "is a script and npm's package" in refusal(tmp_path, edge, workerd=str(broken))
    assert "doesn't tell its version" in refusal(tmp_path, edge, workerd="/bin/true")
    assert "is no executable file" in refusal(tmp_path, edge, workerd="/nonexistent/workerd")
    monkeypatch.delenv("WORKERD", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeUnavailable, match="no workerd found: install npm's package workerd"):
        edge.run(Runtime(Memory(), tmp_path, 0).start())
