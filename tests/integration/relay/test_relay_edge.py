# SPDX-License-Identifier: GPL-3.0-or-later
"""From the topology to the third party: playbooks, embedded edge, Workers in workerd, relays on loopback."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from relay_plane import CANARY, Relay, ThirdParty, connector, free_port
from test_relay_process import FORMS
from test_relay_tls import certificate

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
TENANTS = ("acme", "globex")
TOKEN = "t0ken+of/the=edge"


class Fleet:
    """Two tenants in two regions on the embedded edge, and a relay for each."""

    def __init__(self, folder, edge, third_party, tokens):
        self.folder, self.edge = folder, edge
        self.ports = {tenant: free_port() for tenant in TENANTS}
        oauth2 = {"token_url": f"https://localhost:{tokens.port}/token", "client_id": "me"}
        billing = {"oauth2": oauth2, "secret": "token"}
        self.connectors = {
            "echo": connector(third_party.port, exposed=True),
            "billing": connector(third_party.port, exposed=True, credential=billing, path="/bills/{id}"),
        }
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
            "defaults": {"connectors": self.connectors},
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

    def play(self, *argv, tasks=None, passwords=True, expect=0):
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
        assert done.returncode == expect, (done.stdout + done.stderr)[-6000:]
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
        about = {"connectors": self.connectors}
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
def trusted(tmp_path_factory):
    """A pair of key and certificate of localhost, and the certificate alone."""
    folder = tmp_path_factory.mktemp("tls")
    private, public = certificate("localhost")
    (folder / "pair.pem").write_bytes(private + public)
    (folder / "trusted.pem").write_bytes(public)
    return folder


@pytest.fixture(scope="module")
def tokens(trusted):
    """A token endpoint over TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted / "pair.pem")
    made = ThirdParty(context)
    told = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}
    made.answers["/token"] = lambda _seen: (200, {}, json.dumps(told).encode())
    yield made
    made.close()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory, shared_third_party, tokens, trusted, edge):
    edge.control.post("/reset").raise_for_status()
    made = Fleet(tmp_path_factory.mktemp("fleet"), edge, shared_third_party, tokens)
    made.play(tasks=[*made.put(), *made.bring()])
    for tenant in TENANTS:
        (made.folder / f"{tenant}.value").unlink()
    made.relays = {
        tenant: Relay(made.folder / tenant, port=made.ports[tenant], trusted=trusted / "trusted.pem")
        for tenant in TENANTS
    }
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


def test_a_token_of_oauth2_is_fetched_for_each_relay_and_reaches_the_third_party_alone(
    fleet, edge, third_party, tokens
):
    for tenant in TENANTS:
        for _time in range(2):
            got = edge.get(f"{tenant}-eu.edge.localhost", "/v1/relay/billing/bills/1")
            assert got.status_code == 200, got.text
            assert third_party.seen[-1]["headers"]["authorization"] == f"Bearer {TOKEN}"
            assert got.json()["headers"]["authorization"] == "Bearer ********"
    logins = [base64.b64decode(seen["headers"]["authorization"][6:]).decode() for seen in tokens.seen]
    encoded = quote(CANARY, safe="")
    assert logins == [f"me:{encoded}%2F{tenant}" for tenant in TENANTS], "one token for each"
    files = [path for place in (fleet.folder, edge.directory) for path in place.rglob("*") if path.is_file()]
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()]
    third_party.answers["/bills/1"] = lambda _seen: (401, {}, b"{}")
    assert edge.get("acme-eu.edge.localhost", "/v1/relay/billing/bills/1").status_code == 401
    del third_party.answers["/bills/1"]
    assert edge.get("acme-eu.edge.localhost", "/v1/relay/billing/bills/1").status_code == 200
    assert len(tokens.seen) == 3


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


def test_a_resident_secret_is_not_rotated_where_the_relay_would_not_hear_of_it(fleet):
    before = (fleet.folder / "ledger.jsonl").read_bytes()
    what = {"tenant": "acme", "environment": "production", "name": "token", "generate": "hex"}
    options = [word for name, value in what.items() for word in ("-e", f"rotate_{name}={value}")]
    said = fleet.play("adsengineer.orchestrator.rotate", *options, expect=2)
    assert "token of acme is used by a relay" in " ".join(said.split())
    assert (fleet.folder / "ledger.jsonl").read_bytes() == before


def test_a_status_tells_how_fresh_resident_secrets_are(fleet):
    told = fleet.folder / "secrets-status.json"
    said = fleet.play("adsengineer.orchestrator.status", "-e", f"secrets_status_dest={told}")
    line = next(line for line in said.splitlines() if line.startswith("acme ") and " token " in line)
    assert "0 d" in line
    assert "acme-eu.billing (resident), acme-eu.echo (resident) and 2 more" in line
    rows = {(row["tenant"], row["name"]): row for row in json.loads(told.read_text())["secrets"]}
    assert rows["acme", "token"]["state"] == "fresh"
    assert rows["globex", "relay_signing.us"]["uses"] == ["globex-us (relay)"]
    assert rows["acme", "relay_references"]["uses"] == ["acme-eu (relay)", "acme-us (relay)"]


def test_a_relay_that_is_away_is_told_without_a_reason(fleet, edge):
    fleet.relays["globex"].stop()
    got = edge.get("globex-eu.edge.localhost", "/v1/relay/echo/things/1")
    assert (got.status_code, got.json()["code"]) == (502, "unreachable")
    fleet.relays["globex"].start()
    assert edge.get("globex-eu.edge.localhost", "/v1/relay/echo/things/1").status_code == 200
