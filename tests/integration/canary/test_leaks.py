# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to fail, at -vvvvv, with ansible-runner's artifacts kept: no planted value is found anywhere.

The planted values come from files that only the playbook's lookups read, so that nothing but the
collection could carry them on. The embedded edge's database must know secrets, as the platform's does; its
request log and output must not, and are searched.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from driving import PLANTED, drive

GOOD = 'export default { fetch(request, env) { return new Response("ok"); } };'
BROKEN = 'export default { fetch() { return new Response("ok") '
CALL = r"/workers/scripts/canary"


@dataclass(frozen=True)
class Branch:
    """One way to fail: what the task is told, and what the API does to it."""

    options: dict[str, Any] = field(default_factory=dict)
    faults: tuple[dict[str, Any], ...] = ()
    module: str = "worker"
    play: dict[str, Any] = field(default_factory=dict)
    ok: bool = False


def fault(kind: str, method: str = "PUT", path: str = CALL, **more: Any) -> dict[str, Any]:
    return {"match": {"method": method, "path": path}, "fault": kind, "times": None, "skip": 0, **more}


HTML = "<html><body>blocked</body></html>"
#: Answers that repeat what they got; drive() puts the planted values in.
ECHO = {"success": False, "result": None, "messages": [], "errors": [{"code": 10021, "message": PLANTED}]}
ECHOES = {"json": json.dumps(ECHO), "page": f"<html><title>{PLANTED}</title>{PLANTED}</html>"}
TUNNEL = {"name": "canary", "token_file": "{{ token_file }}.tunnel"}
BRANCHES: dict[str, Branch] = {
    "it works": Branch(ok=True),
    "server error": Branch(faults=(fault("status", status=500),)),
    "rate limit": Branch(faults=(fault("status", status=429, retry_after=0),)),
    "an HTML answer": Branch(faults=(fault("status", status=403, body=HTML),)),
    "an error that repeats everything": Branch(faults=(fault("status", status=400, body=ECHOES["json"]),)),
    "a page that repeats everything": Branch(faults=(fault("status", status=502, body=ECHOES["page"]),)),
    "an empty answer": Branch(faults=(fault("status", status=400, body=""),)),
    "dropped before the effect": Branch(faults=(fault("drop_before"),)),
    "dropped after the effect": Branch(faults=(fault("drop_after", times=1),), ok=True),
    "never answered": Branch(options={"timeout": 0.5}, faults=(fault("hang"),)),
    "does not compile": Branch(options={"content": BROKEN}),
    "unknown binding": Branch(options={"bindings": [{"name": "X", "type": "{{ secret }}"}]}),
    "secret is no text": Branch(options={"secrets": {"KEY": ["{{ secret }}"]}}),
    "secrets is a list": Branch(options={"secrets": ["{{ secret }}"]}),
    "secrets is a text": Branch(options={"secrets": "{{ secret }}"}),
    "secret twice": Branch(options={"vars": {"KEY": "public"}}),
    "secret too large": Branch(options={"secrets": {"KEY": "{{ secret * 400 }}"}}),
    "a template that fails": Branch(options={"secrets": {"KEY": "{{ secret | no_such_filter }}"}}),
    "an undefined part": Branch(options={"secrets": {"KEY": "{{ secret ~ undefined_variable }}"}}),
    "unknown option": Branch(options={"secretz": {"KEY": "{{ secret }}"}}),
    "missing option": Branch(options={"content": None}),
    "missing file": Branch(options={"content": None, "src": "nowhere/{{ secret | length }}.js"}),
    "secret as the state": Branch(options={"state": "{{ secret }}"}),
    "wrong token": Branch(options={"api_token": "{{ secret | b64encode }}"}),
    "token with a line end": Branch(options={"api_token": "{{ token ~ '\n' }}"}),
    "token in the URL's place": Branch(options={"base_url": "{{ token }}"}),
    "http to a stranger": Branch(options={"base_url": "http://edge.example/{{ 1 }}"}),
    "nobody listens": Branch(options={"base_url": "http://127.0.0.1:{{ closed_port }}/client/v4"}),
    "registered and shown on failure": Branch(options={"content": BROKEN}, play={"debug": True}),
    "in a loop": Branch(options={"content": BROKEN}, play={"loop": True}),
    "with no_log": Branch(options={"content": BROKEN}, play={"no_log": True}),
    "diff and check": Branch(ok=True, play={"check_mode": True, "diff": True}),
    "KV fails": Branch(
        module="kv_namespace",
        options={"title": "canary", "items": {"key": "value"}},
        faults=(fault("status", "PUT", "/storage/kv", status=500),),
    ),
    "a tunnel with its token file": Branch(module="tunnel", options=TUNNEL, ok=True),
    "a tunnel is not made": Branch(
        module="tunnel", options=TUNNEL, faults=(fault("status", "POST", "/cfd_tunnel", status=500),)
    ),
    "a tunnel's answer is lost": Branch(
        module="tunnel",
        options=TUNNEL,
        faults=(fault("drop_after", "POST", "/cfd_tunnel", times=1),),
        ok=True,
    ),
    "a token file that can't be written": Branch(
        module="tunnel", options=TUNNEL | {"token_file": "/proc/version/token"}
    ),
}


@pytest.fixture(scope="module")
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, kept reserved."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


def playbook(branch: Branch, closed: int) -> list[dict[str, Any]]:
    """One play with the branch's task, and the lookups through which the planted values come in."""
    options = {
        "api_token": "{{ token }}",
        "account_id": "{{ account_id }}",
        "base_url": "{{ base_url }}",
        "timeout": 5,
    }
    if branch.module == "worker":
        options |= {
            "name": "canary",
            "content": GOOD,
            "main_module": "index.js",
            "compatibility_date": "2026-10-01",
            "secrets": {"KEY": "{{ secret }}"},
        }
    chosen = {name: value for name, value in (options | branch.options).items() if value is not None}
    task: dict[str, Any] = {
        "name": "Declare",
        f"adsengineer.orchestrator.{branch.module}": chosen,
        "register": "outcome",
    }
    task |= {key: branch.play[key] for key in ("no_log", "check_mode", "diff") if key in branch.play}
    if "loop" in branch.play:
        task["loop"] = ["{{ secret | length }}", "two"]
    if "debug" in branch.play:
        task["ignore_errors"] = True
    tasks = [task]
    if "debug" in branch.play:
        tasks += [{"debug": {"var": "outcome"}}, {"fail": {"msg": "{{ outcome }}"}}]
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {
            "token": "{{ lookup('file', token_file) }}",
            "secret": "{{ lookup('file', secret_file) }}",
            "closed_port": closed,
        },
        "tasks": tasks,
    }
    return [play]


@pytest.mark.parametrize("name", BRANCHES)
def test_nothing_leaks(name: str, clean_edge: Any, tmp_path: Path, closed_port: int) -> None:
    branch = BRANCHES[name]
    run = drive(clean_edge, tmp_path, playbook(branch, closed_port), faults=branch.faults)
    assert run.ok is branch.ok, run.printed[-3000:]
    assert "Declare" in run.printed
    assert not run.leaks, run.leaks
    assert "Traceback" not in run.printed
    assert ("failed=1" in run.printed) is not branch.ok


@dataclass(frozen=True)
class Rollout:
    """One way for a whole rollout to go: variables of the play, faults, and words that show where."""

    words: str
    variables: dict[str, Any] = field(default_factory=dict)
    faults: tuple[dict[str, Any], ...] = ()
    ok: bool = False
    declared: dict[str, Any] = field(default_factory=dict)


SCRIPT = "acme-eu-gateway"
SECRETS = {SCRIPT: {"KEY": "{{ secret }}"}}
ROLLOUTS: dict[str, Rollout] = {
    "it works": Rollout("planes are healthy", ok=True),
    "upload refused": Rollout("500", faults=(fault("status", "PUT", SCRIPT, status=500),)),
    "upload refused, and everything repeated": Rollout(
        "10021", faults=(fault("status", "PUT", SCRIPT, status=400, body=ECHOES["json"]),)
    ),
    "upload dropped, read back": Rollout(
        "planes are healthy", faults=(fault("drop_after", "PUT", SCRIPT),), ok=True
    ),
    "register not written": Rollout("500", faults=(fault("status", "PUT", "/bulk", status=500),)),
    "token refused": Rollout("token", variables={"cloudflare_api_token": "{{ secret | b64encode }}"}),
    "secrets are a text": Rollout("secrets", variables={"edge_secrets": "{{ secret }}"}),
    "secrets of a Worker outside of this run": Rollout(
        "planes are healthy", variables={"edge_secrets": {"nobody": {"KEY": "{{ secret }}"}}}, ok=True
    ),
    "a secret is a list": Rollout("KEY", variables={"edge_secrets": {SCRIPT: {"KEY": ["{{ secret }}"]}}}),
    "a bundle without a Worker": Rollout("bundle", variables={"edge_gateway_bundle": "{{ token_file }}"}),
    "the gate closes": Rollout(
        "expected  status 418",
        variables={"edge_probes": [{"method": "GET", "path": "/healthz", "status": 418}]},
    ),
}
KEY = {"KEY": {"from": "secret"}}
RELAYED = {"KEY": {"kind": "relayed", "from": "secret"}}
ACCOUNT = {"KEY": {"kind": "secrets_store", "from": "secret"}}
STORED: dict[str, Rollout] = {
    "bound": Rollout("planes are healthy", ok=True, declared=KEY),
    "bound, upload refused": Rollout(
        "500", faults=(fault("status", "PUT", SCRIPT, status=500),), declared=KEY
    ),
    "bound, and repeated by the API": Rollout(
        "10021", faults=(fault("status", "PUT", SCRIPT, status=400, body=ECHOES["json"]),), declared=KEY
    ),
    "bound, and repeated by the Worker": Rollout(
        "broken",
        variables={"edge_gateway_bundle": "{{ token_file | dirname }}/telling.js"},
        declared=KEY,
    ),
    "bound, from a secret that is not there": Rollout("does not have", declared={"KEY": {"from": "nobody"}}),
    "relayed": Rollout(
        "planes are healthy", ok=True, declared={"KEY": {"kind": "relayed", "from": "secret"}}
    ),
    "relayed, not delivered": Rollout(
        "were not delivered",
        # The first one is the account register.
        faults=(fault("status", "PUT", "/bulk", status=500) | {"skip": 1},),
        declared=RELAYED,
    ),
    "in the Secrets Store": Rollout("planes are healthy", ok=True, declared=ACCOUNT),
    "in the Secrets Store, refused": Rollout(
        "500", faults=(fault("status", "POST", "/secrets", status=500),), declared=ACCOUNT
    ),
    "in the Secrets Store, and repeated by the API": Rollout(
        "10021",
        faults=(fault("status", "POST", "/secrets", status=400, body=ECHOES["json"]),),
        declared=ACCOUNT,
    ),
    "in the Secrets Store, and the answer is lost": Rollout(
        "unknown", faults=(fault("drop_after", "POST", "/secrets"),), declared=ACCOUNT
    ),
    "in the Secrets Store, and repeated by the Worker": Rollout(
        "broken",
        variables={"edge_gateway_bundle": "{{ token_file | dirname }}/telling.js"},
        declared=ACCOUNT,
    ),
}


def topology(edge: Any, secrets: dict[str, Any] | None = None) -> str:
    """One plane on this edge."""
    address = f"127.0.0.1:{edge.http_port}"
    return yaml.safe_dump(
        {
            "plugin": "adsengineer.orchestrator.topology",
            "name": "canary",
            "edge": {"zone": edge.zone, "scheme": "http", "port": edge.http_port, "connect_to": address},
            "environments": {"production": {}},
            "regions": {"eu": {"canary": True}},
            "tenants": {"acme": {"environment": "production", "regions": ["eu"], "secrets": secrets or {}}},
        }
    )


@pytest.mark.parametrize("name", ROLLOUTS)
def test_no_rollout_leaks(name: str, clean_edge: Any, tmp_path: Path) -> None:
    branch = ROLLOUTS[name]
    variables = {
        "secret": "{{ lookup('file', secret_file) }}",
        "cloudflare_api_token": "{{ lookup('file', token_file) }}",
        "cloudflare_account_id": "{{ account_id }}",
        "cloudflare_base_url": "{{ base_url }}",
        "edge_secrets": SECRETS,
    }
    play = {"import_playbook": "adsengineer.orchestrator.deploy", "vars": variables | branch.variables}
    run = drive(clean_edge, tmp_path, [play], inventory=topology(clean_edge), faults=branch.faults)
    assert run.ok is branch.ok, run.printed[-3000:]
    assert branch.words in run.printed
    assert not run.leaks, run.leaks
    assert "Traceback" not in run.printed


@pytest.mark.parametrize("name", STORED)
def test_no_stored_secret_leaks(name: str, clean_edge: Any, tmp_path: Path) -> None:
    branch = STORED[name]
    put = {"tenant": "acme", "environment": "production", "name": "secret", "value_file": "{{ secret_file }}"}
    tasks = [{"adsengineer.orchestrator.secret": put}]
    variables = {
        "cloudflare_api_token": "{{ lookup('file', token_file) }}",
        "cloudflare_account_id": "{{ account_id }}",
        "cloudflare_base_url": "{{ base_url }}",
    }
    plays = [
        {"hosts": "localhost", "gather_facts": False, "tasks": tasks},
        {"import_playbook": "adsengineer.orchestrator.deploy", "vars": variables | branch.variables},
        {"import_playbook": "adsengineer.orchestrator.secrets"},
    ]
    inventory = topology(clean_edge, branch.declared)
    run = drive(clean_edge, tmp_path, plays, inventory=inventory, faults=branch.faults)
    assert run.ok is branch.ok, run.printed[-3000:]
    assert branch.words in run.printed
    assert not run.leaks, run.leaks
    assert "Traceback" not in run.printed
    if name == "relayed":
        assert b'"sealed":' in (tmp_path / "seen" / "kv.json").read_bytes()
