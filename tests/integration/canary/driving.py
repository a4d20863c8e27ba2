# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays that are driven with planted values, and the search in all that they leave behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import ansible_runner.interface
import yaml
from taint import Canary, Leak, leaks
from watching import watched

ROOT = Path(__file__).resolve().parents[3]
#: In the answer of a fault: the planted values that the API is sent.
PLANTED = "PLANTED"
# A Worker that repeats its secret, in every form that it can think of.
TELLING = """
const hex = (text) => [...text].map((char) => char.charCodeAt(0).toString(16)).join("");
export default {
  async fetch(request, env) {
    const key = typeof env.KEY === "string" ? env.KEY : await env.KEY.get();
    const plain = [key, encodeURIComponent(key), JSON.stringify(key)];
    const told = [...plain, hex(key), btoa(key), btoa("user:" + key)].join(" ");
    return new Response(`broken ${told}`, { status: 500, headers: { "x-version-id": env.VERSION.id } });
  },
};
"""


@dataclass(frozen=True)
class Driven:
    """A run that ended: whether it was green, what it printed, and the leaks in what it left behind."""

    ok: bool
    printed: str
    leaks: list[Leak]


def drive(
    edge: Any,
    folder: Path,
    plays: list[dict[str, Any]],
    *,
    inventory: str = "",
    faults: Iterable[dict[str, Any]] = (),
    collections: Path = ROOT / ".collections",
    secret: Canary | None = None,
    asked: Mapping[str, str | None] | None = None,
    terminal: bool = True,
) -> Driven:
    """Run plays by ansible-runner at -vvvvv; the planted values are only in files that lookups read.

    Where the run asks what a key of ``asked`` matches, its value is typed, or when that is None the secret.
    """
    planted = [secret or Canary("secret"), Canary("api token", edge.token), Canary("vault password")]
    told = json.dumps(" and ".join(canary.value for canary in planted[:2]))[1:-1]
    for rule in faults:
        body = {"body": rule["body"].replace(PLANTED, told)} if "body" in rule else {}
        edge.control.post("/faults", json=rule | body).raise_for_status()
    sealed, seen = folder / "sealed", folder / "seen"
    sealed.mkdir()
    (sealed / "secret").write_text(planted[0].value)
    (sealed / "token").write_text(planted[1].value)
    (sealed / "vault").write_text(planted[2].value)
    (sealed / "telling.js").write_text(TELLING)
    home, data = seen / "home", seen / "runner"
    for place in (home / "tmp", data / "project", data / "inventory"):
        place.mkdir(parents=True)
    (data / "project" / "play.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
    if inventory:
        (data / "inventory" / "topology.yml").write_text(inventory)
    run = ansible_runner.interface.init_runner(
        private_data_dir=str(data),
        playbook="play.yml",
        quiet=True,
        verbosity=5,
        extravars={
            "token_file": str(sealed / "token"),
            "secret_file": str(sealed / "secret"),
            "account_id": edge.account_id,
            "base_url": edge.base_url,
        },
        envvars={
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "XDG_CACHE_HOME": str(home / "cache"),
            "ANSIBLE_HOME": str(home / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(home / "tmp"),
            "ANSIBLE_LOG_PATH": str(seen / "ansible.log"),
            # What modules are sent stays, and with it what was only there for a moment.
            "ANSIBLE_KEEP_REMOTE_FILES": "1",
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_VAULT_IDENTITY_LIST": f"acme-production@{sealed}/vault",
            "ADSENGINEER_SECRETS": str(seen / "secrets"),
            "ADSENGINEER_LEDGER": str(seen / "ledger.jsonl"),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
    )
    # Not as passwords, which ansible-runner would write into a file of its own.
    for words, text in (asked or {}).items():
        run.config.expect_passwords[re.compile(words)] = planted[0].value if text is None else text
    with watched(seen / "processes"), Path(os.devnull).open() as nothing:
        if not terminal:
            run.runner_mode, run.config.input_fd = "subprocess", nothing.fileno()
        run.run()
    edge.control.delete("/faults").raise_for_status()
    (seen / "requests.json").write_text(json.dumps(edge.control.get("/requests").json()))
    (seen / "kv.json").write_bytes(b"\n".join(stored(edge)))
    shutil.copy(edge.directory / "output.log", seen / "edge.log")
    assert list(data.glob("artifacts/*/job_events/*.json")), "ansible-runner left nothing to search"
    assert b"ansible-playbook" in (seen / "processes").read_bytes(), "no process was seen"
    printed = (seen / "ansible.log").read_text()
    return Driven(run.status == "successful", printed, leaks(planted, [seen]))


def stored(edge: Any) -> Iterator[bytes]:
    """Every value of every KV namespace, and what is told of it beside."""
    base = f"{edge.base_url}/accounts/{edge.account_id}/storage/kv/namespaces"
    with edge.client() as client:
        for space in client.get(base, params={"per_page": 100}).json()["result"]:
            keys = client.get(f"{base}/{space['id']}/keys", params={"limit": 1000}).json()["result"]
            for key in keys:
                yield json.dumps(key).encode()
                yield client.get(f"{base}/{space['id']}/values/{quote(key['name'], safe='')}").content
