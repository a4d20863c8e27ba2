# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest wrangler works against the embedded edge as it does against Cloudflare."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from oracle_tools import node, package

NAME = "oracle"
HOST = f"{NAME}.embedded.workers.dev"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CODE = """
export default {
  async fetch(request, env) {
    const stored = env.CONFIG ? await env.CONFIG.get("greeting") : null;
    const secret = env.KEY ? env.KEY.length : null;
    return Response.json({ text: "%s", stored, color: env.COLOR ?? null, secret });
  },
};
"""


class Wrangler:
    """Runs wrangler in a project folder of its own, with a home of its own."""

    def __init__(self, edge: Any, folder: Path) -> None:
        self.edge = edge
        self.folder = folder
        self.program = [node(), package("wrangler", "bin", "wrangler.js")]
        self.configuration: dict[str, Any] = {
            "name": NAME,
            "main": "worker.js",
            "compatibility_date": "2026-07-01",
            "workers_dev": True,
            "vars": {"COLOR": "blue"},
        }
        (folder / "home").mkdir()

    def code(self, text: str, **configuration: Any) -> None:
        """Write the project."""
        self.configuration.update(configuration)
        (self.folder / "worker.js").write_text(CODE % text)
        (self.folder / "wrangler.json").write_text(json.dumps(self.configuration))

    def __call__(self, *arguments: str, stdin: str = "", fails: bool = False) -> str:
        """Run a command and return what it printed."""
        environment = {
            **self.edge.env,
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "WRANGLER_SEND_METRICS": "false",
            "WRANGLER_WRITE_LOGS": "false",
            "CI": "true",
            "NO_COLOR": "1",
        }
        done = subprocess.run(
            [*self.program, *arguments],
            cwd=self.folder,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        output = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, (
            f"wrangler {' '.join(arguments)} ended with {done.returncode}:\n{output}"
        )
        return output


@pytest.fixture
def wrangler(clean_edge: Any, tmp_path: Path) -> Wrangler:
    """Return wrangler beside an embedded edge with nothing in it."""
    return Wrangler(clean_edge, tmp_path)


def said(wrangler: Wrangler) -> dict[str, Any]:
    """Return what the deployed Worker answers."""
    answer = wrangler.edge.get(HOST)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def api(wrangler: Wrangler, path: str) -> Any:
    """Read the API directly."""
    with wrangler.edge.client() as client:
        answer = client.get(f"/accounts/{wrangler.edge.account_id}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def test_deploy_new_then_existing_then_roll_back_then_delete(wrangler: Wrangler) -> None:
    wrangler.code("one")
    assert "Current Version ID" in wrangler("deploy")
    assert said(wrangler) == {"text": "one", "stored": None, "color": "blue", "secret": None}

    wrangler.code("two", vars={"COLOR": "red"})
    wrangler("deploy", "--message", "second", "--tag", "v2")
    assert said(wrangler)["text"] == "two"
    assert said(wrangler)["color"] == "red"
    newest = api(wrangler, f"/workers/scripts/{NAME}/versions")["items"][0]
    assert newest["number"] == 2
    assert newest["metadata"]["source"] == "wrangler"
    assert newest["annotations"]["workers/message"] == "second"
    assert newest["annotations"]["workers/tag"] == "v2"

    status = wrangler("deployments", "status", "--json")
    assert json.loads(status[status.index("{") :])["versions"] == [
        {"percentage": 100, "version_id": newest["id"]}
    ]
    listed = wrangler("deployments", "list", "--json")
    assert len(json.loads(listed[listed.index("[") :])) == 2
    assert newest["id"] in wrangler("deployments", "status")

    assert "has been deployed to 100% of traffic" in wrangler("rollback", "-y", "--message", "back")
    assert said(wrangler)["text"] == "one"
    assert (
        api(wrangler, f"/workers/scripts/{NAME}/deployments")["deployments"][0]["annotations"][
            "workers/message"
        ]
        == "back"
    )

    wrangler("delete", "--force")
    assert wrangler.edge.get(HOST).status_code == 404
    assert api(wrangler, "/workers/scripts") == []


def test_versions_are_uploaded_listed_and_split(wrangler: Wrangler) -> None:
    wrangler.code("one")
    wrangler("deploy")
    wrangler.code("two")
    uploaded = wrangler("versions", "upload", "--tag", "candidate")
    found = UUID.search(uploaded)
    assert found, uploaded
    assert said(wrangler)["text"] == "one"

    listed = wrangler("versions", "list", "--json")
    items = json.loads(listed[listed.index("[") :])
    assert found[0] in [item["id"] for item in items]
    assert "candidate" in wrangler("versions", "view", found[0])

    old = next(item["id"] for item in items if item["id"] != found[0])
    wrangler("versions", "deploy", f"{found[0]}@25%", f"{old}@75%", "-y")
    active = api(wrangler, f"/workers/scripts/{NAME}/deployments")["deployments"][0]["versions"]
    assert {v["version_id"]: v["percentage"] for v in active} == {found[0]: 25, old: 75}

    wrangler("versions", "deploy", f"{found[0]}@100%", "-y")
    assert said(wrangler)["text"] == "two"


def test_secrets_are_put_listed_bulk_changed_and_deleted(wrangler: Wrangler) -> None:
    wrangler.code("one")
    wrangler("deploy")
    wrangler("secret", "put", "KEY", stdin="twelve-chars")
    assert said(wrangler)["secret"] == len("twelve-chars")
    assert json.loads(wrangler("secret", "list")) == [{"name": "KEY", "type": "secret_text"}]

    wrangler("deploy")
    assert said(wrangler)["secret"] == len("twelve-chars"), "a deploy keeps the secrets"

    wrangler("secret", "bulk", stdin=json.dumps({"KEY": "longer-than-before", "OTHER": "x"}))
    assert said(wrangler)["secret"] == len("longer-than-before")
    rolled_back = wrangler("rollback", "-y")
    assert "* KEY" in rolled_back
    assert "* OTHER" in rolled_back

    wrangler("deploy")
    wrangler("secret", "delete", "KEY", stdin="y\n")
    assert said(wrangler)["secret"] is None


def test_a_secret_of_the_secrets_store_is_made_bound_changed_and_deleted(wrangler: Wrangler) -> None:
    store = ("secrets-store", "store")
    secret = ("secrets-store", "secret")
    told = wrangler(*store, "create", "default", "--remote")
    identifier = re.search(r"ID: ([0-9a-f]{32})", told)
    assert identifier, told
    here = (identifier[1], "--remote")
    assert identifier[1] in wrangler(*store, "list", "--remote")
    made = wrangler(*secret, "create", *here, "--name", "key", "--scopes", "workers", stdin="twelve-chars")
    assert "twelve-chars" not in made
    listed = wrangler(*secret, "list", *here)
    assert "key" in listed
    assert "active" in listed
    (found,) = api(wrangler, f"/secrets_store/stores/{identifier[1]}/secrets")
    bound = {"binding": "STORED", "store_id": identifier[1], "secret_name": "key"}
    wrangler.code("one", secrets_store_secrets=[bound])
    (wrangler.folder / "worker.js").write_text(
        "const length = async (env) => (await env.STORED.get()).length;"
        "export default { fetch: async (_, env) => Response.json({ length: await length(env) }) };"
    )
    wrangler("deploy")
    assert said(wrangler) == {"length": len("twelve-chars")}
    wrangler(
        *secret,
        "update",
        *here,
        "--secret-id",
        found["id"],
        "--scopes",
        "workers",
        stdin="longer-than-before",
    )
    assert said(wrangler) == {"length": len("longer-than-before")}, "without a new version"
    wrangler(*secret, "delete", *here, "--secret-id", found["id"])
    assert api(wrangler, f"/secrets_store/stores/{identifier[1]}/secrets") == []
    lost = wrangler("deploy", fails=True)
    assert "is in no Secrets Store" in lost


def test_a_secret_is_refused_while_the_latest_version_is_not_deployed(wrangler: Wrangler) -> None:
    wrangler.code("one")
    wrangler("deploy")
    wrangler("versions", "upload")
    output = wrangler("secret", "put", "KEY", stdin="value", fails=True)
    assert "versions secret put" in output
    wrangler("versions", "secret", "put", "KEY", stdin="value")
    assert said(wrangler)["secret"] is None
    assert api(wrangler, f"/workers/scripts/{NAME}/versions")["items"][0]["number"] == 3


def test_kv_namespaces_keys_and_bulk(wrangler: Wrangler) -> None:
    wrangler.code("one")
    wrangler("kv", "namespace", "create", "CONFIG")
    namespaces = json.loads(wrangler("kv", "namespace", "list"))
    identifier = next(item["id"] for item in namespaces if "CONFIG" in item["title"])
    wrangler.code("one", kv_namespaces=[{"binding": "CONFIG", "id": identifier}])
    wrangler("deploy")
    here = ("--namespace-id", identifier, "--remote")

    wrangler("kv", "key", "put", "greeting", "hello", "--metadata", '{"v":1}', *here)
    assert said(wrangler)["stored"] == "hello"
    assert wrangler("kv", "key", "get", "greeting", "--text", *here).strip().endswith("hello")
    keys = json.loads(wrangler("kv", "key", "list", *here))
    assert keys == [{"name": "greeting", "metadata": {"v": 1}}]

    pairs = [{"key": f"a/{n} ü", "value": str(n)} for n in range(3)]
    (wrangler.folder / "pairs.json").write_text(json.dumps(pairs))
    wrangler("kv", "bulk", "put", "pairs.json", *here)
    (wrangler.folder / "keys.json").write_text(json.dumps([pair["key"] for pair in pairs]))
    got = wrangler("kv", "bulk", "get", "keys.json", *here)
    assert '"a/2 ü"' in got
    wrangler("kv", "bulk", "delete", "keys.json", "--force", *here)
    wrangler("kv", "key", "delete", "greeting", *here)
    assert json.loads(wrangler("kv", "key", "list", *here)) == []
    wrangler("kv", "namespace", "delete", "--namespace-id", identifier, "-y")
    assert api(wrangler, "/storage/kv/namespaces") == []


def test_custom_domain_and_route_serve(wrangler: Wrangler) -> None:
    zone = wrangler.edge.zone
    wrangler.code(
        "one",
        routes=[{"pattern": f"shop.{zone}", "custom_domain": True}, f"www.{zone}/api/*"],
        workers_dev=False,
    )
    wrangler("deploy")
    assert wrangler.edge.get(f"shop.{zone}").json()["text"] == "one"
    assert wrangler.edge.get(f"www.{zone}", "/api/x").json()["text"] == "one"
    assert wrangler.edge.get(f"www.{zone}", "/other").status_code == 404
    assert wrangler.edge.get(HOST).status_code == 404


def test_whoami_names_the_account(wrangler: Wrangler) -> None:
    assert wrangler.edge.account_id in wrangler("whoami")


def test_code_that_does_not_compile_is_shown(wrangler: Wrangler) -> None:
    wrangler.code('" + nope("')
    (wrangler.folder / "worker.js").write_text("throw new Error('broken at start');\nexport default {};")
    assert "broken at start" in wrangler("deploy", fails=True)
    assert api(wrangler, "/workers/scripts") == []
