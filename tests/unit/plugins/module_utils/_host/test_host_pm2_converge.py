# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of what is asked of PM2, and what is put back when new processes are unfit."""

from __future__ import annotations

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2 import (
    MARK,
    Instance,
    Problem,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2_client import (
    environment,
    presentable,
    telling,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2_converge import Converger
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2_plan import Step


def app(mark, mode="cluster"):
    return {
        "name": "hello",
        "exec_mode": mode,
        "instances": 1,
        "wait_ready": False,
        "listen_timeout": 1000,
        "error_file": "/e",
        "out_file": "/o",
        "env": {MARK: mark},
    }


class Fake:
    """A PM2 whose processes of declarations that begin with ``bad`` never stay up."""

    def __init__(self, *names):
        self.runs = dict.fromkeys(names, ("online", "old"))
        self.asked = []
        self.deaf = 0
        self.mute, self.log, self.last = False, "boom", ""

    def list(self):
        return [
            Instance(0, name, 1, status, "cluster", 0, 0, declared=mark)
            for name, (status, mark) in self.runs.items()
        ]

    def start(self, apps):
        for one in apps:
            self.last = one["exec_mode"]
            self.asked.append(f"start {one['name']} {one['env'][MARK]}")
            self.runs[one["name"]] = (
                "errored" if one["env"][MARK].startswith("bad") else "online",
                one["env"][MARK],
            )

    def delete(self, name):
        self.asked.append(f"delete {name}")
        self.deaf -= 1
        if self.deaf < 0:
            del self.runs[name]

    def size(self, path):
        return 0

    def said(self, path, since):
        return "" if path == "/o" or (self.mute and self.last == "cluster") else self.log


CASES = {
    "start": ("start", "new", None, [], ["start hello new"], {"hello"}, ""),
    "start of a bad one": (
        "start",
        "bad",
        None,
        [],
        ["start hello bad", "delete hello"],
        set(),
        "taken away again",
    ),
    "replace": (
        "replace",
        "new",
        "old",
        ["hello"],
        ["start hello.next new", "delete hello", "start hello new", "delete hello.next"],
        {"hello"},
        "",
    ),
    "replace by a bad one": (
        "replace",
        "bad",
        "old",
        ["hello"],
        ["start hello.next bad", "delete hello.next"],
        {"hello"},
        "left running",
    ),
    "restart": ("restart", "new", "old", ["hello"], ["delete hello", "start hello new"], {"hello"}, ""),
    "restart of a bad one": (
        "restart",
        "bad",
        "old",
        ["hello"],
        ["delete hello", "start hello bad", "delete hello", "start hello old"],
        {"hello"},
        "the former one runs again",
    ),
    "restart of a bad one after another bad one": (
        "restart",
        "bad",
        "bad too",
        ["hello"],
        ["delete hello", "start hello bad", "delete hello", "start hello bad too"],
        {"hello"},
        "the former one was started again, and it is errored",
    ),
    "restart of a bad one that was bad": (
        "restart",
        "bad",
        "bad",
        ["hello"],
        ["delete hello", "start hello bad", "delete hello"],
        set(),
        "does not run now",
    ),
    "remove": ("remove", "new", "old", ["hello"], ["delete hello"], set(), ""),
}


@pytest.mark.parametrize(
    ("action", "mark", "former", "runs", "asked", "left", "said"), CASES.values(), ids=CASES
)
def test_steps(action, mark, former, runs, asked, left, said):
    fake = Fake(*runs)
    take = Converger(fake, settle=0, sleep=lambda seconds: None, clock=lambda: 0.0).take
    step = Step("hello", action, "", app(mark))
    if said:
        with pytest.raises(
            Problem, match=rf"process hello did not come up: it is errored; .*{said}; it said: boom\."
        ):
            take(step, former and app(former))
    else:
        take(step, former and app(former))
    assert (fake.asked, set(fake.runs)) == (asked, left)


MUTE = {
    "start": ("start", [], "boom", "alone it said: boom"),
    "replace": ("replace", ["hello"], "boom", "alone it said: boom"),
    "restart": ("restart", ["hello"], "boom", "alone it said: boom"),
    "only the port is taken": ("replace", ["hello"], "Error: listen EADDRINUSE :::80", "it wrote nothing"),
}


@pytest.mark.parametrize(("action", "runs", "log", "says"), MUTE.values(), ids=MUTE)
def test_what_says_nothing_in_cluster_mode_is_started_once_alone(action, runs, log, says):
    fake = Fake(*runs)
    fake.mute, fake.log = True, log
    take = Converger(fake, settle=0, sleep=lambda seconds: None, clock=lambda: 0.0).take
    with pytest.raises(Problem, match=says):
        take(Step("hello", action, "", app("bad")), app("old"))
    assert fake.asked[-2:] == ["start hello.next bad", "delete hello.next"]
    assert fake.last == "fork"
    assert "hello.next" not in fake.runs


def test_why_it_fails_is_told_even_if_it_can_t_be_started_alone():
    fake = Fake()
    fake.mute, begin = True, fake.start

    def start(apps):
        if apps[0]["exec_mode"] == "fork":
            raise Problem("pm2 start failed", "Read pm2.log")
        begin(apps)

    fake.start = start
    take = Converger(fake, settle=0, sleep=lambda seconds: None, clock=lambda: 0.0).take
    with pytest.raises(Problem, match=r"hello did not come up.*it wrote nothing"):
        take(Step("hello", "start", "", app("bad")), None)


def test_what_pm2_was_just_starting_again_is_deleted_when_it_comes_back():
    fake = Fake("hello")
    fake.runs["hello"] = ("waiting restart", "bad")
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 1:
            fake.runs["hello"] = ("launching", "bad")

    Converger(fake, settle=1.5, sleep=sleep).take(Step("hello", "remove", ""), None)
    assert (fake.asked, fake.runs, slept) == (["delete hello"] * 2, {}, [1.5, 1.5])


def test_what_ran_well_is_not_waited_for_when_it_goes():
    fake = Fake("hello")
    Converger(fake, sleep=lambda seconds: pytest.fail("slept")).take(Step("hello", "remove", ""), None)
    assert fake.runs == {}


def test_a_deletion_that_pm2_forgets_is_said_again():
    fake = Fake("hello")
    fake.deaf = 2
    Converger(fake, settle=0).take(Step("hello", "remove", ""), None)
    assert (fake.asked, fake.runs) == (["delete hello"] * 3, {})


def test_a_process_that_does_not_end_is_named():
    fake = Fake("hello")
    fake.deaf = 100
    with pytest.raises(Problem, match="process hello does not end"):
        Converger(fake, settle=0).take(Step("hello", "remove", ""), None)


def test_pm2_gets_nothing_of_the_environment(monkeypatch):
    monkeypatch.setenv("VAULT_PASSWORD", "x")
    assert set(environment("/home", "/bin/pm2")) == {
        "PATH",
        "HOME",
        "LANG",
        "PM2_HOME",
        "PM2_DISCRETE_MODE",
        "PM2_NO_INTERACTION",
    }


TEXTS = {
    "colours": ("\x1b[31m[PM2][ERROR]\x1b[39m no", "[PM2][ERROR] no"),
    "assignment": ("password=hunter2 port=80", "password=******** port=80"),
    "quoted": ('"api_key": "a b"', '"api_key": ********'),
    "long token": ("got aB3dEfGhIjKlMnOpQrStUvWxYz0123456789", "got ********"),
    "path": (
        "/usr/local/lib/adsengineer/reference/server.js",
        "/usr/local/lib/adsengineer/reference/server.js",
    ),
}


@pytest.mark.parametrize(("text", "shown"), TEXTS.values(), ids=TEXTS)
def test_presentable(text, shown):
    assert presentable(text) == shown


def test_the_telling_line_is_the_error():
    assert telling("a\nError: no port\n    at x (y.js:1)\n\nNode.js v18\n") == "Error: no port"
    assert telling("one\ntwo\nthree\n") == "two three"
