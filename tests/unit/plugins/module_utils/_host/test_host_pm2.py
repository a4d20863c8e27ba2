# SPDX-License-Identifier: GPL-3.0-or-later
"""What PM2 printed, what is declared, and the steps from one to the other."""

from __future__ import annotations

import json
import math

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import (
    pm2,
    pm2_client,
    pm2_declared,
    pm2_plan,
)

HELLO = {"name": "hello", "script": "/srv/hello.js", "exec_mode": "cluster", "instances": 2}


def listed(name="hello", declared="d1", status="online", mode="cluster_mode", **more):
    env = {
        "status": status,
        "exec_mode": mode,
        "restart_time": 0,
        "pm_uptime": 1000,
        "env": {pm2.MARK: declared},
    }
    return {"name": name, "pid": 7, "pm_id": 0, "monit": {"memory": 5, "cpu": 1}, "pm2_env": env} | more


def running(name="hello", declared="d1", status="online", mode="cluster", restarts=0):
    return pm2.Instance(0, name, 7, status, mode, restarts, 1000, declared=declared)


def declared(name="hello", mark="d1", mode="cluster", instances=1, **more):
    return {"name": name, "exec_mode": mode, "instances": instances, "env": {pm2.MARK: mark}} | more


NOISE = {
    "nothing": "",
    "a warning": "[PM2][WARN] Current process list is not synchronized with saved list\n",
    "colours": "\x1b[32m[PM2] \x1b[39mPM2 Successfully daemonized\n",
    "the banner": "     -------------\n\n__/\\\\[]\\\\__  [x]\n\n>>>> In-memory PM2 is out-of-date\n",
    "another list": '["a", "b"]\n',
}


@pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
def test_noise_before_the_list(noise):
    found = pm2.parse_jlist(noise + json.dumps([listed()]) + "\n[PM2] bye\n")
    assert [(one.name, one.status, one.mode, one.declared) for one in found] == [
        ("hello", "online", "cluster", "d1")
    ]


def test_an_empty_list_is_a_list():
    assert pm2.parse_jlist("[PM2] hi\n[]") == []


@pytest.mark.parametrize("text", ["", "[PM2][ERROR] no", '[{"name": "x"}]', '[{"pm2_env": {}'])
def test_no_list_is_a_problem(text):
    with pytest.raises(pm2.Problem, match="printed no list"):
        pm2.parse_jlist(text)


def test_an_instance_that_pm2_parked_has_no_number():
    assert pm2.parse_jlist(json.dumps([listed(pm_id="_old_0")]))[0].id == -1


REFUSED = {
    "name": ({"name": "a b"}, "can't be the name"),
    "name of a proof": ({"name": "a.next"}, "can't be the name"),
    "all": ({"name": "all"}, "can't be the name"),
    "no script": ({"script": None}, "has no script"),
    "relative script": ({"script": "hello.js"}, "no absolute path"),
    "blank in script": ({"script": "/srv/my app.js"}, "no absolute path without blanks"),
    "instances": ({"instances": 0}, "instances is 0"),
    "memory": ({"max_memory_restart": "much"}, "'much' is no size"),
    "interpreter": ({"interpreter": "python3", "exec_mode": "fork"}, "'python3' is no absolute path"),
    "cluster of python": ({"interpreter": "/usr/bin/python3"}, "runs Node only"),
    "own variable": ({"env": {pm2.MARK: "x"}}, "is PM2's own"),
    "secret": ({"env": {"DB_PASSWORD": "x"}}, "DB_PASSWORD looks like a secret"),
    "secret in a URL": ({"env": {"DATABASE": "postgres://me:x@db/x"}}, "DATABASE looks like a secret"),
    "argument": ({"args": ["--api-token=x"]}, "--api-token looks like a secret"),
    "separate argument": ({"args": ["--password", "x"]}, "--password looks like a secret"),
    "argument with a URL": ({"args": ["redis://:x@db"]}, "an argument looks like a secret"),
}


@pytest.mark.parametrize(("change", "said"), REFUSED.values(), ids=REFUSED)
def test_refused(change, said):
    with pytest.raises(pm2.Problem, match=said):
        pm2_declared.check(HELLO | change)


@pytest.mark.parametrize(
    "name", ["TOKEN_FILE", "KEY_PATH", "CLIENT_ID", "MONKEY", "PORT", "BYPASS", "TOKEN_URL"]
)
def test_what_is_no_secret(name):
    pm2_declared.check(HELLO | {"env": {name: "x"}})


def test_allowed_by_name():
    pm2_declared.check(HELLO | {"env": {"TOKENS_PER_SECOND": "3"}}, ["TOKENS_PER_SECOND"])


def test_what_no_output_repeats():
    process = {
        "env": {"API_KEY": "k1", "PORT": "80", "DB": "pg://u:pw@h"},
        "args": ["--token", "t1", "--secret=s1", "-v"],
    }
    assert pm2_declared.secret_values(process) == {"k1", "pg://u:pw@h", "t1", "s1"}


def entry(content="c1", **change):
    return pm2_declared.entry(HELLO | change, "/home", lambda path: content)


CHANGES = {
    "variables": {"env": {"A": "1"}},
    "arguments": {"args": ["x"]},
    "instances": {"instances": 3},
    "contents": {"content": "c2"},
    "files": {"files": ["/etc/hello.yml"]},
    "memory": {"max_memory_restart": "1G"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_another_declaration(change):
    assert entry()["env"][pm2.MARK] == entry()["env"][pm2.MARK] != entry(**change)["env"][pm2.MARK]


PLANS = {
    "nothing runs": ([declared()], [], [], ["start hello"]),
    "runs as declared": ([declared()], [], [running()], []),
    "is about to": ([declared()], [], [running(status="launching")], []),
    "another declaration": ([declared(mark="d2")], [], [running()], ["replace hello"]),
    "one missing": ([declared(instances=2)], [], [running()], ["replace hello"]),
    "stopped": ([declared()], [], [running(status="stopped")], ["restart hello"]),
    "one of two failed": (
        [declared(instances=2)],
        [],
        [running(), running(status="errored")],
        ["replace hello"],
    ),
    "in fork mode": ([declared(mark="d2", mode="fork")], [], [running(mode="fork")], ["restart hello"]),
    "to another mode": ([declared(mark="d2")], [], [running(mode="fork")], ["restart hello"]),
    "not declared": ([], ["hello"], [running()], ["remove hello"]),
    "not declared, nor running": ([], ["hello"], [], []),
    "a stranger": ([], [], [running()], []),
    "killed before the old one went": (
        [declared(mark="d2")],
        [],
        [running(), running("hello.next", "d2")],
        ["remove hello.next", "replace hello"],
    ),
    "killed when only the proof ran": (
        [declared(mark="d2")],
        [],
        [running("hello.next", "d2")],
        ["start hello", "remove hello.next"],
    ),
    "killed at the end": ([declared()], [], [running(), running("hello.next")], ["remove hello.next"]),
}


@pytest.mark.parametrize(("want", "unwanted", "runs", "steps"), PLANS.values(), ids=PLANS)
def test_plan(want, unwanted, runs, steps):
    assert [f"{step.action} {step.name}" for step in pm2_plan.plan(want, unwanted, runs)] == steps


def test_reload_replaces_what_is_as_declared():
    assert [step.action for step in pm2_plan.plan([declared()], [], [running()], reload=True)] == ["replace"]


UNFIT = {
    "well": ([running()], 0.1, ""),
    "too few": ([], 0.1, "0 of 1 instances came up"),
    "another one": ([running(declared="d0")], 0.1, "another one runs under its name"),
    "ended": ([running(status="waiting restart")], 0.1, "it is waiting restart"),
    "ended and came back": ([running(restarts=2)], 0.1, "it ended and was started again 2 times"),
    "silent": ([running()], 2.0, "it did not send 'ready' within 2000 ms"),
}


@pytest.mark.parametrize(("found", "seconds", "said"), UNFIT.values(), ids=UNFIT)
def test_unfit(found, seconds, said):
    assert pm2_plan.unfit(declared(wait_ready=True, listen_timeout=2000), found, seconds) == said


def test_the_declared_file_has_one_form():
    text = pm2_declared.write_declared([{"name": "b"}, {"name": "a"}])
    assert list(pm2_declared.read_declared(text, "f")) == ["a", "b"]
    assert pm2_declared.write_declared(pm2_declared.read_declared(text, "f").values()) == text


@pytest.mark.parametrize("text", ["{", "[]", '{"apps": [1]}'])
def test_a_broken_declared_file_is_named(text):
    with pytest.raises(pm2.Problem, match=r"/etc/pm2\.json is no list"):
        pm2_declared.read_declared(text, "/etc/pm2.json")


def test_the_summary_tells_no_environment():
    found = pm2_plan.summary(
        [running(), running("stranger")], {"hello": declared(), "gone": declared("gone")}
    )
    assert [(one["name"], one["declared"], one["current"], one["status"]) for one in found] == [
        ("gone", True, False, "absent"),
        ("hello", True, True, "online"),
        ("stranger", False, False, "online"),
    ]
    assert "env" not in json.dumps(found)


def finishing(*milliseconds, instances=1):
    return [
        declared(f"p{number}", kill_timeout=one, instances=instances)
        for number, one in enumerate(milliseconds)
    ]


IN_TIME = {
    "nothing": ([], 1),
    "one": (finishing(15000), 20),
    "ten at once": (finishing(*[15000] * 10), 20),
    "in two waves": (finishing(15000, instances=11), 35),
    "never ended": (finishing(10**9), math.inf),
    "as PM2 has it": ([{"name": "old"}], 7),
}


@pytest.mark.parametrize(("apps", "given"), IN_TIME.values(), ids=IN_TIME)
def test_processes_that_finish_in_time(apps, given):
    pm2_declared.check_stop(apps, given)


TOO_LATE = {
    "one": (
        finishing(1000, 30000),
        34,
        r"process p1 may take 30 s to finish \(kill_timeout\), and systemd ends PM2 with all its processes "
        r"34 s after it told it to stop\. Set pm2_stop_timeout of the role pm2 to 35 or more",
    ),
    "in two waves": (finishing(15000, instances=11), 34, r"all 11 instances up to 30 s.*to 35 or more"),
    "as PM2 has it": ([{"name": "old"}], 6, r"process old may take 1\.6 s .*to 7 or more"),
}


@pytest.mark.parametrize(("apps", "given", "says"), TOO_LATE.values(), ids=TOO_LATE)
def test_processes_that_would_be_ended_early(apps, given, says):
    with pytest.raises(pm2.Problem, match=says):
        pm2_declared.check_stop(apps, given)


def test_a_systemd_that_does_not_answer(tmp_path, monkeypatch):
    (tmp_path / "systemctl").write_text("#!/bin/sh\nexec sleep 5\n")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(pm2.Problem, match=r"systemd did not tell about pm2-x in 0\.1 s\. See what it waits"):
        pm2_client.Pm2("/home", "/pm2", 0.1, "pm2-x").stop_timeout()


SPANS = {
    "1min": 60,
    "1min 30s": 90,
    "45s": 45,
    "500ms": 0.5,
    "1h 2min": 3720,
    "infinity": math.inf,
    "": math.inf,
}


@pytest.mark.parametrize(("text", "is_"), SPANS.items(), ids=SPANS)
def test_spans_of_systemd(text, is_):
    assert pm2_declared.seconds(text) == is_
