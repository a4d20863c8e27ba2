# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module worker: what it calls, what it tells, what it refuses."""

from __future__ import annotations

import json

import httpx
import pytest
from action_harness import OPTIONS, TOKEN, run
from ansible_collections.adsengineer.orchestrator.plugins.action.worker import ActionModule
from scripted_api import no, ok

CANARY = "canary-4d2e"
CODE = "export default {}"
HELLO = OPTIONS | {"name": "hello", "content": CODE, "compatibility_date": "2026-08-01"}
SHARE = {"id": "d", "versions": [{"version_id": "v1", "percentage": 100}]}
MISSING = (404, 10007)


def fingerprint(api, **options):
    """The tag that this declaration gets."""
    api.answers(no(*MISSING))
    return run(ActionModule, api, HELLO | options, check_mode=True)["diff"]["after"]["fingerprint"]


def running(tag, **more):
    """The answers about a Worker whose one version has a tag."""
    return [
        ok({"deployments": [SHARE]}),
        ok({"id": "v1", "number": 1, "annotations": {"workers/tag": tag}, **more}),
    ]


@pytest.mark.parametrize("check", [True, False])
def test_a_new_worker(api, check):
    api.answers(no(*MISSING), *([] if check else [ok({"id": "hello", "etag": "e", "deployment_id": "v-1"})]))
    result = run(ActionModule, api, HELLO | {"secrets": {"KEY": CANARY}}, check_mode=check)
    assert result["changed"]
    assert result["actions"] == ["create Worker hello"]
    assert result["api_calls"] == (1 if check else 2)
    assert result["worker"]["version_id"] == (None if check else "v-1")
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"]["bindings"] == {"KEY": {"type": "secret_text"}}
    assert CANARY not in json.dumps(result)
    if not check:
        assert CANARY.encode() in api.requests[-1].content
        assert result["worker"]["fingerprint"][:32].encode() in api.requests[-1].content


@pytest.mark.parametrize("check", [True, False])
def test_an_unchanged_worker_costs_two_calls(api, check):
    tag = fingerprint(api)
    api.answers(*running(tag))
    result = run(ActionModule, api, HELLO, check_mode=check)
    assert (result["changed"], result["api_calls"], result["actions"]) == (False, 2, [])
    assert result["diff"]["before"] == result["diff"]["after"]


@pytest.mark.parametrize("answers", ["another tag", "no tag", "split", "at nought"])
def test_what_is_not_as_declared_is_uploaded_again(api, answers):
    tag = fingerprint(api)
    shares = {
        "split": [("v1", 90), ("v2", 10)],
        "at nought": [("v1", 100), ("v2", 0)],
    }.get(answers, [("v1", 100)])
    deployment = {
        "id": "d",
        "versions": [{"version_id": name, "percentage": share} for name, share in shares],
    }
    noted = {"another tag": "fp:other", "no tag": ""}.get(answers, tag)
    version = ok({"id": "v1", "number": 1, "annotations": {"workers/tag": noted}})
    api.answers(ok({"deployments": [deployment]}), version, ok({"id": "hello"}))
    result = run(ActionModule, api, HELLO)
    assert result["actions"] == ["update Worker hello"]


def test_what_belongs_to_no_version_is_changed_without_an_upload(api):
    tag = fingerprint(api)
    mine = {"id": "1", "hostname": "old.example.com", "service": "hello"}
    others = {"id": "2", "hostname": "x.example.com", "service": "x"}
    deployments, version = running(tag)
    api.answers(
        deployments,
        ok([mine, others]),
        version,
        ok({"tags": ["a"]}),
        ok({"enabled": True, "previews_enabled": True}),
        ok({"tags": ["b"]}),
        ok({"enabled": False, "previews_enabled": False}),
        ok([{"id": "z", "name": "example.com"}]),
        ok({"id": "3", "hostname": "new.example.com", "service": "hello"}),
        ok(None),
    )
    more = {"tags": ["b"], "workers_dev": False, "hostnames": ["new.example.com"]}
    result = run(ActionModule, api, HELLO | more)
    assert result["actions"] == [
        "set the tags of hello",
        "turn the workers.dev address of hello off",
        "attach new.example.com",
        "detach old.example.com",
    ]
    assert [line.split()[0] for line in api.asked[-5:]] == ["PATCH", "POST", "GET", "PUT", "DELETE"]
    assert json.loads(api.requests[-2].content)["zone_name"] == "example.com"


def test_what_was_changed_before_a_failure_is_told(api):
    api.answers(no(*MISSING), ok([]), ok({"id": "hello"}), no(400, 100117, "taken"))
    result = run(ActionModule, api, HELLO | {"hostnames": ["a.example.com"], "zone": "example.com"})
    assert result["failed"]
    assert (result["changed"], result["actions"]) == (True, ["create Worker hello"])
    assert "custom domain 'a.example.com'" in result["msg"]


@pytest.mark.parametrize(
    ("options", "answers", "text"),
    [
        ({"content": None}, [], "src"),
        ({"compatibility_date": None}, [], "compatibility_date"),
        ({"src": "x", "content": "y"}, [], "mutually exclusive"),
        ({"content": None, "src": "/nonexistent/x.js"}, [], "/nonexistent/x.js is no file or folder"),
        ({"main_module": "a.exe"}, [], "a.exe is no module"),
        ({"vars": {"A": "1"}, "secrets": {"A": "x"}}, [], "'A' is declared twice"),
        ({"secrets": {"KEY": {"deep": CANARY}}}, [], "the secret 'KEY' is no text"),
        ({"secrets": CANARY}, [], "secrets"),
        ({"kv_namespaces": {"C": "none"}}, [ok([])], "no KV namespace none: make it first"),
        (
            {"hostnames": ["a.example.com"]},
            [no(*MISSING), ok([{"id": "1", "hostname": "a.example.com", "service": "other"}])],
            "a.example.com belongs to the Worker other: remove it there first",
        ),
    ],
)
def test_refusals_before_the_first_write(api, options, answers, text):
    api.answers(*answers)
    args = {key: value for key, value in (HELLO | options).items() if value is not None}
    result = run(ActionModule, api, args)
    assert result["failed"]
    assert not result.get("changed")
    assert text in result["msg"]
    assert CANARY not in json.dumps(result)
    assert all(request.method == "GET" for request in api.requests)


def test_a_namespace_that_an_earlier_task_would_make_is_a_warning_in_check_mode(api):
    api.answers(ok([]), no(*MISSING))
    result = run(ActionModule, api, HELLO | {"kv_namespaces": {"C": "soon"}}, check_mode=True)
    assert result["changed"]
    assert result["warnings"] == ["The KV namespace soon does not exist yet; an earlier task must make it."]


@pytest.mark.parametrize("keep", [True, False])
def test_kept_secrets(api, keep):
    api.answers(no(*MISSING), ok({"id": "hello"}))
    run(ActionModule, api, HELLO | {"keep_secrets": keep})
    assert (b"keep_bindings" in api.requests[-1].content) is keep


@pytest.mark.parametrize(
    ("check", "force", "asked"),
    [
        (True, False, ["GET", "GET"]),
        (False, False, ["GET", "GET", "DELETE", "DELETE"]),
        (False, True, ["GET", "GET", "DELETE", "DELETE"]),
    ],
)
def test_removal(api, check, force, asked):
    api.answers(ok([{"id": "hello"}]), ok([{"id": "1", "hostname": "a.example.com", "service": "hello"}]))
    api.answers(*([] if check else [ok(None), ok(None)]))
    options = OPTIONS | {"name": "hello", "state": "absent", "force": force}
    result = run(ActionModule, api, options, check_mode=check)
    assert result["changed"]
    assert result["actions"] == ["detach a.example.com", "delete Worker hello"]
    assert [request.method for request in api.requests] == asked
    assert (api.requests[-1].url.params.get("force") == "true") is force


def test_removing_what_is_gone(api):
    api.answers(ok([{"id": "other"}]))
    result = run(ActionModule, api, OPTIONS | {"name": "hello", "state": "absent"})
    assert (result["changed"], result["api_calls"]) == (False, 1)


@pytest.mark.parametrize(
    "fault",
    [
        lambda: no(400, 10021, f"boom {CANARY} {TOKEN}"),
        lambda: httpx.Response(500, text=f"{CANARY} {TOKEN}"),
        lambda: httpx.ReadTimeout(f"{CANARY} {TOKEN}"),
        lambda: httpx.Response(200, text=f"<html><title>{CANARY} {TOKEN}"),
    ],
    ids=["refused", "500", "timeout", "page"],
)
def test_no_failure_shows_a_secret(api, fault):
    api.answers(no(*MISSING), fault(), *(no(403, 9109, f"{CANARY} {TOKEN}") for _time in range(3)))
    result = run(ActionModule, api, HELLO | {"secrets": {"KEY": CANARY}}, leftovers=True)
    assert result["failed"]
    assert CANARY not in json.dumps(result)
    assert TOKEN not in json.dumps(result)
