# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module worker_info."""

from __future__ import annotations

import json

import pytest
from action_harness import OPTIONS, run
from ansible_collections.adsengineer.orchestrator.plugins.action.worker_info import ActionModule
from scripted_api import no, ok


@pytest.mark.parametrize("check", [True, False])
def test_the_list_costs_one_call(api, check):
    api.answers(ok([{"id": "a", "etag": "e", "tags": ["x"]}, {"id": "b"}]))
    result = run(ActionModule, api, OPTIONS, check_mode=check)
    assert (result["changed"], result["api_calls"]) == (False, 1)
    assert [(item["name"], item["etag"], list(item["tags"])) for item in result["workers"]] == [
        ("a", "e", ["x"]),
        ("b", "", []),
    ]
    assert "version_id" not in result["workers"][0]


@pytest.mark.parametrize(("deployable", "params"), [(False, {}), (True, {"deployable": "true"})])
def test_one_worker(api, deployable, params):
    shares = [{"version_id": "v1", "percentage": 90}, {"version_id": "v2", "percentage": 10}]
    versions = [{"id": "v2", "number": 2}, {"id": "v1", "number": 1}]
    bindings = [{"name": "K", "type": "secret_text", "text": "canary"}]
    api.answers(
        ok({"deployments": [{"id": "d", "versions": shares, "annotations": {"workers/message": "wave 1"}}]}),
        ok({"items": versions}),
        ok({**versions[1], "resources": {"bindings": bindings}}),
        ok(versions[0]),
        ok([{"id": "1", "hostname": "a.example.com", "service": "hello"}]),
    )
    result = run(ActionModule, api, OPTIONS | {"name": "hello", "deployable": deployable})
    (worker,) = result["workers"]
    assert worker["deployments"][0]["versions"] == shares
    assert worker["deployments"][0]["message"] == "wave 1"
    assert [item["id"] for item in worker["versions"]] == ["v2", "v1"]
    assert [item["id"] for item in worker["active"]] == ["v1", "v2"]
    assert list(worker["active"][0]["bindings"]) == [{"name": "K", "type": "secret_text"}]
    assert worker["hostnames"] == ["a.example.com"]
    assert dict(api.requests[1].url.params) == params
    assert "canary" not in json.dumps(result)


def test_a_worker_that_does_not_exist_is_an_empty_list(api):
    api.answers(no(404, 10007))
    assert run(ActionModule, api, OPTIONS | {"name": "nobody"})["workers"] == []


def test_a_refusal_is_a_failure(api):
    api.answers(no(403, 9109))
    assert run(ActionModule, api, OPTIONS)["failed"]
