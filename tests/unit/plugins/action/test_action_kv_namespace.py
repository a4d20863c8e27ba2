# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module kv_namespace."""

from __future__ import annotations

import hashlib
import json

import pytest
from action_harness import OPTIONS, run
from ansible_collections.adsengineer.orchestrator.plugins.action.kv_namespace import ActionModule
from scripted_api import no, ok

SPACE = {"id": "ns", "title": "mine"}
MINE = OPTIONS | {"title": "mine"}
HASH = hashlib.sha256(b"1").hexdigest()
WRITTEN = {"successful_key_count": 1, "unsuccessful_keys": []}


def key(name, digest=HASH):
    return {"name": name, "metadata": {"sha256": digest}}


@pytest.mark.parametrize("check", [True, False])
def test_a_new_namespace(api, check):
    api.answers(ok([]), *([] if check else [ok(SPACE), ok(WRITTEN)]))
    result = run(ActionModule, api, MINE | {"items": [{"key": "a", "value": "precious"}]}, check_mode=check)
    assert result["changed"]
    assert result["actions"] == ["create KV namespace mine", "write a"]
    assert result["namespace"] == {"id": None if check else "ns", "title": "mine"}
    assert result["api_calls"] == (1 if check else 3)
    assert "precious" not in json.dumps(result)


def test_a_namespace_without_items_costs_one_call(api):
    api.answers(ok([SPACE]))
    result = run(ActionModule, api, MINE)
    assert (result["changed"], result["api_calls"]) == (False, 1)


@pytest.mark.parametrize("check", [True, False])
def test_unchanged_keys_cost_only_the_lists(api, check):
    api.answers(ok([SPACE]), ok([key("a"), key("extra")]))
    result = run(ActionModule, api, MINE | {"items": [{"key": "a", "value": "1"}]}, check_mode=check)
    assert (result["changed"], result["api_calls"]) == (False, 2)


@pytest.mark.parametrize("check", [True, False])
def test_changed_and_purged_keys(api, check):
    api.answers(ok([SPACE]), ok([key("a", "old"), key("same"), key("extra")]))
    api.answers(*([] if check else [ok(WRITTEN), ok(WRITTEN)]))
    items = [{"key": "a", "value": "1"}, {"key": "same", "value": "1"}]
    result = run(ActionModule, api, MINE | {"items": items, "purge": True}, check_mode=check)
    assert (result["written"], result["removed"]) == (["a"], ["extra"])
    assert result["diff"]["before"]["keys"] == {"a": {"sha256": "old"}, "extra": {"sha256": HASH}}
    assert result["diff"]["after"]["keys"] == {"a": {"sha256": HASH}}
    if not check:
        assert [json.loads(item.content) for item in api.requests[2:]] == [
            [{"key": "a", "value": "1", "metadata": {"sha256": HASH}}],
            ["extra"],
        ]


@pytest.mark.parametrize(
    ("there", "check", "changed", "calls"),
    [(True, True, True, 1), (True, False, True, 2), (False, False, False, 1)],
)
def test_removal(api, there, check, changed, calls):
    api.answers(ok([SPACE] if there else []), *([ok(None)] if there and not check else []))
    result = run(ActionModule, api, MINE | {"state": "absent"}, check_mode=check)
    assert (result["changed"], result["api_calls"]) == (changed, calls)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"purge": True}, "set items too"),
        ({"items": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]}, "'a' twice"),
        ({"items": [{"value": "1"}]}, "key"),
        ({"state": "here"}, "state"),
    ],
)
def test_refusals_without_a_call(api, options, text):
    result = run(ActionModule, api, MINE | options)
    assert result["failed"]
    assert text in result["msg"]


def test_keys_that_can_not_be_written_are_named_and_the_creation_is_told(api):
    left = ok({"unsuccessful_keys": ["a"]})
    again = [ok({"unsuccessful_keys": ["a"]}) for _time in range(2)]
    api.answers(ok([]), ok(SPACE), left, *again)
    result = run(ActionModule, api, MINE | {"items": [{"key": "a", "value": "precious"}]})
    assert result["failed"]
    assert result["changed"]
    assert "left out 3 times: a" in result["msg"]
    assert "precious" not in json.dumps(result)


def test_a_refusal_of_the_api(api):
    api.answers(no(403, 9109))
    assert run(ActionModule, api, MINE)["error"]["kind"] == "PermissionDenied"
