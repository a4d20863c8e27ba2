# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration flows both ways: the playbook, the API, and gateways that answer by what they read."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

import pytest

pytestmark = pytest.mark.edge


def test_both_directions_and_nothing_when_nothing_changed(synced: Any) -> None:
    synced.serves(1)
    assert (synced.batch(5), synced.batch(6)) == (202, 413)

    again = synced.sync()
    assert (again.code, again.changed) == (0, False), again.output
    lists = [call for call in again.calls if call.endswith("/keys")]
    assert len(lists) == 2
    assert len(again.calls) == 3, "one call for the namespaces, one list for each plane"

    synced.declare({"max_batch": 7, "log_level": "warn"}, {"flags": {"beta": True}})
    synced.propose("quiet", 1, log_level="error")
    both = synced.sync(config_why="spring")
    assert both.code == 0, both.output
    assert "gateway.max_batch: 5 -> 7" in both.output
    assert 'gateway.log_level: "warn" -> "error"' in both.output
    assert "edit/quiet by ed (because): taken" in both.output
    synced.serves(2)
    assert (synced.batch(7), synced.batch(8)) == (202, 413)
    assert "edit/quiet" not in synced.names()
    newest = synced.history()[-1]
    assert (newest["revision"], newest["why"]) == (2, "spring")
    assert newest["edits"] == [{"name": "edit/quiet", "by": "ed", "why": "because", "outcome": "taken"}]
    assert newest["by"]
    assert newest["at"]
    assert not synced.sync().changed, "what the edge said is kept, not overwritten"
    shown = synced.play("config", "--tags", "show", "--limit", "localhost,acme-eu").output
    assert re.search(r'log_level +"error" +revision 2 by \S+@', shown), shown
    assert re.search(r"flags.beta +true +tenants.acme.documents", shown), shown


def test_a_conflict_is_shown_and_settled_by_a_person(synced: Any) -> None:
    synced.propose("bigger", 1, max_batch=9)
    synced.declare({"max_batch": 8, "log_level": "warn"}, {"flags": {"beta": True}})
    stopped = synced.sync()
    assert stopped.code != 0
    assert "CONFLICT  gateway.max_batch was 5, became 8 here and 9 at edit/bigger" in stopped.output
    assert synced.head()["revision"] == 1
    assert synced.head("acme-us")["revision"] == 2, "another plane does not wait"
    settled = synced.sync(config_resolve={"gateway.max_batch": "edge"})
    assert settled.code == 0, settled.output
    synced.serves(2)
    assert (synced.batch(9), synced.batch(10)) == (202, 413)


def test_the_edge_can_not_widen_who_may_call_without_a_person(synced: Any) -> None:
    origins = ["https://www.example.com"]
    synced.propose("cors", 1, cors_origins=origins)
    waits = synced.sync()
    assert waits.code == 0, waits.output
    assert "edit/cors by ed (because): waits for approval of gateway.cors_origins" in waits.output
    assert synced.head()["revision"] == 1
    assert synced.sync(config_approve=["gateway.cors_origins"]).code == 0
    synced.serves(2)
    answer = synced.edge.get(f"acme-eu.{synced.edge.zone}", "/v1/events", headers={"origin": origins[0]})
    assert answer.headers["access-control-allow-origin"] == origins[0]


def test_what_the_edge_proposes_is_checked_and_never_rendered(synced: Any) -> None:
    canary = synced.folder / "canary"
    text = "{{ lookup('ansible.builtin.pipe', 'touch " + str(canary) + "') }}"
    synced.propose("label", 1, labels={"team": text})
    synced.propose("wild", 1, max_batch=100000)
    synced.put("edit/nonsense", b"\xff{{")
    run = synced.sync()
    assert run.code == 0, run.output
    assert "edit/wild by ed (because): refused: gateway.max_batch: 100000 is more than 1000" in run.output
    assert "edit/nonsense: refused: it is not UTF-8" in run.output
    assert synced.state()["documents"]["gateway"]["labels"] == {"team": text}
    assert (again := synced.sync()).code == 0, again.output
    assert not canary.exists()
    assert "Traceback" not in run.output


def test_restore_sticks(synced: Any) -> None:
    synced.declare({"max_batch": 6}, {"flags": {"beta": False}})
    assert synced.sync().code == 0
    back = synced.sync(config_revision=1, config_why="too small")
    assert back.code == 0, back.output
    assert (
        synced.head()["documents"] == synced.head()["former"]["documents"] or synced.head()["revision"] == 3
    )
    synced.serves(3)
    assert (synced.batch(5), synced.batch(6)) == (202, 413)
    assert synced.state()["documents"]["flags"] == {"beta": True}
    assert not synced.sync().changed
    assert synced.history()[-1]["why"] == "too small"


def test_a_bad_document_is_refused_before_any_call(synced: Any) -> None:
    synced.declare({"max_batch": 6}, {"flags": {"beta": "yes"}})
    run = synced.sync()
    assert run.code != 0
    assert "tenants.acme.documents.flags.beta: 'yes' is text" in run.output
    assert [call for call in run.calls if "storage" in call] == []


def test_check_mode_writes_nothing(synced: Any) -> None:
    synced.declare({"max_batch": 6}, {"flags": {"beta": True}})
    before = synced.state()
    run = synced.play("sync", "--check", "--diff")
    assert (run.code, run.changed) == (0, True), run.output
    assert "-gateway.max_batch: 5" in run.output
    assert synced.state() == before
    assert [call for call in run.calls if call.startswith("PUT")] == []


def test_states_bring_a_wiped_namespace_back(synced: Any) -> None:
    synced.propose("quiet", 1, log_level="error")
    assert synced.sync().code == 0
    head, keys = synced.head(), set(synced.names())
    kept = {path.name: path.read_text() for path in synced.states.glob("*.json*")}
    synced.wipe()
    assert synced.names() == []
    assert synced.sync().code == 0
    assert synced.head() == head
    assert {key for key in keys if key != "config"} - set(synced.names()) <= {
        f"v/{name}" for name in json.loads(kept["acme-eu.json"])["unused"]
    }
    assert {path.name: path.read_text() for path in synced.states.glob("*.json*")} == kept


def test_a_release_and_its_documents_move_and_go_back_together(synced: Any) -> None:
    synced.declare({"max_batch": 8, "log_level": "warn"}, {"flags": {"beta": True}})
    bad = synced.play("release_bad", edge_configuration="declared")
    assert bad.code != 0
    assert "Release bad was not rolled out" in bad.output
    assert "gateway.max_batch: 5 -> 8" in bad.output
    assert [row["why"] for row in synced.history()][1:] == ["release bad", "release bad was undone"]
    synced.serves(3)
    assert (synced.batch(5), synced.batch(6)) == (202, 413)
    good = synced.play(
        "deploy",
        edge_release="good",
        edge_configuration="2",
        edge_verify=False,
    )
    assert good.code == 0, good.output
    synced.serves(4)
    assert (synced.batch(8), synced.batch(9)) == (202, 413)


def test_exported_wiped_and_imported_everything_is_equal(synced: Any) -> None:
    """The states are the export: plain files, which git keeps."""
    synced.propose("quiet", 1, log_level="error")
    assert synced.sync().code == 0
    heads = {plane: synced.head(plane) for plane in ("acme-eu", "acme-us")}
    exported = synced.folder / "exported"
    shutil.copytree(synced.states, exported)
    shutil.rmtree(synced.states)
    for plane in heads:
        synced.wipe(plane)
    shutil.copytree(exported, synced.states)
    assert (run := synced.sync()).code == 0, run.output
    assert {plane: synced.head(plane) for plane in heads} == heads
    for path in exported.glob("*.json*"):
        assert (synced.states / path.name).read_text() == path.read_text()
    shutil.rmtree(exported)


def test_without_states_what_the_edge_has_is_not_overwritten(synced: Any) -> None:
    synced.propose("quiet", 1, log_level="error")
    assert synced.sync().code == 0
    head = synced.head()
    shutil.rmtree(synced.states)
    stopped = synced.sync()
    assert stopped.code != 0
    assert (
        'CONFLICT  gateway.log_level was not known, became "warn" here and "error" at the edge'
        in stopped.output
    )
    assert synced.head() == head
    adopted = synced.sync(config_resolve={"gateway.log_level": "edge"})
    assert (adopted.code, synced.head()) == (0, head), adopted.output
    assert synced.state()["documents"]["gateway"]["log_level"] == "error"


def test_a_state_that_was_edited_by_hand_is_refused(synced: Any) -> None:
    file = synced.states / "acme-eu.json"
    file.write_text(file.read_text().replace('"beta": true', '"beta": false'))
    synced.declare({"max_batch": 6}, {"flags": {"beta": True}})
    run = synced.sync()
    assert run.code != 0
    assert "the state of acme-eu was edited by hand: bring it back from git" in run.output
    assert synced.head()["revision"] == 1
