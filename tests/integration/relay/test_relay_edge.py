# SPDX-License-Identifier: GPL-3.0-or-later
"""From the topology to the third party: playbooks, embedded edge, Workers in workerd, relays on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from relay_plane import CANARY, Relay, connector, free_port
from test_relay_process import FORMS

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
TENANTS = ("acme", "globex")


class Fleet:
    """Two tenants in two regions on the embedded edge, and a relay for each."""

    def __init__(self, folder, edge, third_party):
        self.folder, self.edge = folder, edge
        self.ports = {tenant: free_port() for tenant in TENANTS}
        self.connector = connector(third_party.port, exposed=True)
        self.said = ""
        for tenant in TENANTS:
            (folder / tenant).mkdir()
            (folder / f"{tenant}.password").write_text(f"correct horse {tenant}")
        self.write()

    def topology(self):
        return {
            "plugin": "adsengineer.orchestrator.topology",
            "name": "relays",
            "edge": {
                "zone": "edge.localhost",
                "scheme": "http",
                "port": self.edge.http_port,
                "connect_to": f"127.0.0.1:{self.edge.http_port}",
            },
            "defaults": {"connectors": {"echo": self.connector}},
            "environments": {"production": {}},
            "regions": {"eu": {"canary": True}, "us": {}},
            "tenants": {
                tenant: {
                    "environment": "production",
                    "regions": {"eu": {}, "us": {}},
                    "relay": {"url": f"http://127.0.0.1:{port}", "listen": f"127.0.0.1:{port}"},
                }
                for tenant, port in self.ports.items()
            },
        }

    def write(self):
        (self.folder / "topology.yml").write_text(yaml.safe_dump(self.topology()))

    def play(self, *argv, tasks=None, passwords=True):
        """Run a playbook of the collection, or tasks on localhost."""
        if tasks:
            (self.folder / "play.yml").write_text(
                json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
            )
            argv = ("play.yml", *argv)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment |= self.edge.env | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_HOME": str(self.folder / "home"),
            "ANSIBLE_STDOUT_CALLBACK": "default",
            "ANSIBLE_LOCALHOST_WARNING": "false",
        }
        known = TENANTS if passwords else ()
        ids = [word for tenant in known for word in ("--vault-id", f"{tenant}-production@{tenant}.password")]
        done = subprocess.run(
            [BIN / "ansible-playbook", "-i", "topology.yml", "-vvvvv", "--diff", *ids, *argv],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        self.said += done.stdout + done.stderr
        assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
        return done.stdout

    def put(self):
        """Tasks that put the secret of each tenant, each its own."""
        for tenant in TENANTS:
            (self.folder / f"{tenant}.value").write_text(f"{CANARY}/{tenant}")
        return [
            {
                "adsengineer.orchestrator.secret": {
                    "tenant": tenant,
                    "environment": "production",
                    "name": "token",
                    "value_file": str(self.folder / f"{tenant}.value"),
                }
            }
            for tenant in TENANTS
        ]

    def bring(self):
        """Tasks that do what the role relay does on a control plane, without systemd."""
        return [task for tenant in TENANTS for task in self._bring(tenant)]

    def _bring(self, tenant):
        about = {"connectors": {"echo": self.connector}}
        port = self.ports[tenant]
        files = {
            "tenant": tenant,
            "environment": "production",
            "planes": {f"{tenant}-{region}": about | {"region": region} for region in ("eu", "us")},
            "listen": f"127.0.0.1:{port}",
            "authority": f"127.0.0.1:{port}",
            "path": str(self.folder / tenant / "secrets.json"),
        }
        copy = {
            "content": "{{ made.config | to_json }}",
            "dest": str(self.folder / tenant / "relay.json"),
            "mode": "0644",
        }
        return [
            {"adsengineer.orchestrator.relay_files": files, "register": "made"},
            {"ansible.builtin.copy": copy},
        ]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory, shared_third_party, edge):
    edge.control.post("/reset").raise_for_status()
    made = Fleet(tmp_path_factory.mktemp("fleet"), edge, shared_third_party)
    made.play(tasks=[*made.put(), *made.bring()])
    for tenant in TENANTS:
        (made.folder / f"{tenant}.value").unlink()
    made.relays = {tenant: Relay(made.folder / tenant, port=made.ports[tenant]) for tenant in TENANTS}
    made.play("adsengineer.orchestrator.deploy", "-e", "edge_verify=false")
    yield made
    for relay in made.relays.values():
        relay.close()


def test_a_visitor_reaches_the_third_party_and_no_worker_the_secret(fleet, edge, third_party):
    for tenant in TENANTS:
        for region in ("eu", "us"):
            path = f"/v1/relay/echo/things/{tenant}-{region}?expand=x"
            got = edge.get(f"{tenant}-{region}.edge.localhost", path, headers={"cookie": "a=b"})
            assert got.status_code == 200, got.text
            seen = third_party.seen[-1]
            assert seen["target"] == f"/things/{tenant}-{region}?expand=x"
            assert seen["headers"]["authorization"] == f"Bearer {CANARY}/{tenant}"
            assert "cookie" not in seen["headers"]
            assert got.json()["headers"]["authorization"] == "Bearer ********"
            assert not [form for form in FORMS if form in got.text]
    assert edge.get("acme-eu.edge.localhost", "/v1/relay/other/things/1").status_code == 404
    assert edge.get("acme-eu.edge.localhost", "/v1/relay/echo/others/1").json()["code"] == "forbidden"


def test_the_secret_is_nowhere_else(fleet, edge, third_party):
    """Not in the output at the highest verbosity, not in any file of controller, relay or edge."""
    edge.get("acme-eu.edge.localhost", "/v1/relay/echo/things/1")
    kept = {fleet.folder / tenant / "secrets.json" for tenant in TENANTS}
    files = [path for place in (fleet.folder, edge.directory) for path in place.rglob("*") if path.is_file()]
    assert len(files) > 20
    for form in FORMS:
        assert form not in fleet.said
        assert not [path for path in files if path not in kept and form.encode() in path.read_bytes()]
    ledger = [json.loads(line) for line in (fleet.folder / "ledger.jsonl").read_text().splitlines()]
    brought = [
        (entry["subject"]["tenant"], entry["outcome"]) for entry in ledger if entry["what"] == "relay.bring"
    ]
    assert brought == [(tenant, outcome) for tenant in TENANTS for outcome in ("intended", "done")]
    for path in kept:
        assert path.stat().st_mode & 0o777 == 0o600
        assert json.loads(path.read_text())["secrets"]["token"].startswith(CANARY)


def test_a_second_run_changes_nothing(fleet):
    assert "changed=0" in fleet.play(tasks=fleet.bring())
    said = fleet.play("adsengineer.orchestrator.deploy", "--check", "-e", "edge_verify=false")
    assert "changed=0" in said
    assert "4 unchanged" in said


def test_a_status_needs_no_passwords(fleet):
    assert "acme-eu" in fleet.play("adsengineer.orchestrator.status", passwords=False)


def test_a_key_is_rotated_without_a_refused_request(fleet, edge):
    """The relay learns the new key beside the old one, then the planes change over."""

    def asked():
        return [
            edge.get(f"acme-{region}.edge.localhost", "/v1/relay/echo/things/1").status_code
            for region in ("eu", "us")
        ]

    before = json.loads((fleet.folder / "acme/relay.json").read_text())["planes"]["acme-eu"]["keys"]
    rotated = {
        "tenant": "acme",
        "environment": "production",
        "name": "relay_signing.eu",
        "state": "rotated",
        "generate": "hex",
        "length": 64,
    }
    fleet.play(tasks=[{"adsengineer.orchestrator.secret": rotated}, *fleet.bring()])
    after = json.loads((fleet.folder / "acme/relay.json").read_text())["planes"]["acme-eu"]["keys"]
    assert len(before) == 1
    assert len(after) == 2
    assert before[0] in after
    fleet.relays["acme"].stop()
    fleet.relays["acme"].start()
    assert asked() == [200, 200]
    fleet.play("adsengineer.orchestrator.deploy", "-e", "edge_verify=false")
    assert asked() == [200, 200]
    keys = {entry["subject"].get("plane") for entry in fleet.relays["acme"].entries()}
    assert keys >= {"acme-eu", "acme-us"}


def test_a_relay_that_is_away_is_told_without_a_reason(fleet, edge):
    fleet.relays["globex"].stop()
    got = edge.get("globex-eu.edge.localhost", "/v1/relay/echo/things/1")
    assert (got.status_code, got.json()["code"]) == (502, "unreachable")
    fleet.relays["globex"].start()
    assert edge.get("globex-eu.edge.localhost", "/v1/relay/echo/things/1").status_code == 200
