# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with a store of secrets, whose gateways tell digests of what they have."""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

ROOT = Path(__file__).resolve().parents[3]
GATEWAY = ROOT / "roles" / "edge" / "files" / "workers" / "dist" / "gateway.js"
ONE, TWO = "canary-one-5b1f0c77", "canary-two-e09a4d13"
EU, US = "acme-eu-gateway", "acme-us-gateway"
# The reference gateway, which also tells the digest of each secret: only so can a test see which one it has.
TELLING = """
import gateway from "./gateway.js";
let seen;
const sink = {
  async fetch(url, init) {
    seen = init.headers.get("authorization") ?? undefined;
    return new Response("ok");
  },
};
export default {
  async fetch(request, env, context) {
    const name = new URL(request.url).searchParams.get("digest");
    const own = env.RELAYED === undefined ? env : { ...env, SINK: sink };
    if (name === null) return gateway.fetch(request, own, context);
    const bound = name === "seen" ? seen : env[name];
    const value = typeof bound?.get === "function" ? await bound.get() : bound;
    if (value === undefined) return new Response("none");
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(value));
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
        self.task("secret", tenant="acme", environment="production", **options)

    def task(self, module: str, hosts: str = "localhost", **options: Any) -> None:
        """Run one task of a module of the collection."""
        task = {f"adsengineer.orchestrator.{module}": options, "run_once": True}
        play = {"hosts": hosts, "gather_facts": False, "tasks": [task]}
        (self.folder / "task.yml").write_text(yaml.safe_dump([play]))
        command, environment = self.site._command("site", (), {})
        vault = ["--vault-id", f"acme-production@{self.folder}/password"]
        command = [command[0], "task.yml", "-i", str(self.site.inventory), *vault]
        done = subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        (self.folder / "task.yml").unlink()
        assert done.returncode == 0, done.stdout + done.stderr

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Wait until something is so: what is read from KV may be older for a while."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "still not so"
            time.sleep(1)

    def relayed(self, plane: str) -> dict[str, Any]:
        """What a plane's health tells of its relayed secrets."""
        answer = self.site.edge.get(f"{plane}.{self.site.edge.zone}", "/healthz")
        found: dict[str, Any] = answer.json()["relayed"]
        return found

    def kv(self, plane: str, key: str, value: str | None = None) -> str:
        """Read a value of a plane's namespace as it lies there, or write one."""
        base = f"accounts/{self.site.edge.account_id}/storage/kv/namespaces"
        with self.site.edge.client() as client:
            found = client.get(f"{self.site.edge.base_url}/{base}", params={"per_page": 100}).json()["result"]
            space = next(item["id"] for item in found if item["title"] == f"{plane}-config")
            path = f"{self.site.edge.base_url}/{base}/{space}/values/{quote(key, safe='')}"
            if value is not None:
                client.put(path, content=value).raise_for_status()
            return str(client.get(path).text)

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
