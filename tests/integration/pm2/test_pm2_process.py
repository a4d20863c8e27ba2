# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules against a real PM2 with a home of its own; a process that serves, and one that can't."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PM2 = ROOT / "roles" / "embedded_edge" / "files" / "npm" / "node_modules" / "pm2" / "bin" / "pm2"
SERVER = ROOT / "roles" / "reference_service" / "files" / "service" / "server.js"
SECRET = "planted-5d1c90ab7e"

pytestmark = pytest.mark.skipif(
    not PM2.is_file(), reason="npm's packages are not installed: scripts/bootstrap dev"
)


class Host:
    """A folder that stands for a host: PM2's home, the declared file, and a copy of the service."""

    def __init__(self, place: Path) -> None:
        self.home, self.file, self.server = place / "pm2", place / "pm2.json", place / "server.js"
        self.home.mkdir(mode=0o700)
        shutil.copytree(SERVER.parent, place, dirs_exist_ok=True)
        self.pm2 = place / "pm2.sh"
        node = shutil.which("node")
        clean = [f"PATH={Path(node).parent}:/usr/bin:/bin", f"HOME={self.home}", f"PM2_HOME={self.home}"]
        command = shlex.join(["env", "-i", *clean, "PM2_DISCRETE_MODE=true", node, str(PM2)])
        self.pm2.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        self.pm2.chmod(0o755)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def run(self, name: str, check: bool = False, **options: object) -> dict:
        places = {"home": str(self.home), "file": str(self.file), "executable": str(self.pm2)}
        args = {
            "ANSIBLE_MODULE_ARGS": places | options | {"_ansible_check_mode": check, "_ansible_diff": True}
        }
        done = subprocess.run(
            [sys.executable, ROOT / "plugins" / "modules" / f"{name}.py"],
            input=json.dumps(args),
            env=os.environ | {"PYTHONPATH": str(ROOT / ".collections"), "PLANTED": SECRET},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def declare(
        self, check: bool = False, state: str = "present", purge: bool = False, **change: object
    ) -> dict:
        process = {
            "name": "hello",
            "script": str(self.server),
            "exec_mode": "cluster",
            "instances": 2,
            "wait_ready": True,
            "listen_timeout": 5000,
            "env": {"PORT": str(self.port)},
        }
        options = {"processes": [process | change], "state": state, "purge": purge, "settle": 0.5}
        return self.run("pm2_process", check, **options)

    def serves_within(self, seconds: float) -> bool:
        """A busy machine may take longer to start Node than the module waits for it; it says so then."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                return self.ask()["status"] == "ok"
            time.sleep(0.2)
        return False

    def ask(self) -> dict:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=20) as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def down(tmp_path_factory):
    return Host(tmp_path_factory.mktemp("host"))


@pytest.fixture(scope="module")
def host(down):
    """PM2 runs, and the process is declared."""
    subprocess.run([down.pm2, "ping"], check=True, capture_output=True)
    yield down
    subprocess.run([down.pm2, "kill"], check=False, capture_output=True)


@pytest.fixture
def served(host):
    result = host.declare()
    assert not result.get("failed"), result["msg"]
    return host


def actions(result):
    assert not result.get("failed"), result.get("msg")
    return [(step["action"], step["name"]) for step in result["actions"]]


def test_pm2_is_never_started_by_asking(down):
    refused = down.declare()
    assert refused["msg"].startswith("PM2 does not answer at")
    assert down.run("pm2_process_info") | {"invocation": 0} == {
        "changed": False,
        "running": False,
        "processes": [],
        "invocation": 0,
    }
    assert not down.declare(state="absent")["changed"]
    assert not (down.home / "pm2.pid").exists()


def test_check_apply_check_apply(host):
    host.declare(state="absent")
    predicted = host.declare(check=True)
    assert (predicted["changed"], actions(predicted)) == (True, [("start", "hello")])
    assert '"name": "hello"' in predicted["diff"]["after"]
    applied = host.declare()
    assert (applied["changed"], actions(applied)) == (True, [("start", "hello")])
    assert host.ask()["status"] == "ok"
    for check in (True, False):
        again = host.declare(check=check)
        assert (again["changed"], actions(again)) == (False, [])


def test_new_code_is_a_change(served):
    with served.server.open("a") as file:
        file.write("// changed\n")
    assert actions(served.declare()) == [("replace", "hello")]
    assert actions(served.declare()) == []


def test_removed_variables_are_gone(served):
    served.declare(env={"PORT": str(served.port), "RELEASE": "r1"})
    assert served.ask()["release"] == "r1"
    served.declare()
    assert served.ask()["release"] == ""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("process.exit(3)", "it wrote nothing"),
        ("setInterval(() => {}, 1000)", "did not send 'ready'"),
        ("throw new Error('no such place')", "it said: Error: no such place"),
    ],
    ids=["ends", "never ready", "throws while it loads"],
)
@pytest.mark.parametrize("mode", ["cluster", "fork"])
def test_what_does_not_come_up_leaves_the_former_one(served, tmp_path, code, said, mode):
    bad = tmp_path / "bad.js"
    bad.write_text(code)
    before = served.file.read_text()
    failed = served.declare(script=str(bad), exec_mode=mode, instances=1, listen_timeout=700)
    assert failed["failed"]
    assert "process hello did not come up" in failed["msg"]
    assert said in failed["msg"]
    assert served.serves_within(30), failed["msg"]
    assert served.file.read_text() == before
    assert actions(served.declare()) == []


@pytest.mark.parametrize("check", [True, False])
def test_what_would_be_ended_early_is_refused(served, check):
    before = served.file.read_text()
    options = {"processes": [{"name": "slow", "script": str(served.server), "kill_timeout": 60000}]}
    refused = served.run("pm2_process", check, **options, stop_timeout=60)
    assert "process slow may take 60 s to finish" in refused["msg"]
    assert "Set pm2_stop_timeout of the role pm2 to 65" in refused["msg"]
    assert served.file.read_text() == before
    # What is declared already counts, too: 15 s of the process that serves.
    assert (
        "process hello may take 15 s"
        in served.run("pm2_process", check, processes=[], stop_timeout=19)["msg"]
    )


def test_what_an_interrupted_run_left_is_repaired(served):
    entry = json.loads(served.file.read_text())["apps"][0]
    for name in ("hello.next", "stranger"):
        text = json.dumps({"apps": [entry | {"name": name}]})
        subprocess.run([served.pm2, "start", "-"], input=text, text=True, check=True, capture_output=True)
    subprocess.run([served.pm2, "stop", "hello"], check=True, capture_output=True)
    assert actions(served.declare()) == [("restart", "hello"), ("remove", "hello.next")]
    assert actions(served.declare(purge=True)) == [("remove", "stranger")]
    assert served.ask()["status"] == "ok"


def test_a_reload_loses_no_request(served):
    answers, lost, stop = [], [], threading.Event()

    def load():
        while not stop.is_set():
            try:
                answers.append(served.ask()["pid"])
            except OSError as error:
                lost.append(repr(error))
            stop.wait(0.02)

    threads = [threading.Thread(target=load) for _thread in range(3)]
    for thread in threads:
        thread.start()
    try:
        result = served.declare(state="reloaded")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert actions(result) == [("replace", "hello")]
    assert lost == []
    assert len(set(answers)) >= 4


def test_the_environment_of_ansible_reaches_nothing(served):
    served.declare(state="reloaded")
    listed = subprocess.run([served.pm2, "jlist"], check=True, capture_output=True, text=True).stdout
    assert SECRET not in listed
    info = served.run("pm2_process_info", names=["hello"])
    (process,) = info["processes"]
    assert (process["current"], len(process["instances"])) == (True, 2)
    for one in process["instances"]:
        assert SECRET.encode() not in Path(f"/proc/{one['pid']}/environ").read_bytes()


def test_a_refused_secret_is_not_repeated(served):
    refused = served.declare(env={"API_TOKEN": SECRET})
    assert "API_TOKEN looks like a secret" in refused["msg"]
    assert SECRET not in json.dumps(refused)
