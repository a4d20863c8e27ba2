# SPDX-License-Identifier: GPL-3.0-or-later
"""What is outside of the host: the watcher that hears of successes, and a repository behind S3's API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from backup_machine import CANARY, KEY, Machine

TOKEN = "canary-heartbeat-token-52c1"
S3 = """
import sys
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.port, flush=True)
server.serve_forever()
"""


class Watcher(ThreadingHTTPServer):
    """Keeps what it was asked for, and answers with ``status``."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.heard: list[str] = []
        self.status = 200

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/ping/{TOKEN}"


class Asked(BaseHTTPRequestHandler):
    server: Watcher

    def do_GET(self) -> None:
        self.server.heard.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def watcher(machine: Machine) -> Iterator[Watcher]:
    with Watcher() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        (machine.place / "heartbeat").write_text(server.address + "\n")
        machine.declare(heartbeat_file=str(machine.place / "heartbeat"))
        yield server
        server.shutdown()
        thread.join()


def test_the_watcher_hears_of_each_success_and_of_no_failure(machine: Machine, watcher: Watcher):
    machine.ok("backup")
    assert watcher.heard == [f"/ping/{TOKEN}"]
    machine.repository.rename(machine.place / "away")
    machine.fails("backup")
    assert len(watcher.heard) == 1
    (machine.place / "away").rename(machine.repository)
    machine.ok("backup")
    assert len(watcher.heard) == 2


def test_a_watcher_that_does_not_listen_is_told_and_its_address_is_not(machine: Machine, watcher: Watcher):
    watcher.status = 404
    told = machine.fails("backup")
    assert "It is saved, but its heartbeat was not taken (404)" in told
    assert len(machine.snapshots()) == 1
    told += "".join(machine.status()["alarms"]) + (machine.state / "status.json").read_text()
    assert "heartbeat was not taken" in "".join(machine.status()["alarms"])
    (machine.place / "heartbeat").write_text(f"http://127.0.0.1:9/{TOKEN}\n")
    told += machine.fails("backup")
    assert TOKEN not in told
    (machine.place / "heartbeat").write_text(watcher.address)
    watcher.status = 204
    machine.ok("backup")
    assert not [alarm for alarm in machine.status()["alarms"] if "heartbeat" in alarm]


@pytest.fixture
def bucket(machine: Machine) -> Iterator[str]:
    """A repository's address, behind the S3 of moto: nobody checks the signatures there."""
    ours, other = "canary-access-key", "canary-secret-access-key"
    (machine.place / "credentials").write_text(
        f"[default]\naws_access_key_id = {ours}\naws_secret_access_key = {other}\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", S3], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout
        address = f"http://127.0.0.1:{int(server.stdout.readline())}/backups"
        urllib.request.urlopen(urllib.request.Request(address, method="PUT")).close()
        yield f"s3:{address}/cp"
        server.kill()


def objects(bucket: str) -> bytes:
    """Everything that the bucket holds."""
    place, name, _folder = bucket.removeprefix("s3:").rsplit("/", 2)
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=place, **keys)
    found = client.list_objects_v2(Bucket=name)["Contents"]
    return b"".join(client.get_object(Bucket=name, Key=one["Key"])["Body"].read() for one in found)


def test_a_host_comes_back_from_a_bucket(machine: Machine, bucket: str, tmp_path: Path):
    declared = {"repository": bucket, "credentials_file": str(machine.place / "credentials")}
    machine.declare(**declared)
    machine.ok("init")
    assert "the repository is there" in machine.ok("init")
    told = machine.ok("backup") + machine.ok("check") + machine.ok("drill") + machine.ok("watch")
    before = machine.content()
    (machine.data / "notes" / "one.note").write_text("lost")
    machine.ok("backup")
    first = json.loads(machine.ok("snapshots"))[0]["id"]
    machine.declare(**declared, parts=[])
    machine.ok("restore", "--snapshot", first)
    assert machine.content() == before
    held = objects(bucket)
    for canary in (KEY, CANARY, "canary-secret-access-key"):
        assert canary not in told
        assert canary.encode() not in held


def test_the_lock_of_a_dead_process_in_a_bucket_is_removed(machine: Machine, bucket: str):
    machine.declare(repository=bucket, credentials_file=str(machine.place / "credentials"))
    machine.ok("init")
    machine.ok("backup")
    command = [machine.restic, "-r", bucket, "--password-file", str(machine.place / "key"), "--no-cache"]
    environment = os.environ | {"AWS_SHARED_CREDENTIALS_FILE": str(machine.place / "credentials")}
    run = subprocess.Popen(
        [*command, "backup", "--stdin"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment
    )
    end = time.monotonic() + 20
    while time.monotonic() < end and not machine.ok("locks"):
        time.sleep(0.1)
    assert f"of process {run.pid} on" in machine.ok("locks")
    run.kill()
    run.communicate()
    # A check needs the repository for itself.
    machine.ok("check")
    assert machine.ok("locks") == ""
