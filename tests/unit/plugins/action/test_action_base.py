# SPDX-License-Identifier: GPL-3.0-or-later
"""What every action that calls the API has in common: options, environment, failures, no secrets."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from action_harness import OPTIONS, TOKEN, run
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils import _action, _controller, _fleet
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._action import CloudflareAction
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._controller import (
    Refusal,
    hidden,
    plain,
)
from scripted_api import no, ok

CANARY = "canary-0c11"


class Probe(CloudflareAction):
    """Answers what it was given, or does what ``does`` says."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "name": {"type": "str", "default": "x"},
        "count": {"type": "int", "default": 1},
        "secret": {"type": "dict", "no_log": True},
        "inner": {
            "type": "list",
            "elements": "dict",
            "options": {"password": {"type": "str", "no_log": True}, "level": {"type": "int"}},
        },
    }
    does: ClassVar[Any] = None

    def run_with(self, client, args, check, diff):
        if type(self).does:
            return type(self).does(self, client, args)
        return {"base": client.base_url, "account": client.account_id, "check": check, "diffed": diff}


@pytest.fixture
def work(monkeypatch):
    return lambda function: monkeypatch.setattr(Probe, "does", function)


def test_options_are_used(api):
    url = "https://api.example.com/client/v4"
    result = run(Probe, api, OPTIONS | {"base_url": url}, check_mode=True, diff=False)
    assert result == {
        "base": url,
        "account": OPTIONS["account_id"],
        "check": True,
        "diffed": False,
        "changed": False,
        "api_calls": 0,
    }


def test_the_environment_of_ansible_is_the_fallback(api, monkeypatch):
    for name, value in {
        "API_TOKEN": TOKEN,
        "ACCOUNT_ID": "e" * 32,
        "BASE_URL": "http://127.0.0.1:9/x",
    }.items():
        monkeypatch.setenv(f"CLOUDFLARE_{name}", value)
    result = run(Probe, api, {})
    assert (result["account"], result["base"]) == ("e" * 32, "http://127.0.0.1:9/x")


def test_the_environment_of_the_task_comes_before_it(api, monkeypatch):
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", "a" * 32)
    task = [{"CLOUDFLARE_API_TOKEN": TOKEN}, {"CLOUDFLARE_ACCOUNT_ID": "b" * 32}]
    assert run(Probe, api, {}, environment=task)["account"] == "b" * 32
    assert run(Probe, api, OPTIONS, environment=task)["account"] == OPTIONS["account_id"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "Set api_token and account_id, or the environment variable CLOUDFLARE_API_TOKEN and"),
        ({"account_id": "a"}, "Set api_token, or the environment variable CLOUDFLARE_API_TOKEN."),
        ({"account_id": "", "api_token": TOKEN}, "Set account_id"),
        (OPTIONS | {"api_token": f"{CANARY}\n"}, "api_token holds a blank"),
        (OPTIONS | {"api_token": f"{CANARY}\u00e9"}, "api_token holds a blank or a character"),
        (OPTIONS | {"account_id": CANARY}, "account_id has "),
        (OPTIONS | {"base_url": "http://api.cloudflare.com/client/v4"}, "use https"),
        (OPTIONS | {"base_url": "ftp://127.0.0.1"}, "use https"),
        (OPTIONS | {"base_url": "https://"}, "use https"),
        (OPTIONS | {"call_budget": 5000}, "call_budget is 5000: use 0"),
        (OPTIONS | {"call_budget": -1}, "call_budget is -1"),
        (OPTIONS | {"count": "many"}, "count"),
        (OPTIONS | {"nme": "typo"}, "nme"),
        (OPTIONS | {"secret": CANARY}, "secret"),
        (OPTIONS | {"inner": [{"password": {"deep": CANARY}, "level": CANARY}]}, "level"),
        (OPTIONS | {"secret": {"a": [CANARY]}, "name": CANARY, "count": CANARY}, "count"),
    ],
)
def test_wrong_options_are_refused_without_a_call_or_a_secret(api, options, text):
    result = run(Probe, api, options)
    assert result["failed"]
    assert text in result["msg"]
    assert CANARY not in json.dumps(result)
    assert "api_calls" not in result


def test_a_missing_library_is_one_clear_line(api, monkeypatch):
    monkeypatch.setattr(_action, "MISSING", "run 'python -m pip install httpx'")
    assert run(Probe, api, OPTIONS) == {"failed": True, "msg": "run 'python -m pip install httpx'"}


def test_an_error_of_the_api_becomes_a_result(api, work):
    api.answers(no(404, 10007, f"no such {TOKEN} {CANARY}"))
    work(lambda _self, client, _args: client.workers.deployments("hello"))
    result = run(Probe, api, OPTIONS | {"secret": {"K": CANARY}})
    assert result["failed"]
    assert result["api_calls"] == 1
    assert result["error"]["codes"] == [10007]
    assert result["error"]["remedy"] in result["msg"]
    assert TOKEN not in json.dumps(result)
    assert CANARY not in json.dumps(result)


def test_a_refusal_becomes_a_result_with_its_fields(api, work):
    def refuse(_self, _client, _args):
        raise Refusal(f"not like this {CANARY}", where=[CANARY, "there"])

    work(refuse)
    result = run(Probe, api, OPTIONS | {"secret": {"K": CANARY}})
    assert result["msg"] == "not like this ********"
    assert result["where"] == ["********", "there"]


def test_a_defect_is_told_with_its_place_and_without_secrets(api, work):
    def fail(_self, _client, args):
        raise KeyError(f"{args['secret']} {TOKEN}")

    work(fail)
    result = run(Probe, api, OPTIONS | {"secret": {"K": CANARY}})
    assert result["msg"].startswith(
        "This is a defect of the collection, please report it: KeyError in fail, line "
    )
    assert CANARY not in json.dumps(result)
    assert TOKEN not in json.dumps(result)


def test_what_was_done_before_a_failure_is_told(api, work):
    def half(self, client, _args):
        self.so_far |= {"changed": True, "actions": ["one"]}
        client.workers.list()

    api.answers(no(403, 9109))
    work(half)
    result = run(Probe, api, OPTIONS)
    assert (result["failed"], result["changed"], result["actions"]) == (True, True, ["one"])


def test_calls_are_counted(api, work):
    api.answers(ok([]), ok([]))
    work(lambda _self, client, _args: {"seen": [client.workers.list(), client.workers.list()]})
    assert run(Probe, api, OPTIONS)["api_calls"] == 2


def test_progress_shows_no_secret(api, work, monkeypatch):
    lines: list[str] = []
    monkeypatch.setattr(_controller.display, "display", lines.append)
    work(lambda self, _client, _args: self.say(f"wave 1 {TOKEN}") or {})
    run(Probe, api, OPTIONS)
    assert lines == ["wave 1 ********"]


@pytest.mark.parametrize(("limit", "paced"), [(0, False), (7, True)])
def test_the_call_budget(api, monkeypatch, tmp_path, limit, paced):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    seen: dict[str, Any] = {}
    monkeypatch.setattr(_action, "Client", lambda **options: seen.update(options))
    options = OPTIONS | {"base_url": "https://x/", "timeout": 1.0, "call_budget": limit}
    CloudflareAction._client(SimpleNamespace(_waiting=print), options)
    assert (seen["budget"] is not None) is paced


def test_hidden_values_are_found_in_every_depth():
    spec = Probe.spec
    args = {"name": "n", "secret": {"a": ["1", {"b": "2"}], "c": 3}, "inner": [{"password": "4", "level": 5}]}
    assert hidden(spec, args) == ["1", "2", "3", "4"]


class Tagged(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Tagged("a"), "a"),
        ({Tagged("k"): [Tagged("v"), 1, 1.5, True, None]}, {"k": ["v", 1, 1.5, True, None]}),
        ((1, 2), [1, 2]),
    ],
)
def test_values_lose_what_ansible_attached(value, expected):
    made = plain(value)
    assert made == expected
    assert type(made) is type(expected)
    assert "Tagged" not in repr([type(item) for item in made])


class Asking(_fleet.LocalAction):
    """Asks planes, and says and fails with what it was told to keep."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {"secrets": {"type": "dict", "no_log": True}}

    def operate(self, args, check):
        self.say(f"plane   said {CANARY}")
        raise RuntimeError(f"nobody foresaw {CANARY}")


def test_what_asks_planes_keeps_secrets_in_lines_and_in_defects(api, monkeypatch):
    lines: list[str] = []
    monkeypatch.setattr(_fleet.display, "display", lines.append)
    result = run(Asking, api, {"secrets": {"acme": CANARY}})
    assert lines == ["plane   said ********"]
    assert result["failed"]
    assert "nobody foresaw ********" in result["msg"]
    assert CANARY not in str(result)
