# SPDX-License-Identifier: GPL-3.0-or-later
"""Bound secrets end to end: declared in the topology, kept in the store, served by Workers in workerd."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.edge

ROOT = Path(__file__).resolve().parents[3]
GATEWAY = ROOT / "roles" / "edge" / "files" / "workers" / "dist" / "gateway.js"
ONE, TWO = "canary-one-5b1f0c77", "canary-two-e09a4d13"
EU, US = "acme-eu-gateway", "acme-us-gateway"
# The reference gateway, which also tells the digest of each secret: only so can a test see which one it has.
TELLING = """
import gateway from "./gateway.js";
export default {
  async fetch(request, env, context) {
    const name = new URL(request.url).searchParams.get("digest");
    if (name === null) return gateway.fetch(request, env, context);
    if (env[name] === undefined) return new Response("none");
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(env[name]));
    const bytes = Array.from(new Uint8Array(digest));
    return new Response(bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(""));
  },
};
"""


def digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


class Secretive:
    """A site whose gateways tell digests, with a store."""

    def __init__(self, site: Any) -> None:
        self.site, self.folder = site, site.folder
        (self.folder / "telling.js").write_text(TELLING)
        (self.folder / "password").write_text("correct horse battery")
        variables = {"edge_gateway_bundle": str(self.folder / "telling.js")}
        variables["edge_gateway_modules"] = {"gateway.js": str(GATEWAY)}
        (self.folder / "variables.yml").write_text(yaml.safe_dump(variables))
        self.said = ""

    def play(self, name: str, *options: str, password: bool = True, **variables: str) -> Any:
        vault = ["--vault-id", f"acme-production@{self.folder}/password"] if password else []
        run = self.site.play(name, "-vvv", "-e", "@variables.yml", *vault, *options, **variables)
        self.said += run.output
        return run

    def secret(self, **options: Any) -> None:
        """Run one task of the module secret for the tenant acme."""
        task = {"tenant": "acme", "environment": "production"} | options
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [{"adsengineer.orchestrator.secret": task}],
        }
        (self.folder / "secret.yml").write_text(yaml.safe_dump([play]))
        command, environment = self.site._command("site", (), {})
        command = [command[0], "secret.yml", "--vault-id", f"acme-production@{self.folder}/password"]
        done = subprocess.run(
            command,
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        (self.folder / "secret.yml").unlink()
        assert done.returncode == 0, done.stdout + done.stderr

    def has(self, plane: str, name: str) -> str:
        """The digest of the secret that a plane's Worker has."""
        answer = self.site.edge.get(f"{plane}.{self.site.edge.zone}", f"/?digest={name}")
        assert answer.status_code == 200
        return str(answer.text)

    def names(self, script: str) -> list[str]:
        with self.site.edge.client() as client:
            path = f"accounts/{self.site.edge.account_id}/workers/scripts/{script}/secrets"
            found = client.get(f"{self.site.edge.base_url}/{path}").json()["result"]
            return sorted(item["name"] for item in found)

    def by_hand(self, script: str, name: str, value: str) -> None:
        """Put a secret past the collection, as a dashboard does."""
        with self.site.edge.client() as client:
            path = f"accounts/{self.site.edge.account_id}/workers/scripts/{script}/secrets"
            body = {"name": name, "text": value, "type": "secret_text"}
            client.put(f"{self.site.edge.base_url}/{path}", json=body).raise_for_status()


@pytest.fixture
def secretive(site):
    made = Secretive(site)
    yield made
    for value in (ONE, TWO):
        assert value not in made.said
        for path in made.folder.rglob("*"):
            assert path.is_dir() or value.encode() not in path.read_bytes(), path


def test_declared_bound_rotated_and_undone_with_its_release(secretive):
    secretive.site.declare({"TOKEN": {}})
    refused = secretive.play("site")
    assert refused.code != 0
    assert "There are no secrets of acme in production" in refused.output
    assert refused.writes == []

    secretive.secret(name="token", value=ONE)
    without = secretive.play("site", password=False)
    assert "--vault-id acme-production@FILE" in without.output
    assert without.writes == []

    first = secretive.play("site", edge_release="v1")
    assert first.code == 0, first.output
    assert secretive.has("acme-eu", "TOKEN") == secretive.has("acme-us", "TOKEN") == digest(ONE)
    assert secretive.has("globex-eu", "TOKEN") == "none"
    again = secretive.play("site", edge_release="v1")
    assert "6 unchanged" in again.output
    assert again.writes == []

    secretive.secret(name="token", value=TWO, state="rotated")
    bad = secretive.play("deploy", "-e", '{"edge_probes": [{"path": "/healthz", "status": 418}]}')
    assert bad.code != 0
    assert secretive.has("acme-eu", "TOKEN") == digest(ONE)
    rotated = secretive.play("deploy", edge_release="v1")
    assert rotated.code == 0, rotated.output
    assert "4 unchanged, 2 update" in rotated.output
    assert secretive.has("acme-eu", "TOKEN") == secretive.has("acme-us", "TOKEN") == digest(TWO)

    back = secretive.play("rollback", edge_rollback_force="true")
    assert back.code == 0, back.output
    assert secretive.has("acme-eu", "TOKEN") == secretive.has("acme-us", "TOKEN") == digest(ONE)
    assert "UNDECLARED" not in secretive.said


def test_what_nobody_declares_stays_until_somebody_says_otherwise(secretive):
    secretive.site.declare({})
    assert secretive.play("site", edge_release="v1").code == 0
    secretive.by_hand(EU, "LEGACY", ONE)
    secretive.by_hand(EU, "OTHER", TWO)

    stopped = secretive.play("site", edge_release="v2")
    assert "deployed by somebody else" in stopped.output
    taken = secretive.play("site", edge_release="v2", edge_drift="take_over")
    assert taken.code == 0, taken.output
    assert "secrets that nobody declares stay" in taken.output
    assert f"LEGACY, OTHER of {EU}" in taken.output
    assert secretive.has("acme-eu", "LEGACY") == digest(ONE)
    assert f"LEGACY, OTHER of {EU}" in secretive.play("site", edge_release="v2", edge_verify="false").output

    # Declared as kept in one region, and put into the store for both: taken over, each in its way.
    secretive.secret(name="other", value=TWO)
    secretive.site.declare({"OTHER": {}})
    topology = yaml.safe_load(secretive.site.inventory.read_text())
    topology["tenants"]["acme"]["regions"] = {"eu": {"secrets": {"LEGACY": {"kind": "kept"}}}, "us": None}
    secretive.site.inventory.write_text(yaml.safe_dump(topology))
    declared = secretive.play("site", edge_release="v3", edge_undeclared_secrets="remove")
    assert declared.code == 0, declared.output
    assert "nobody declares" not in declared.output
    assert secretive.has("acme-eu", "LEGACY") == digest(ONE)
    assert secretive.has("acme-eu", "OTHER") == secretive.has("acme-us", "OTHER") == digest(TWO)

    # No longer declared: kept, shown, and removed when asked for.
    secretive.site.declare({"OTHER": {}})
    shown = secretive.play("site", edge_release="v3")
    assert "secrets that nobody declares stay" in shown.output
    assert secretive.names(EU) == ["LEGACY", "OTHER"]
    gone = secretive.play("site", edge_release="v3", edge_undeclared_secrets="remove")
    assert (
        f"secrets that nobody declares go (an undo brings them back with their version): LEGACY of {EU}"
        in (gone.output)
    )
    assert secretive.names(EU) == ["OTHER"]
    assert secretive.play("site", edge_release="v3", edge_undeclared_secrets="remove").writes == []
