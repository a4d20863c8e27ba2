# SPDX-License-Identifier: GPL-3.0-or-later
"""Rollouts end to end: what is written, what is served, what is said, and how many calls it takes."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.edge

ROOT = Path(__file__).resolve().parents[3]

SCRIPTS = {
    f"{tenant}-{part}" for tenant in ("acme", "globex") for part in ("eu-gateway", "us-gateway", "front")
}


def of(run: Any, script: str) -> list[str]:
    """The calls that name one Worker, as method and rest of the path."""
    prefix = f"workers/scripts/{script}"
    return [
        f"{method} {path.removeprefix(prefix)}".strip()
        for method, path in run.calls
        if path.startswith(prefix)
    ]


@pytest.fixture
def deployed(site: Any) -> Any:
    """A site whose first release is out."""
    run = site.play("site", edge_release="v1")
    assert run.code == 0, run.output
    return site


def test_a_new_fleet_then_no_change(site):
    check = site.play("site", "--check", "--diff")
    assert check.code == 0, check.output
    assert check.writes == []
    assert "acme-eu-gateway: absent" in check.output

    first = site.play("site")
    assert first.code == 0, first.output
    assert len(set(site.served().values())) == 4
    assert {of(first, script)[0] for script in SCRIPTS} == {"PUT"}
    assert all(of(first, script) == ["PUT"] for script in SCRIPTS)
    # Four planes: namespace, document, upload, hostname. Two fronts: upload, hostname. And the register.
    kinds = Counter(path.split("/")[0:2][-1] + " " + method for method, path in first.writes)
    assert kinds == {"scripts PUT": 6, "domains PUT": 6, "kv POST": 5, "kv PUT": 5}

    for playbook in ("site", "deploy"):
        again = site.play(playbook)
        assert again.code == 0, again.output
        assert "6 unchanged" in again.output
        assert again.writes == []
        assert len(again.calls) <= 5
        assert "changed=0" in again.output
    assert site.play("site", "--check").writes == []


def test_a_good_release_moves_canary_first_with_its_evidence_shown(deployed):
    before = deployed.served()
    run = deployed.play("site", edge_release="v2")
    assert run.code == 0, run.output
    after = deployed.served()
    assert all(before[name] != after[name] for name in before)
    assert of(run, "acme-eu-gateway") == ["POST /versions", *["POST /deployments"] * 4]
    assert of(run, "acme-us-gateway") == ["POST /versions", *["POST /deployments"] * 2]
    assert re.search(r"canary eu  0 %  \d+ pairs  worse 1\.0/100  fine 2\d\.\d/20  fine", run.output)
    order = [line for line in run.lines("TASK") if "Deploy candidates" in line]
    assert ["10 % in wave canary eu" in order[1], "wave us" in order[4], "wave fronts" in order[-1]] == [
        True
    ] * 3
    assert deployed.play("site", edge_release="v2").writes == []


def test_a_release_without_a_label_keeps_the_recorded_one(deployed):
    run = deployed.play("deploy")
    assert run.code == 0, run.output
    assert "release v1: 6 unchanged" in run.output
    assert "changed=0" in run.output
    assert run.writes == []


@pytest.mark.parametrize(
    ("playbook", "wrong", "right"),
    [
        ("site", "edge_relase", "edge_release"),
        ("rollback", "edge_rolback_to", "edge_rollback_to"),
        ("status", "edge_statusdest", "edge_status_dest"),
    ],
)
def test_a_mistyped_variable_is_refused(site, playbook, wrong, right):
    run = site.play(playbook, **{wrong: "x"})
    assert run.code != 0
    assert f"no variable {wrong}, and" in run.output, run.output
    assert right in run.output
    assert run.calls == []


def test_a_kind_without_a_probe_is_refused_before_the_first_write(site):
    probes = json.dumps({"edge_probes": [{"path": "/healthz", "kinds": ["gateway"]}]})
    run = site.play("site", "-e", probes)
    assert run.code != 0
    assert "No probe is for Workers of the kind front" in run.output
    assert run.writes == []
    unverified = site.play("site", "--check", "-e", probes, edge_verify="false")
    assert unverified.code == 0, unverified.output


def test_a_bad_release_is_undone_and_explained(deployed):
    before = deployed.served()
    run = deployed.play("release_bad")
    assert run.code != 0
    assert deployed.served() == before
    for words in (
        "The gate closed in wave 'canary eu' at 0 %: the candidate is worse than the running version.",
        "probe     POST /v1/events",
        "expected  status 202",
        'came      status 500: {"error":"the event store could not be reached"}',
        "Release bad was not rolled out.",
    ):
        assert words in run.output, words
    undone = [line.split() for line in run.output.splitlines() if line.startswith("  undone ")]
    assert {line[1].rstrip(":") for line in undone} == {"acme-eu-gateway", "globex-eu-gateway"}
    assert {line[-1] for line in undone} <= set(before.values())
    assert of(run, "acme-eu-gateway") == ["POST /versions", "POST /deployments", "POST /deployments"]
    assert of(run, "acme-us-gateway") == [], "later waves were not touched"
    again = deployed.play("site", edge_release="v1")
    assert again.code == 0
    assert again.writes == [], "the account is as the first release left it, and known to be"


def test_an_undo_that_could_not_be_recorded_says_so(deployed):
    deployed.fault("PUT", ".*/bulk", "status", status=403)
    run = deployed.play("release_bad")
    assert run.code != 0
    (told, *_more) = run.lines("It could not be recorded")
    assert "KV" in told
    assert "403" in told
    assert "undone      acme-eu-gateway" in run.output


def test_a_limit_is_respected_and_the_front_is_left_with_a_word(deployed):
    before = deployed.served()
    run = deployed.play("site", "--limit", "region_us", edge_release="v2")
    assert run.code == 0, run.output
    after = deployed.served()
    assert {name for name in before if before[name] != after[name]} == {"acme-us", "globex-us"}
    assert "the front of acme stays as it is" in run.output
    one = deployed.play("site", "--limit", "tenant_acme", edge_release="v2")
    assert one.code == 0, one.output
    assert {script for script in SCRIPTS if "POST /versions" in of(one, script)} == {
        "acme-eu-gateway",
        "acme-front",
    }


def test_check_mode_predicts_and_writes_nothing(deployed):
    before = deployed.served()
    run = deployed.play("site", "--check", "--diff", edge_release="v2")
    assert run.code == 0, run.output
    assert run.writes == []
    assert "+acme-eu-gateway: release v2" in run.output
    assert deployed.served() == before


def test_a_changed_document_is_one_write_and_no_upload(deployed):
    before = deployed.served()
    deployed.declare(max_batch=7)
    run = deployed.play("site", edge_release="v1")
    assert run.code == 0, run.output
    assert deployed.served() == before
    kinds = Counter(path.rpartition("/")[2] for _method, path in run.writes)
    assert kinds == {"config": 2, "bulk": 1}


def put(site: Any, script: str) -> None:
    """What somebody with a token and curl would do."""
    code = 'export default { fetch() { return new Response("mine"); } };'
    metadata = {"main_module": "mine.js", "compatibility_date": "2026-01-01"}
    files = {
        "metadata": (None, json.dumps(metadata), "application/json"),
        "mine.js": ("mine.js", code, "application/javascript+module"),
    }
    with site.edge.client() as client:
        path = f"accounts/{site.edge.account_id}/workers/scripts/{script}"
        client.put(f"{site.edge.base_url}/{path}", files=files).raise_for_status()


def test_what_somebody_else_deployed_stops_the_rollout_by_name(deployed):
    put(deployed, "globex-us-gateway")
    run = deployed.play("site", edge_release="v2")
    assert run.code != 0
    assert run.writes == []
    (told, *_more) = run.lines("deployed by somebody else")
    assert "globex-us-gateway" in told
    assert "acme" not in told
    taken = deployed.play("site", edge_release="v2", edge_drift="take_over", edge_verify="false")
    assert taken.code == 0, taken.output
    assert len(set(deployed.served().values())) == 4


def test_back_by_hand(deployed):
    before = deployed.served()
    deployed.play("site", edge_release="v2")
    check = deployed.play("rollback", "--check", "--limit", "tenant_acme")
    assert check.code == 0, check.output
    assert check.writes == []
    run = deployed.play("rollback", "--limit", "tenant_acme")
    assert run.code == 0, run.output
    after = deployed.served()
    assert (after["acme-eu"], after["acme-us"]) == (before["acme-eu"], before["acme-us"])
    assert after["globex-eu"] != before["globex-eu"]
    assert "not restored: data in KV" in run.output
    assert of(run, "acme-eu-gateway") == ["GET /deployments", "POST /deployments"]
    assert of(run, "acme-front") == ["GET /deployments", "POST /deployments"]
    again = deployed.play("rollback", "--limit", "acme-eu")
    assert again.code != 0
    assert "no earlier whole deployment" in again.output
    assert "would go back  acme-eu-gateway" in check.output


@pytest.mark.parametrize(
    "version", ["", "../../x", "no-such-version", "1155951a-87de-4a67-8e4d-adf1df55ab92"]
)
def test_back_to_a_version_that_is_not_there_is_refused_by_name(deployed, version):
    run = deployed.play("rollback", "--limit", "acme-us", edge_rollback_to=version)
    assert run.code != 0
    assert "Nothing was written." in run.output
    assert "acme-us-gateway" in run.output
    assert run.writes == []


def test_an_unhealthy_plane_ends_status_and_rollback_red(deployed):
    broken = deployed.folder / "broken.js"
    broken.write_text('export default { fetch() { throw new Error("no"); } };')
    deployed.play("site", edge_release="v2")
    bundle = {"edge_gateway_bundle": str(broken), "edge_verify": "false"}
    assert deployed.play("site", edge_release="broken", **bundle).code == 0
    dest = deployed.folder / "status.json"
    status = deployed.play("status", edge_status_dest=str(dest))
    assert status.code != 0
    assert "4 of 4 planes are not healthy: acme-eu, acme-us, globex-eu, globex-us" in status.output
    assert [row["healthy"] for row in json.loads(dest.read_text())] == [False] * 4
    assert deployed.play("status", edge_require_healthy="false").code == 0
    back = deployed.play("rollback")
    assert back.code == 0, back.output
    assert deployed.play("rollback", "-e", "edge_rollback_to=previous").code == 0


def test_a_broken_release_that_is_running_is_repaired_through_the_gate(deployed):
    broken = deployed.folder / "broken.js"
    broken.write_text('export default { fetch() { throw new Error("no"); } };')
    bundle = {"edge_gateway_bundle": str(broken), "edge_verify": "false"}
    assert deployed.play("site", edge_release="broken", **bundle).code == 0
    run = deployed.play("site", edge_release="v2")
    assert run.code == 0, run.output
    assert re.search(r"canary eu  0 %  \d+ pairs  .*fine$", run.output, re.MULTILINE)
    assert len(set(deployed.served().values())) == 4


class Meanwhile(threading.Thread):
    """Does something to a site while a playbook runs: when the API has seen a number of deployments."""

    def __init__(self, site: Any, script: str, deployments: int, act: Any) -> None:
        super().__init__(daemon=True)
        self._site, self._script, self._number, self._act = site, script, deployments, act
        self.done = threading.Event()

    def run(self) -> None:
        path = f"/scripts/{self._script}/deployments"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self._site.seen("POST", path) >= self._number:
                time.sleep(0.2)  # what comes within 50 ms of a write is not told from it
                self._act()
                self.done.set()
                return
            time.sleep(0.02)


def test_what_somebody_deploys_in_mid_rollout_stops_it_and_stays(deployed):
    before = deployed.served()
    meanwhile = Meanwhile(deployed, "acme-eu-gateway", 2, lambda: put(deployed, "acme-eu-gateway"))
    deployed.edge.control.delete("/requests")
    meanwhile.start()
    run = deployed.play("site", edge_release="v2", edge_gate_pairs="400")
    meanwhile.join()
    assert meanwhile.done.is_set()
    assert run.code != 0
    active = deployed.deployments("acme-eu-gateway")[0]
    assert not active["annotations"].get("workers/message", "").startswith("rollout")
    assert "left        acme-eu-gateway, because it is not this rollout's any more" in run.output
    with deployed.edge.client():
        answer = deployed.edge.get(f"acme-eu.{deployed.edge.zone}", "/healthz")
    assert answer.text == "mine"
    others = {name: deployed.edge.get(f"{name}.{deployed.edge.zone}", "/healthz") for name in before}
    for name in ("acme-us", "globex-eu", "globex-us"):
        assert others[name].headers["x-version-id"] == before[name]
    again = deployed.play("site", edge_release="v2")
    assert again.code != 0
    assert "acme-eu-gateway" in again.lines("deployed by somebody else")[0]


def test_two_rollouts_at_once_do_not_undo_each_other(deployed):
    ended: dict[str, Any] = {}
    second = threading.Thread(target=lambda: ended.update(v3=deployed.play("site", edge_release="v3")))
    begun = Meanwhile(deployed, "acme-eu-gateway", 1, second.start)
    deployed.edge.control.delete("/requests")
    begun.start()
    ended["v2"] = deployed.play("site", edge_release="v2", edge_gate_pairs="600")
    begun.join()
    second.join()
    codes = {name: run.code for name, run in ended.items()}
    assert sorted(map(bool, codes.values())) == [False, True], {n: r.output for n, r in ended.items()}
    (won,) = [name for name, code in codes.items() if code == 0]
    (lost,) = [run for run in ended.values() if run.code != 0]
    # What it is told depends on how far it had come: before a step of its own, in its undo, or at the record.
    told = r"not this rollout's any more|[Ss]omebody else has deployed (since|while)"
    assert re.search(told, lost.output), lost.output
    assert deployed.play("site", edge_release=won).writes == []
    for script in SCRIPTS:
        assert [share["percentage"] for share in deployed.deployments(script)[0]["versions"]] == [100]


def test_a_release_that_was_accepted_and_not_recorded_is_not_taken_for_an_accepted_one(deployed):
    before = deployed.served()
    deployed.fault("PUT", ".*/bulk", "status", status=403)
    assert deployed.play("site", edge_release="v2", edge_verify="false").code != 0
    deployed.no_faults()
    assert not set(before.values()) & set(deployed.served().values())
    bad = deployed.play("release_bad")
    assert bad.code != 0
    assert "a rollout was interrupted after its last step" in bad.output
    now = deployed.served()
    assert (now["acme-eu"], now["globex-eu"]) == (before["acme-eu"], before["globex-eu"])


def test_a_task_that_runs_out_of_time_is_undone_with_what_came_before_it(deployed):
    before = deployed.served()
    path = "/scripts/acme-us-gateway/versions"
    deployed.fault("POST", f".*{path}", "latency", latency_ms=20000, times=1)
    run = deployed.play("site", edge_release="v2", edge_verify="false", task_timeout=12)
    deadline = time.monotonic() + 40
    while not deployed.seen("POST", path):
        assert time.monotonic() < deadline, "the slow call never ended"
        time.sleep(0.1)
    assert run.code != 0
    assert deployed.served() == before, run.output
    assert "undone      acme-eu-gateway" in run.output
    assert "undone      globex-eu-gateway" in run.output
    again = deployed.play("site", edge_release="v2")
    assert again.code == 0, again.output
    assert len(set(deployed.served().values()) | set(before.values())) == 8


def test_a_front_that_does_not_compile_is_refused_before_any_visitor_meets_the_release(deployed, tmp_path):
    bundle = tmp_path / "front.js"
    bundle.write_text("export default { fetch() { return new Response( } };")
    run = deployed.play("site", edge_release="v2", edge_front_bundle=str(bundle))
    assert run.code != 0
    assert re.search(r"failed at (acme|globex)-front", run.output)
    assert [path.rpartition("/")[2] for _method, path in run.writes if "scripts" in path] == ["versions"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("export const nothing = 1;", "no default export"),
        ("export default { fetch() { return new Response( } };", "acme-eu-gateway"),
    ],
    ids=["no default export", "does not compile"],
)
def test_a_worker_that_cannot_work_is_refused_by_name(site, tmp_path, code, words):
    bundle = tmp_path / "broken.js"
    bundle.write_text(code)
    run = site.play("site", edge_gateway_bundle=str(bundle))
    assert run.code != 0
    assert words in run.output
    assert not any("workers/domains" in path for _method, path in run.writes), "nothing is exposed"
    assert not any("globex" in path for _method, path in run.writes), "no second plane was touched"


def test_a_status_file_that_cannot_be_written_stops_before_the_first_write(deployed):
    for name in ("site", "rollback"):
        run = deployed.play(name, edge_release="v2", edge_status_dest="/nowhere/status.json")
        assert run.code != 0
        assert "/nowhere/status.json: No such file or directory" in run.output
        assert run.writes == []


def test_a_limit_does_not_hide_that_the_edge_is_not_running(deployed):
    edge = yaml.safe_load(deployed.inventory.read_text())
    gone = edge | {"edge": edge["edge"] | {"connect_to": "127.0.0.1:9", "port": 9}}
    deployed.inventory.write_text(yaml.safe_dump(gone, sort_keys=False))
    for name in ("deploy", "status", "rollback"):
        run = deployed.play(name, "--limit", "region_us")
        assert run.code != 0
        assert "the embedded edge is not running" in run.output
        assert run.writes == []


def test_the_status_as_json(deployed, tmp_path):
    dest = tmp_path / "status.json"
    run = deployed.play("status", edge_status_dest=str(dest))
    assert run.code == 0, run.output
    assert run.calls == []
    rows = json.loads(dest.read_text())
    assert [list(row) for row in rows] == [["tenant", "region", "url", "version_id", "healthy"]] * 4
    assert {f"{row['tenant']}-{row['region']}": row["version_id"] for row in rows} == deployed.served()
    assert all(row["healthy"] for row in rows)
    assert "4 of 4 planes are healthy" in run.output


def test_secrets_arrive_and_are_nowhere_else(deployed):
    value = "canary-4f9a77c1"
    secrets = json.dumps({"edge_secrets": {"acme-eu-gateway": {"SIGNING_KEY": value}}})
    run = deployed.play("site", "-vvv", "-e", secrets, edge_release="v1")
    assert run.code == 0, run.output
    assert of(run, "acme-eu-gateway")[0] == "POST /versions"
    assert of(run, "acme-us-gateway") == []
    assert value not in run.output.replace(secrets, "")
    with deployed.edge.client() as client:
        account = f"{deployed.edge.base_url}/accounts/{deployed.edge.account_id}"
        path = f"{account}/workers/scripts/acme-eu-gateway/secrets"
        assert [item["name"] for item in client.get(path).json()["result"]] == ["SIGNING_KEY"]
    assert deployed.play("site", "-e", secrets, edge_release="v1").writes == []


def test_a_release_that_fails_in_the_second_region_puts_the_first_back_too(deployed, tmp_path):
    before = deployed.served()
    bundle = tmp_path / "far.js"
    bundle.write_text("""
import gateway from "./gateway.js";
export default {
  async fetch(request, env, ctx) {
    const answer = await gateway.fetch(request, env, ctx);
    const far = env.REGION === "us" && request.method === "POST";
    return far ? new Response("far away", { status: 502, headers: answer.headers }) : answer;
  },
};
""")
    real = ROOT / "roles/edge/files/workers/dist/gateway.js"
    modules = json.dumps({"edge_gateway_modules": {"gateway.js": str(real)}})
    run = deployed.play("site", "-e", modules, edge_release="far", edge_gateway_bundle=str(bundle))
    assert run.code != 0
    assert "The gate closed in wave 'us' at 0 %" in run.output
    assert "came      status 502: far away" in run.output
    assert deployed.served() == before
    undone = {line.split()[1].rstrip(":") for line in run.output.splitlines() if line.startswith("  undone ")}
    assert undone == {script for script in SCRIPTS if "gateway" in script}
    assert of(run, "acme-eu-gateway")[-1] == "POST /deployments"
    assert deployed.play("site", edge_release="v1").writes == []
