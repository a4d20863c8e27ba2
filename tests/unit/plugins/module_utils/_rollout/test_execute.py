# SPDX-License-Identifier: GPL-3.0-or-later
"""Effects on an account in memory: calls exactly counted, sweeps that never stop half-way."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from typing import ClassVar

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.models import Script
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.decide import decide, suspects
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.execute import (
    Job,
    each,
    put_back,
    read_account,
    read_suspects,
    share,
    upload,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.fleet import units
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.moves import (
    Move,
    parse,
    update,
    wave_dict,
    wave_from,
    wave_moves,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.plan import Policy, waves
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.record import entries
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.register import (
    NAMESPACE,
    Entry,
    items,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.register import (
    parse as parse_register,
)
from rollout_world import Account, plane, refusal, release, stamp, unknown

R1, R2 = release(), release(label="v2")


def job(release_=R1, **more):
    return Job(release_, {"gateway": (), "front": ()}, {}, "r1", **more)


def planned(account: Account, release_=R1, planes=None, policy=None):
    wanted = units(planes or [plane()], release_)
    found, _home = read_account(account, "t")
    found = replace(found, readings=read_suspects(account, suspects(wanted, found)))
    return waves(decide(wanted, found), policy or Policy())


def put(account: Account, wave, job_):
    """Upload one wave; answers its moves and the errors."""
    begun = wave_moves(wave, job_.rollout, job_.release.label)
    errors = upload(account, wave, job_, begun)
    return tuple(begun.values()), errors


def recorded(account: Account, new: dict[str, Entry]) -> None:
    account.kv.put_bulk("reg", items("t", {}, new))


def bring_up(account: Account, release_=R1, planes=None, policy=None) -> list[Move]:
    """Upload all waves, move to 100 % and record."""
    moves: list[Move] = []
    for wave in planned(account, release_, planes, policy):
        done, errors = put(account, wave, job(release_))
        assert not errors
        for step in wave.steps:
            swept = share(account, [move for move in done if move.running], step, "")
            done = tuple(after for _before, after in swept.done)
        moves += done
    account.spaces.setdefault(NAMESPACE, "reg")
    recorded(account, entries(moves, account.scripts, {}))
    account.log.clear()
    return moves


def calls(account: Account) -> list[str]:
    return [name for name, _subject in account.log]


class Doors:
    """Counts how many are inside at once; each stays ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.inside, self.most = seconds, 0, 0
        self.lock = threading.Lock()

    def enter(self, item: int) -> int:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(self.seconds)
        with self.lock:
            self.inside -= 1
        return item


def test_a_sweep_takes_as_many_threads_as_slow_answers_need_and_no_more():
    slow, quick = Doors(0.6), Doors(0.002)
    assert [item for item, _value in each(range(40), slow.enter).done] == list(range(40))
    assert slow.most == 32
    assert len(each(range(200), quick.enter).done) == 200
    assert quick.most < 16


def test_a_new_plane_costs_four_calls_and_two_without_a_namespace():
    account = Account()
    (wave,) = planned(account)
    account.log.clear()
    (move,), errors = put(account, wave, job())
    assert not errors
    assert calls(account) == ["create", "put", "put_value", "put_domain"]
    assert move.candidate == account.history["acme-eu-gateway"][0].sole_version
    assert (move.share, move.way_back) == (100, None)
    assert json.loads(account.values["id-acme-eu-config", "config"]) == {"max_batch": 100}

    bare = Account()
    (wave,) = planned(bare, planes=[plane(kv_namespace=None)])
    bare.log.clear()
    put(bare, wave, job())
    assert calls(bare) == ["put", "put_domain"]


def test_an_unchanged_fleet_costs_calls_by_the_account():
    account = Account()
    planes = [plane("acme-eu"), plane("acme-us")]
    bring_up(account, planes=planes)
    assert planned(account, planes=planes) == ()
    assert sorted(calls(account)) == ["domains", "keys", "list", "namespaces"]


def test_an_updated_canary_costs_two_calls_and_one_a_step():
    account = Account()
    bring_up(account)
    (wave,) = planned(account, R2)
    account.log.clear()
    moves, _errors = put(account, wave, job(R2))
    for step in wave.steps:
        assert not share(account, moves, step, "").failed
    assert calls(account) == ["upload_version", "deploy", "deploy", "deploy", "deploy"]
    active = account.history["acme-eu-gateway"][0]
    assert active.versions == ((moves[0].candidate, 100.0),)


def test_later_planes_can_go_straight_to_100_with_one_call():
    account = Account()
    planes = [plane("acme-eu"), plane("acme-us")]
    bring_up(account, planes=planes)
    later = planned(account, R2, planes, Policy(later_direct=True))[1]
    account.log.clear()
    (move,), _errors = put(account, later, job(R2))
    assert calls(account) == ["put"]
    assert move.way_back == move.running != move.candidate


def test_a_changed_document_costs_one_call():
    account = Account()
    bring_up(account)
    (wave,) = planned(account, planes=[plane(settings={"max_batch": 7})])
    account.log.clear()
    (move,), _errors = put(account, wave, job())
    assert calls(account) == ["put_value"]
    assert move.document_written
    assert move.way_back is None


def test_candidates_share_traffic_with_the_running_version_until_100():
    account = Account()
    bring_up(account)
    (wave,) = planned(account, R2)
    (move,), _errors = put(account, wave, job(R2))
    share(account, [move], 10, "rollout r1 wave canary eu 10%")
    active = account.history[move.script][0]
    assert active.versions == ((move.candidate, 10.0), (move.running, 90.0))
    assert active.message == "rollout r1 wave canary eu 10%"


def test_what_a_killed_rollout_took_out_comes_back_with_its_secrets_by_force():
    account = Account()
    bring_up(account)
    (wave,) = planned(account, R2)
    moves, _errors = put(account, wave, job(R2))
    for step in wave.steps:
        moves = tuple(after for _before, after in share(account, moves, step, "rollout r1 wave x").done)
    assert set(account.forced) == {False}
    third = release(label="v3")
    (wave,) = planned(account, third)
    moves, _errors = put(account, wave, job(third))
    assert moves[0].running not in dict(moves[0].versions)
    account.forced.clear()
    for step in wave.steps:
        moves = tuple(after for _before, after in share(account, moves, step, "").done)
    assert account.forced == [True, False, False, False]


def test_an_upload_carries_fingerprint_release_and_secrets():
    account = Account()
    secrets = {"acme-eu-gateway": {"KEY": "s3cret"}}
    (wave,) = planned(account)
    put(account, wave, replace(job(), secrets=secrets))
    sent = account.uploads["acme-eu-gateway"]
    assert sent.tag == wave.decisions[0].unit.tag
    assert sent.message == "v1 rollout r1"
    assert sent.secrets == {"KEY": "s3cret"}
    assert {"name": "CONFIG", "type": "kv_namespace", "namespace_id": "id-acme-eu-config"} in sent.bindings
    assert "s3cret" not in repr(job())


def test_what_nobody_declares_is_inherited_from_the_version_that_serves():
    account = Account()
    bring_up(account)
    (wave,) = planned(account, R2)
    known = replace(wave, decisions=(replace(wave.decisions[0], carried=("LEGACY",)),))
    put(account, known, job(R2))
    sent = account.uploads["acme-eu-gateway"]
    running = wave.decisions[0].running
    assert {"name": "LEGACY", "type": "inherit", "version_id": running} in sent.bindings
    assert sent.keep_bindings == ()
    unknown_ = replace(wave, decisions=(replace(wave.decisions[0], carried=("*",)),))
    put(account, unknown_, job(R2))
    assert account.uploads["acme-eu-gateway"].keep_bindings == ("secret_text", "secret_key")


def test_a_refused_bundle_touches_one_plane_only():
    account = Account()
    planes = [plane("acme-eu"), plane("globex-eu")]
    (wave,) = planned(account, planes=planes)
    account.log.clear()
    account.errors["put", "acme-eu-gateway"] = refusal("acme-eu-gateway")
    moves, errors = put(account, wave, job())
    assert [script for script, _error in errors] == ["acme-eu-gateway"]
    assert calls(account) == ["create", "put"]
    assert [move.candidate for move in moves] == [None, None]
    assert account.scripts == {}


def test_a_later_failure_is_reported_with_what_was_done():
    account = Account()
    planes = [plane("a-eu"), plane("b-eu"), plane("c-eu")]
    bring_up(account, planes=planes)
    (wave,) = planned(account, R2, planes)
    account.errors["upload_version", "b-eu-gateway"] = refusal("b-eu-gateway")
    moves, errors = put(account, wave, job(R2))
    assert [script for script, _error in errors] == ["b-eu-gateway"]
    assert [bool(move.candidate) for move in moves] == [True, False, True]
    assert all(move.way_back is None for move in moves), "nothing was deployed, so nothing is to be undone"


NEW = plane(settings={"max_batch": 7})


@pytest.mark.parametrize(
    "place",
    [("put_value", "id-acme-eu-config"), ("put_domain", "acme-eu.example.com")],
    ids=["the document's own call", "the hostname after it"],
)
def test_a_document_that_may_have_been_written_is_written_again(place):
    account = Account()
    bring_up(account)
    account.names.clear()
    (wave,) = planned(account, planes=[NEW])
    account.errors[place] = unknown("acme-eu-gateway")
    (move,), errors = put(account, wave, job())
    assert errors
    assert move.document_written
    before = parse_register(account.kv.keys("reg"), "t")
    recorded(account, entries([move], account.scripts, before, wave.name, ()))
    account.errors.clear()
    for wanted in (NEW, plane()):
        ((decision,),) = [wave.decisions for wave in planned(account, planes=[wanted])]
        # What is in KV is known where its own call was answered.
        known = place[0] == "put_domain" and wanted is NEW
        assert decision.document is not known


def later_direct(account: Account):
    """The second, direct wave of an update."""
    planes = [plane("acme-eu"), plane("acme-us")]
    bring_up(account, planes=planes)
    return planned(account, R2, planes, Policy(later_direct=True))[1]


@pytest.mark.parametrize(
    ("place", "error", "undone"),
    [
        (("put", "acme-us-gateway"), unknown, True),
        (("deployments", "acme-us-gateway"), unknown, True),
        (("put", "acme-us-gateway"), refusal, False),
    ],
    ids=["no answer", "the read after it fails", "refused"],
)
def test_a_direct_upload_that_may_have_happened_has_a_way_back(place, error, undone):
    account = Account()
    wave = later_direct(account)
    real = account.workers.put
    account.workers.put = lambda *args: replace(real(*args), version_id=None)
    account.errors[place] = error("acme-us-gateway")
    (move,), errors = put(account, wave, job(R2))
    assert errors
    assert (move.candidate, move.way_back) == (None, move.running if undone else None)


def test_an_undo_costs_one_call_and_reaches_every_plane():
    account = Account()
    account.errors["deploy", "b"] = refusal("b", 10220)
    sweep = put_back(account, {"a": "v1", "b": "v2", "c": "v3"}, "rollout r1 undo")
    assert sorted(account.log) == [("deploy", "a"), ("deploy", "b"), ("deploy", "c")]
    assert [pair[0] for pair, _error in sweep.failed] == ["b"]
    assert account.history["c"][0].versions == (("v3", 100.0),)


def test_each_collects_every_error_in_order():
    def half(number: int) -> float:
        return 1 / (number % 2)

    sweep = each(range(6), half)
    assert [item for item, _value in sweep.done] == [1, 3, 5]
    assert [item for item, _error in sweep.failed] == [0, 2, 4]
    assert each([], half).done == ()


def test_waves_travel_as_plain_data():
    account = Account()
    for wave in planned(account, planes=[plane("acme-eu"), plane("acme-us")]):
        assert wave_from(json.loads(json.dumps(wave_dict(wave)))) == wave


@pytest.fixture
def move() -> Move:
    made = Move("a", "gateway", "t", "eu", "u", None, "canary eu", "r1", "update", "fp", "v2", "v1", "v2", 10)
    return replace(made, document="doc", seen=stamp(9))


def test_moves_of_an_earlier_rollout_are_left_out(move):
    values = [move.as_dict(), replace(move, script="b", rollout="r0").as_dict()]
    assert parse(values, "r1") == (move,)


def test_update_replaces_and_appends(move):
    later = replace(move, share=50)
    other = replace(move, script="b")
    assert update([move], {"a": later, "b": other}) == (later, other)


@pytest.mark.parametrize(
    ("change", "back"),
    [
        ({}, "v1"),
        ({"share": 0}, "v1"),
        ({"share": None}, None),
        ({"candidate": None}, "v1"),
        ({"action": "document", "candidate": None, "share": None}, None),
        ({"action": "create", "running": None}, None),
    ],
    ids=["deployed", "at 0", "uploaded", "id unknown", "document only", "new"],
)
def test_way_back(move, change, back):
    assert replace(move, **change).way_back == back


class TestEntries:
    """What the register says after a rollout."""

    STAMPS: ClassVar = {"a": Script("a", "t", "e9", (), "c", stamp(9))}
    BEFORE: ClassVar = {"a": Script("a", "t", "e1", (), "c", stamp(9))}

    def test_accepted(self, move):
        (entry,) = entries([move], self.STAMPS, {}).values()
        assert (entry.version_id, entry.fingerprint, entry.etag, entry.modified_on) == (
            "v2",
            "fp",
            "e9",
            stamp(9),
        )

    def test_undone_keeps_what_stood_before_with_a_new_stamp(self, move):
        old = entries([replace(move, candidate=None, share=None, fingerprint="old")], self.BEFORE, {})
        (entry,) = entries([move], self.STAMPS, old, "canary eu").values()
        assert (entry.version_id, entry.fingerprint, entry.etag) == ("v1", "old", "e9")

    def test_undone_without_an_old_entry_is_not_recorded(self, move):
        assert entries([move], self.STAMPS, {}, "canary eu") == {}

    def test_new_planes_of_earlier_waves_are_recorded_and_of_the_failed_one_not(self, move):
        new = replace(move, action="create", running=None, share=100)
        assert list(entries([new], self.STAMPS, {}, "us")) == ["a"]
        assert entries([new], self.STAMPS, {}, "canary eu") == {}

    def test_the_running_version_is_not_recorded_for_a_candidate_of_unknown_id(self, move):
        assert entries([replace(move, candidate=None)], self.STAMPS, {}) == {}

    @pytest.mark.parametrize(("undone", "stamp"), [(None, "e9"), (["a"], "e9"), ([], "e1")])
    def test_only_what_was_put_back_gets_a_new_stamp(self, move, undone, stamp):
        old = {"a": Entry("old", "doc", "v1", "e1", "m1", "v1")}
        (entry,) = entries([move], self.STAMPS, old, "canary eu", undone).values()
        assert (entry.version_id, entry.etag) == ("v1", stamp)

    @pytest.mark.parametrize("running", ["v1", "v0"], ids=["known", "other version"])
    def test_a_document_of_unknown_outcome_is_recorded_as_unknown(self, move, running):
        old = {"a": Entry("old", "doc", running, "e1", "m1", "v1")}
        unknown = replace(move, document="", document_written=True)
        (entry,) = entries([unknown], self.STAMPS, old, "canary eu").values()
        assert entry.document == ""

    def test_a_candidate_that_was_only_uploaded_leaves_the_entry_of_before(self, move):
        old = {"a": Entry("old", "doc", "v1", "e1", "m1", "v1")}
        ahead = replace(move, share=None, wave="fronts")
        (entry,) = entries([ahead], self.STAMPS, old, "canary eu", []).values()
        assert (entry.version_id, entry.fingerprint, entry.etag) == ("v1", "old", "e9")

    def test_what_somebody_else_has_changed_since_is_not_recorded(self, move):
        assert entries([move], self.STAMPS, {}, theirs=["a"]) == {}

    def test_nor_is_it_after_a_failure(self, move):
        """A refusal must not stamp the stranger's deployment on the entry of before."""
        old = {"a": Entry("old", "doc", "v1", "e1", "m1", "v1")}
        uploaded = replace(move, share=None)
        assert entries([uploaded], self.STAMPS, old, "canary eu", [], ["a"]) == {}

    def test_what_the_list_does_not_show_is_not_recorded(self, move):
        assert entries([move], {}, {}) == {}
