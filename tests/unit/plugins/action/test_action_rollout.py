# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet's actions over an account in memory: from plan to record, undo, refusals, check mode, secrets."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from action_harness import OPTIONS, Templar
from ansible_collections.adsengineer.orchestrator.plugins.action import (
    plane_status,
    rollout_plan,
    rollout_record,
    worker_deployment,
    worker_gate,
    worker_rollback,
    worker_version,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.models import Version
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.probe import Answer, Prober
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils import _controller, _fleet

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "module_utils" / "_rollout"))

from rollout_world import Account, plane, refusal, unknown

CANARY = "s3cret-canary-77"
PLANES = [plane("acme-eu"), plane("acme-us")]
GOOD = "export default { fetch() {} };"


class Hostvars(dict[str, Any]):
    def raw_get(self, host: str) -> Any:
        return self[host]


def variables(planes: list[dict[str, Any]], every: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The variables of a play whose hosts are ``planes`` in an inventory of ``every`` plane."""
    groups: dict[str, list[str]] = {"edge": []}
    for item in every or planes:
        groups["edge"].append(item["name"])
        groups.setdefault(f"tenant_{item['tenant']}", []).append(item["name"])
    hosts = [item["name"] for item in planes]
    return {
        "hostvars": Hostvars({item["name"]: {"plane": item} for item in planes}),
        "ansible_play_hosts": hosts,
        "groups": groups,
    }


class Fleet:
    """Runs the actions one after the other, as the role does."""

    def __init__(self, folder: Path) -> None:
        self.account, self.folder = Account(), folder
        self.shown: list[str] = []
        for name in ("gateway.js", "front.js"):
            (folder / name).write_text(GOOD)

    def run(self, module: Any, args: dict[str, Any], *, check: bool = False, **more: Any) -> dict[str, Any]:
        local = issubclass(module.ActionModule, _fleet.LocalAction)
        task = SimpleNamespace(
            args=args if local else OPTIONS | args,
            check_mode=check,
            diff=True,
            environment=None,
            async_val=0,
            action="test",
            delegate_to=None,
        )
        shell = SimpleNamespace(tmpdir="/nonexistent", env_prefix=lambda **_variables: "")
        made = module.ActionModule(
            task=task,
            connection=SimpleNamespace(_shell=shell),
            play_context=None,
            loader=None,
            templar=Templar(),
            shared_loader_obj=None,
        )
        made._client = lambda _options: self.account
        result: dict[str, Any] = made.run(task_vars=more.get("variables") or variables(PLANES))
        assert CANARY not in json.dumps(result)
        return result

    def plan(self, **more: Any) -> dict[str, Any]:
        extra = {name: more.pop(name) for name in ("check", "variables") if name in more}
        args = {
            "topology": "t",
            "gateway_bundle": str(self.folder / "gateway.js"),
            "front_bundle": str(self.folder / "front.js"),
            "compatibility_date": "2026-10-01",
        }
        self.account.log.clear()
        return self.run(rollout_plan, args | more, **extra)

    def wave(self, plan: dict[str, Any], number: int, moves: Any = (), **more: Any) -> dict[str, Any]:
        args = {"wave": plan["waves"][number], "release": plan["release"], "rollout": plan["rollout"]}
        extra = {"check": more.pop("check", False)}
        return self.run(worker_version, args | {"moves": list(moves)} | more, **extra)

    def step(
        self, plan: dict[str, Any], wave: str, percentage: int, moves: Any, **more: Any
    ) -> dict[str, Any]:
        args = {"wave": wave, "percentage": percentage, "rollout": plan["rollout"], "moves": moves}
        return self.run(worker_deployment, args, **more)

    def record(self, plan: dict[str, Any], moves: Any, **more: Any) -> dict[str, Any]:
        return self.run(rollout_record, {"topology": "t", "rollout": plan["rollout"], "moves": moves} | more)

    def release(self, **more: Any) -> list[dict[str, Any]]:
        """A whole rollout without gates."""
        secrets = more.get("secrets", {})
        plan = self.plan(**more)
        moves: list[dict[str, Any]] = []
        for number, wave in enumerate(plan["waves"]):
            moves = self.wave(plan, number, moves, secrets=secrets)["moves"]
            for percentage in wave["steps"]:
                moves = self.step(plan, wave["name"], percentage, moves)["moves"]
        self.record(plan, moves)
        return moves


@pytest.fixture
def fleet(tmp_path, monkeypatch) -> Fleet:
    made = Fleet(tmp_path)
    for module in (_controller, _fleet):
        monkeypatch.setattr(
            module.display, "display", lambda text, *_more, **_options: made.shown.append(text)
        )
    return made


def test_a_new_fleet_then_nothing_to_do(fleet):
    moves = fleet.release()
    assert len(moves) == 3
    assert all(move["share"] == 100 for move in moves)
    plan = fleet.plan()
    assert (plan["changed"], plan["waves"], plan["unchanged"]) == (False, [], 3)
    assert plan["api_calls"] == len(fleet.account.log) == 4
    assert fleet.shown[-1].endswith("3 unchanged")


def test_a_second_release_names_the_way_back(fleet):
    first = {move["script"]: move["candidate"] for move in fleet.release()}
    second = fleet.release(release="v2")
    assert {move["script"]: move["running"] for move in second} == first
    assert fleet.plan(release="v2")["changed"] is False


@pytest.mark.parametrize(
    ("change", "label", "counted"),
    [
        ({}, "v1", {"unchanged": 3}),
        ({"compatibility_date": "2026-11-01"}, "r-", {"update": 3}),
        ({"release": "v2"}, "v2", {"update": 3}),
    ],
    ids=["same", "something else differs", "another label"],
)
def test_without_a_label_the_recorded_one_stays_if_nothing_else_differs(fleet, change, label, counted):
    fleet.release(release="v1")
    plan = fleet.plan(**change)
    assert plan["release"]["label"].startswith(label)
    assert plan["counts"] == counted


def test_an_undo_reaches_what_was_uploaded_without_an_answer(fleet):
    plan, moves = upgraded(fleet, later_direct=True)
    fleet.account.errors["put", "acme-us-gateway"] = unknown("acme-us-gateway")
    state = fleet.wave(plan, 1, moves)
    assert state["failed"]
    undo = fleet.run(worker_rollback, {"rollout": plan["rollout"], "moves": state["moves"]})
    assert set(undo["undone"]) == {"acme-eu-gateway", "acme-us-gateway"}
    assert "acme-us-gateway: a version whose id is not known -> " in undo["summary"]


def test_what_could_not_be_put_back_is_read_by_the_next_plan(fleet):
    plan, moves = upgraded(fleet)
    fleet.account.errors["deploy", "acme-eu-gateway"] = refusal("acme-eu-gateway", 10220)
    undo = fleet.run(worker_rollback, {"rollout": plan["rollout"], "moves": moves})
    fleet.record(plan, moves, failed_wave="canary eu", undone=list(undo["undone"]))
    fleet.account.errors.clear()
    assert fleet.plan(release="v1")["counts"] == {"unchanged": 2, "update": 1}


def test_check_mode_writes_nothing(fleet):
    plan = fleet.plan(check=True)
    assert plan["changed"] is True
    assert "acme-eu-gateway: absent" in plan["diff"]["before"]
    state = fleet.wave(plan, 0, check=True)
    state = fleet.step(plan, "canary eu", 10, state["moves"], check=True)
    fleet.run(rollout_record, {"rollout": plan["rollout"], "moves": state["moves"]}, check=True)
    assert fleet.account.writes() == []


def test_without_a_register_all_is_read_and_recorded_again(fleet):
    fleet.release()
    fleet.account.values.clear()
    plan = fleet.plan()
    assert plan["counts"] == {"verify": 3}
    assert [name for name, _call in fleet.account.log].count("deployments") == 3
    fleet.release()
    assert fleet.plan()["unchanged"] == 3


def test_garbage_in_the_register_is_no_obstacle(fleet):
    fleet.release()
    for place in fleet.account.metadata:
        fleet.account.metadata[place] = "{broken"
    assert fleet.plan()["counts"] == {"verify": 3}


def test_a_limited_run_leaves_the_front_and_says_so(fleet):
    fleet.release()
    plan = fleet.plan(release="v2", variables=variables(PLANES[:1], PLANES))
    assert [unit["script"] for wave in plan["waves"] for unit in wave["units"]] == ["acme-eu-gateway"]
    assert any("front of acme stays as it is" in note for note in plan["notes"])


def test_drift_stops_and_names_the_plane(fleet):
    fleet.release()
    fleet.account.by_version["vX"] = Version("vX", 99, "c")
    fleet.account.deployed("acme-us-gateway", (("vX", 100.0),), 99, "")
    plan = fleet.plan(release="v2")
    assert plan["failed"]
    for word in ("acme-us-gateway", "me@example.com", "take_over"):
        assert word in plan["msg"]
    assert "acme-eu-gateway" not in plan["msg"]
    taken = fleet.plan(release="v2", drift="take_over")
    assert taken["counts"] == {"update": 3}


def test_secrets_reach_the_upload_and_nothing_else(fleet):
    secrets = {"acme-eu-gateway": {"KEY": CANARY}}
    fleet.release(secrets=secrets)
    assert fleet.account.uploads["acme-eu-gateway"].secrets == {"KEY": CANARY}
    assert all(CANARY.encode() not in value for value in fleet.account.values.values())
    assert fleet.plan(secrets=secrets)["unchanged"] == 3
    changed = fleet.plan(secrets={"acme-eu-gateway": {"KEY": CANARY + "x"}})
    assert changed["counts"] == {"unchanged": 2, "update": 1}
    assert all(CANARY not in line for line in fleet.shown)


def test_other_secrets_than_planned_are_refused(fleet):
    plan = fleet.plan(secrets={"acme-eu-gateway": {"KEY": CANARY}})
    result = fleet.wave(plan, 0, secrets={})
    assert result["failed"]
    assert "KEY" in result["msg"]
    assert fleet.account.writes() == []


def test_a_bundle_that_changed_since_the_plan_is_refused_and_the_moves_stay_known(fleet):
    plan = fleet.plan(probes=[{"path": "/healthz"}])
    moves = fleet.wave(plan, 0)["moves"]
    (fleet.folder / "gateway.js").write_text(GOOD + "//")
    before = fleet.account.writes()
    result = fleet.wave(plan, 1, moves)
    assert "changed after the plan" in result["msg"]
    assert result["moves"] == moves
    assert fleet.account.writes() == before


def test_a_hostname_that_was_given_away_since_the_plan_is_not_taken_back(fleet):
    plan = fleet.plan()
    fleet.account.names["acme-us.example.com"] = "shop"
    before = fleet.account.writes()
    result = fleet.wave(plan, 0)
    assert "acme-us.example.com to the Worker 'shop'" in result["msg"]
    assert fleet.account.writes() == before
    assert fleet.account.names["acme-us.example.com"] == "shop"


REFUSALS = {
    "missing bundle": ({"gateway_bundle": "/nowhere/gateway.js"}, "/nowhere/gateway.js does not exist"),
    "a status file in no folder": (
        {"status_dest": "/nowhere/status.json"},
        "to /nowhere/status.json: No such",
    ),
    "a status file that is a folder": ({"status_dest": "/tmp"}, "to /tmp: it is a folder"),
    "steps": ({"canary_steps": [50, 10, 100]}, "canary_steps"),
    "empty secret": ({"secrets": {"acme-eu-gateway": {"KEY": ""}}}, "'KEY' of 'acme-eu-gateway'"),
    "secrets as a text": ({"secrets": f"{CANARY}="}, "secrets is a text and not a mapping"),
    "no number": ({"gate": {"alpha": float("nan")}}, "alpha is nan"),
    "a rate that is none": ({"gate": {"beta": 0.7}}, "beta is 0.7"),
    "more pairs than the cap": ({"gate": {"pairs": 30, "cap": 20}}, "cap is 20 and pairs 30"),
    "negative patience": ({"gate": {"patience": -1}}, "patience is -1.0"),
    "a day that is none": ({"compatibility_date": "2026-13-01"}, "compatibility_date is '2026-13-01'"),
    "a method that is none": ({"probes": [{"path": "/", "method": "GE T"}]}, "probes[0].method is 'GE T'"),
    "a path that is none": ({"probes": [{"path": "@host"}]}, "probes[0].path is '@host'"),
    "a path that is a host": ({"probes": [{"path": "//host/"}]}, "probes[0].path is '//host/'"),
    "a status that is none": ({"probes": [{"path": "/", "status": 20}]}, "probes[0].status is 20"),
    "headers that are none": (
        {"probes": [{"path": "/", "headers": {"x-a": f"{CANARY}\nb: c", "x-b": 7}}]},
        "probes[0].headers has x-a, x-b",
    ),
    "a service that is not there": (
        {"services": {"BILLING": "billing"}},
        "services binds BILLING to billing",
    ),
    "secrets of no Worker": ({"secrets": {"acme-eu-gateway": "x"}}, "'acme-eu-gateway' is no mapping"),
    "taken name": ({"variables": {"TENANT": "x"}}, "'TENANT'"),
    "no probe for a kind": (
        {"probes": [{"path": "/", "kinds": ["gateway"]}]},
        "edge_probes of the role) that names front",
    ),
    "no planes": ({"variables_": variables([])}, "'plane'"),
}


@pytest.mark.parametrize(("change", "words"), REFUSALS.values(), ids=REFUSALS)
def test_refused_before_the_first_write(fleet, change, words):
    more = {"variables": change["variables_"]} if "variables_" in change else change
    if "variables" in change:  # the option of that name, not the variables of the play
        args = {"gateway_bundle": str(fleet.folder / "gateway.js"), "compatibility_date": "2026-10-01"}
        result = fleet.run(rollout_plan, args | change)
    else:
        result = fleet.plan(**more)
    assert result["failed"]
    assert words in result["msg"]
    assert fleet.account.writes() == []


def test_all_that_is_wrong_is_told_at_once(fleet):
    wrong = {"gate": {"alpha": 1, "pairs": 0}, "compatibility_date": "soon", "probes": [{"path": "x"}]}
    told = fleet.plan(**wrong)["msg"]
    assert all(word in told for word in ("alpha is 1.0", "pairs 0", "path is 'x'", "'soon'"))


def test_a_refused_upload_names_worker_code_and_remedy(fleet):
    fleet.account.errors["put", "acme-eu-gateway"] = refusal("acme-eu-gateway")
    result = fleet.wave(fleet.plan(), 0)
    assert result["failed"]
    assert "acme-eu-gateway" in result["msg"]
    assert "10021" in result["msg"]
    assert result["error"]["remedy"] == "Fix it."


def upgraded(fleet: Fleet, **more: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A second release with the canary at 10 %."""
    fleet.release(release="v1")
    plan = fleet.plan(release="v2", **more)
    moves = fleet.wave(plan, 0)["moves"]
    for percentage in (0, 10):
        moves = fleet.step(plan, "canary eu", percentage, moves)["moves"]
    return plan, moves


def test_an_undo_puts_back_what_was_touched_and_only_that(fleet):
    plan, moves = upgraded(fleet)
    moves = fleet.wave(plan, 1, moves)["moves"]
    fleet.account.log.clear()
    undo = fleet.run(worker_rollback, {"rollout": plan["rollout"], "moves": moves})
    assert fleet.account.log == [("list", ""), ("deploy", "acme-eu-gateway")]
    active = fleet.account.history["acme-eu-gateway"][0]
    assert active.sole_version == moves[0]["running"]
    assert active.message == f"rollout {plan['rollout']} undo"
    assert undo["undone"] == {"acme-eu-gateway": moves[0]["running"]}
    fleet.record(plan, moves, failed_wave="us")
    again = fleet.plan(release="v2")
    assert again["counts"] == {"update": 3}
    assert again["api_calls"] == 4, "an undone plane is known to the register"


def test_an_undo_that_fails_somewhere_says_where_and_goes_on(fleet):
    plan, moves = upgraded(fleet)
    moves = fleet.step(plan, "us", 0, fleet.wave(plan, 1, moves)["moves"])["moves"]
    fleet.account.errors["deploy", "acme-eu-gateway"] = refusal("acme-eu-gateway", 10220)
    undo = fleet.run(worker_rollback, {"rollout": plan["rollout"], "moves": moves})
    assert undo["failed"]
    assert list(undo["undone"]) == ["acme-us-gateway"]
    assert undo["errors"]["acme-eu-gateway"]["codes"] == [10220]
    assert "NOT UNDONE  acme-eu-gateway" in undo["summary"]


def test_back_by_hand_says_first_what_stays(fleet):
    first = fleet.release()
    fleet.release(release="v2")
    fleet.shown.clear()
    result = fleet.run(worker_rollback, {"to": "previous"})
    assert result["undone"] == {move["script"]: move["candidate"] for move in first}
    assert fleet.shown[0].startswith("not restored: data in KV")
    again = fleet.run(worker_rollback, {"to": "previous"})
    assert again["failed"]
    assert "no earlier whole deployment" in again["msg"]


def test_a_killed_rollout_is_undone_everywhere_by_the_next_that_fails(fleet):
    first = {move["script"]: move["candidate"] for move in fleet.release(release="v1")}
    killed = fleet.plan(release="v2")
    moves: list[dict[str, Any]] = []
    for number, wave in enumerate(killed["waves"]):
        moves = fleet.wave(killed, number, moves)["moves"]
        for percentage in wave["steps"]:
            moves = fleet.step(killed, wave["name"], percentage, moves)["moves"]
    plan = fleet.plan(release="v3")
    moves = fleet.wave(plan, 0)["moves"]
    moves = fleet.step(plan, "canary eu", 0, moves)["moves"]
    undo = fleet.run(worker_rollback, {"rollout": plan["rollout"], "moves": moves})
    assert undo["undone"] == first
    recorded = fleet.record(plan, undo["moves"], failed_wave="canary eu", undone=list(undo["undone"]))
    assert not recorded.get("failed")
    again = fleet.plan(release="v1")
    assert (again["unchanged"], again["api_calls"]) == (3, 4)


def test_a_killed_rollout_goes_on_through_every_step(fleet):
    fleet.release(release="v1")
    killed = fleet.plan(release="v2")
    moves = fleet.wave(killed, 0)["moves"]
    fleet.step(killed, "canary eu", 10, fleet.step(killed, "canary eu", 0, moves)["moves"])
    fleet.account.log.clear()
    fleet.release(release="v3")
    assert [call for call in fleet.account.log if call == ("deploy", "acme-eu-gateway")] == 4 * [
        ("deploy", "acme-eu-gateway")
    ]
    assert fleet.plan(release="v3")["unchanged"] == 3


def test_two_limited_runs_lose_nothing_of_each_other(fleet):
    fleet.release(release="v1")
    limited = [variables([item], PLANES) for item in PLANES]
    plans = [fleet.plan(release="v2", variables=item) for item in limited]
    done = []
    for plan in plans:
        moves = fleet.wave(plan, 0)["moves"]
        for percentage in plan["waves"][0]["steps"]:
            moves = fleet.step(plan, plan["waves"][0]["name"], percentage, moves)["moves"]
        done.append(moves)
    keys, stale = fleet.account.kv.keys, fleet.account.kv.keys("id-adsengineer-orchestrator", "")
    fleet.account.kv.keys = lambda *_args: stale
    for plan, moves in zip(plans, done, strict=True):
        fleet.record(plan, moves)
    fleet.account.kv.keys = keys
    assert fleet.plan(release="v2")["counts"] == {"unchanged": 2, "update": 1}


def test_an_undo_reads_each_worker_where_the_list_fails(fleet):
    plan, moves = upgraded(fleet)
    fleet.account.by_version["vX"] = Version("vX", 99, "c")
    fleet.account.deployed("acme-eu-gateway", (("vX", 100.0),), 99, "hotfix")
    fleet.account.errors["list", ""] = unknown("list")
    undo = fleet.run(worker_rollback, {"rollout": plan["rollout"], "moves": moves})
    assert undo["undone"] == {}
    assert "hotfix" in undo["summary"]


def test_back_by_hand_after_a_killed_rollout_takes_only_that_back(fleet):
    fleet.release(release="v1")
    first = {move["script"]: move["candidate"] for move in fleet.release(release="v2")}
    killed = fleet.plan(release="v3")
    moves = fleet.wave(killed, 0)["moves"]
    fleet.step(killed, "canary eu", 10, fleet.step(killed, "canary eu", 0, moves)["moves"])
    result = fleet.run(worker_rollback, {"to": "previous"})
    assert result["undone"] == {"acme-eu-gateway": first["acme-eu-gateway"]}
    assert "acme-us-gateway: " in result["summary"]
    assert "not deployed by rollout " in result["summary"]


def test_what_was_gone_back_to_is_the_way_back_of_a_killed_rollout(fleet):
    fleet.release(release="v1")
    fleet.release(release="v2")
    undone = fleet.run(worker_rollback, {"to": "previous"})["undone"]
    assert fleet.run(rollout_record, {"topology": "t", "stands": undone})["changed"]
    killed = fleet.plan(release="v3")
    moves = fleet.wave(killed, 0)["moves"]
    for percentage in killed["waves"][0]["steps"]:
        moves = fleet.step(killed, "canary eu", percentage, moves)["moves"]
    (wave, *_others) = fleet.plan(release="v4")["waves"]
    assert wave["units"][0]["running"] == undone["acme-eu-gateway"]
    assert wave["units"][0]["interrupted"] is True


def test_back_by_hand_in_check_mode_only_reads(fleet):
    fleet.release()
    fleet.release(release="v2")
    fleet.account.log.clear()
    result = fleet.run(worker_rollback, {"to": "previous"}, check=True)
    assert result["changed"]
    assert fleet.account.writes() == []


def test_a_version_id_is_for_one_plane(fleet):
    fleet.release()
    result = fleet.run(worker_rollback, {"to": "v2"})
    assert "2 planes" in result["msg"]
    assert fleet.account.writes()[-1][0] != "deploy"


def test_a_worker_that_serves_the_version_already_is_left_alone(fleet):
    (move, *_more) = fleet.release()
    result = fleet.run(worker_rollback, {"workers": {move["script"]: move["candidate"]}})
    assert not result.get("failed")
    assert result["changed"] is False


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("", "no version id"),
        ("v2", "no version id"),
        ("../../x", "no version id"),
        ("1155951a-87de-4a67-8e4d-adf1df55ab92", "acme-eu-gateway has no version 1155951a"),
    ],
)
def test_a_version_that_is_not_there_is_refused_before_anything_is_read_or_written(fleet, version, words):
    fleet.release()
    fleet.account.log.clear()
    result = fleet.run(worker_rollback, {"workers": {"acme-eu-gateway": version}})
    assert result["failed"]
    assert "Nothing was written." in result["msg"]
    assert words in result["msg"]
    assert {name for name, _subject in fleet.account.log} <= {"version"}


def stranger(fleet: Fleet, script: str, version: str = "x") -> None:
    """Somebody deploys a version of their own, or the one that is named, as wrangler would."""
    fleet.account.by_version.setdefault(version, Version(version, 9, "c"))
    fleet.account.call("by wrangler", script)
    fleet.account.workers.deploy(script, ((version, 100.0),), "hotfix")
    fleet.account.log.clear()


def test_a_stranger_in_mid_rollout_stops_it_and_keeps_what_they_deployed(fleet):
    plan, moves = upgraded(fleet)
    stranger(fleet, "acme-eu-gateway", moves[0]["running"])
    result = fleet.step(plan, "canary eu", 50, moves)
    assert result["failed"]
    for word in ("acme-eu-gateway", "me@example.com", "hotfix", "Somebody else"):
        assert word in result["msg"]
    assert fleet.account.writes() == []
    assert result["moves"] == moves
    undo = fleet.run(worker_rollback, {"rollout": plan["rollout"], "moves": moves})
    assert not undo.get("failed")
    assert fleet.account.writes() == []
    assert "left        acme-eu-gateway, because it is not this rollout's any more" in undo["summary"]
    fleet.record(plan, moves, failed_wave="canary eu", undone=list(undo["undone"]))
    assert fleet.plan(release="v2")["counts"]["update"] == 3


def test_a_stranger_between_upload_and_0_is_drift_for_the_next_run(fleet):
    fleet.release(release="v1")
    plan = fleet.plan(release="v2")
    moves = fleet.wave(plan, 0)["moves"]
    stranger(fleet, "acme-eu-gateway")
    refused = fleet.step(plan, "canary eu", 0, moves)
    assert refused["failed"]
    fleet.record(plan, refused["moves"], failed_wave="canary eu", undone=[])
    again = fleet.plan(release="v3")
    assert again["failed"]
    assert "hotfix" in again["msg"]


def test_a_finished_wave_is_looked_at_again(fleet):
    plan, moves = upgraded(fleet)
    for percentage in (50, 100):
        moves = fleet.step(plan, "canary eu", percentage, moves)["moves"]
    moves = fleet.wave(plan, 1, moves)["moves"]
    stranger(fleet, "acme-eu-gateway")
    result = fleet.step(plan, "us", 0, moves)
    assert "acme-eu-gateway" in result["msg"]
    assert fleet.account.writes() == []


def test_what_changed_before_the_record_is_told_and_not_recorded(fleet):
    fleet.release(release="v1")
    plan = fleet.plan(release="v2")
    moves: list[dict[str, Any]] = []
    for number, wave in enumerate(plan["waves"]):
        moves = fleet.wave(plan, number, moves)["moves"]
        for percentage in wave["steps"]:
            moves = fleet.step(plan, wave["name"], percentage, moves)["moves"]
    stranger(fleet, "acme-us-gateway")
    result = fleet.record(plan, moves)
    assert result["failed"]
    assert "acme-us-gateway" in result["msg"]
    assert result["recorded"] == ["acme-eu-gateway", "acme-front"]


def test_an_undo_of_a_task_that_ended_without_a_result_puts_its_wave_back(fleet):
    plan, moves = upgraded(fleet)
    accepted = {move["script"]: move["running"] for move in moves}
    moves = fleet.wave(plan, 1, moves)["moves"]
    fleet.step(plan, "us", 0, moves)  # its result is lost
    args = {"rollout": plan["rollout"], "moves": moves, "interrupted": plan["waves"][1]}
    undo = fleet.run(worker_rollback, args)
    assert set(undo["undone"]) == {"acme-eu-gateway", "acme-us-gateway"}
    assert fleet.account.history["acme-us-gateway"][0].sole_version == undo["undone"]["acme-us-gateway"]
    assert undo["undone"]["acme-eu-gateway"] == accepted["acme-eu-gateway"]
    assert {move["script"] for move in undo["moves"]} >= {"acme-eu-gateway", "acme-us-gateway"}


def test_of_two_runs_at_once_one_goes_on_and_one_stops(fleet):
    first, moves = upgraded(fleet)
    second = fleet.plan(release="v3")
    assert "is still running" in second["summary"]
    theirs = fleet.step(second, "canary eu", 0, fleet.wave(second, 0)["moves"])
    assert not theirs.get("failed")
    lost = fleet.step(first, "canary eu", 50, moves)
    assert second["rollout"] in lost["msg"]
    undo = fleet.run(worker_rollback, {"rollout": first["rollout"], "moves": lost["moves"]})
    assert undo["undone"] == {}
    won = fleet.step(second, "canary eu", 10, theirs["moves"])
    assert not won.get("failed")


def test_a_worker_that_appears_after_the_plan_is_not_overwritten(fleet):
    plan = fleet.plan()
    fleet.account.deployed("acme-eu-gateway", (("x", 100.0),), 50, "mine")
    result = fleet.wave(plan, 0)
    assert "Somebody else has deployed" in result["msg"]
    assert fleet.account.writes() == []


def test_a_front_that_is_refused_is_refused_before_a_gateway_is_touched(fleet):
    fleet.release(release="v1")
    plan = fleet.plan(release="v2")
    fleet.account.errors["upload_version", "acme-front"] = refusal("acme-front")
    result = fleet.wave(plan, 0)
    assert "acme-front" in result["msg"]
    assert fleet.account.writes() == [("upload_version", "acme-front")]


def test_what_went_ahead_is_not_uploaded_again(fleet):
    fleet.release(release="v1")
    fleet.account.log.clear()
    fleet.release(release="v2")
    assert fleet.account.log.count(("upload_version", "acme-front")) == 1
    assert fleet.plan(release="v2")["counts"] == {"unchanged": 3}


def test_a_release_that_was_killed_unrecorded_is_verified_with_a_way_back(fleet):
    fleet.release(release="v1")
    accepted = fleet.account.history["acme-eu-gateway"][0].sole_version
    plan = fleet.plan(release="v2")
    moves = fleet.wave(plan, 0)["moves"]
    for percentage in plan["waves"][0]["steps"]:
        moves = fleet.step(plan, "canary eu", percentage, moves)["moves"]
    again = fleet.plan(release="v2")
    assert again["counts"] == {"verify": 1, "update": 2}
    (move, *_ahead) = fleet.wave(again, 0)["moves"]
    assert (move["share"], move["running"]) == (100, accepted)
    undo = fleet.run(worker_rollback, {"rollout": again["rollout"], "moves": [move]})
    assert undo["undone"] == {"acme-eu-gateway": accepted}


class Answers:
    """Stands for the planes: every answer of ``bad`` versions to a POST is a 500."""

    def __init__(self, *bad: str) -> None:
        self.bad = bad

    def ask(self, target: Any, probe: Any, version: str | None = None) -> Answer:
        served = version or target.candidate or target.running or "v0"
        if probe.method == "POST" and served in self.bad:
            return Answer(False, 500, served, "oh no")
        return Answer(True, probe.status, served)


PROBES = [{"path": "/healthz"}, {"method": "POST", "path": "/v1/events", "status": 202}]


def gate(fleet: Fleet, plan: dict[str, Any], moves: Any, percentage: int, **more: Any) -> dict[str, Any]:
    args = {"wave": "canary eu", "percentage": percentage, "rollout": plan["rollout"], "moves": moves}
    return fleet.run(worker_gate, args | {"probes": PROBES, "patience": 0.0} | more)


def test_a_good_candidate_passes_and_its_evidence_is_carried(fleet, monkeypatch):
    monkeypatch.setattr(Prober, "ask", Answers().ask)
    plan, moves = upgraded(fleet)
    first = gate(fleet, plan, moves, 0)
    assert (first["verdict"], first["api_calls"], first["changed"]) == ("fine", 0, False)
    assert first["failure"] is None
    assert any(line.startswith("canary eu  0 %  192 pairs") for line in fleet.shown)
    second = gate(fleet, plan, moves, 10, evidence=first["evidence"])
    assert second["pairs"]["zero"] - first["pairs"]["zero"] < 40


def test_a_bad_candidate_fails_with_everything_a_person_needs(fleet, monkeypatch):
    plan, moves = upgraded(fleet)
    bad = Answers(moves[0]["candidate"])
    monkeypatch.setattr(Prober, "ask", bad.ask)
    result = gate(fleet, plan, moves, 0)
    assert result["failed"]
    assert result["verdict"] == "worse"
    for words in ("POST /v1/events", "acme-eu.example.com", "status 202", "status 500: oh no"):
        assert words in result["msg"]
    assert result["failure"] == {
        "probe": "POST /v1/events",
        "worker": "acme-eu-gateway",
        "url": "https://acme-eu.example.com",
        "version": moves[0]["candidate"],
        "expected": "status 202",
        "came": "status 500: oh no",
    }


ONLY_FRONT = [{"path": "/healthz", "kinds": ["front"]}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"alpha": 0.0}, "alpha"),
        ({"cap": 5}, "cap"),
        ({"probes": []}, "probe"),
        ({"probes": ONLY_FRONT}, "kind gateway"),
    ],
)
def test_a_gate_that_could_not_decide_is_refused(fleet, change, words):
    plan, moves = upgraded(fleet)
    result = gate(fleet, plan, moves, 0, **change)
    assert result["failed"]
    assert words in result["msg"]


def test_status_writes_rows_once(fleet, monkeypatch, tmp_path):
    monkeypatch.setattr(Prober, "ask", Answers().ask)
    dest = tmp_path / "status.json"
    first = fleet.run(plane_status, {"dest": str(dest)})
    assert first["changed"] is True
    assert json.loads(dest.read_text()) == first["planes"]
    assert set(first["planes"][0]) == {"tenant", "region", "url", "version_id", "healthy"}
    assert fleet.run(plane_status, {"dest": str(dest)})["changed"] is False
    assert fleet.shown[-1] == "2 of 2 planes are healthy"
    assert "can't be written" in fleet.run(plane_status, {"dest": "/nowhere/at/all.json"})["msg"]
