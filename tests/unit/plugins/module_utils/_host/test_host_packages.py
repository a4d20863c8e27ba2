# SPDX-License-Identifier: GPL-3.0-or-later
"""What is decided about packages: what is missing, when lists are read anew, what is told when it fails."""

from __future__ import annotations

import os

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import packages


@pytest.mark.parametrize(
    ("state", "is_missing", "is_there"),
    [
        ("ii", False, True),
        ("hi", False, True),
        ("iiR", True, True),
        ("iU", True, True),
        ("iHR", True, True),
        ("iF", True, True),
        ("rc", True, False),
        ("un", True, False),
        (None, True, False),
    ],
)
def test_what_a_state_means(state, is_missing, is_there):
    found = {"a": state} if state else {}
    assert packages.missing(["a"], found) == (["a"] if is_missing else [])
    assert packages.there(["a"], found) == (["a"] if is_there else [])


def test_states_of_dpkg_query():
    assert packages.states("bash ii \nnpm iHR\ndpkg-query: no packages found matching x\n") == {
        "bash": "ii",
        "npm": "iHR",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "the disk is full"),
        (
            "dpkg: error processing archive x (--unpack):\n cannot copy: No space left on device",
            "the disk is full",
        ),
        (
            "W: Failed to fetch http://mirror.example/x  Temporary failure resolving 'mirror.example'\n"
            "E: Unable to locate package npm",
            "a package server can't be reached",
        ),
        (
            "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7",
            "another program installs",
        ),
        ("E: Unable to locate package nmp", "a package doesn't exist here"),
        (
            "E: Unable to correct problems, you have held broken packages.\n"
            "   2. docker-cli:amd64 Conflicts docker-ce-cli",
            "packages exclude each other (2. docker-cli:amd64 Conflicts docker-ce-cli). Remove those",
        ),
        (
            "The following packages have unmet dependencies:\n a : Depends: b but it is not installable\n"
            "E: Unable to correct problems, you have held broken packages.",
            "packages exclude each other (a : Depends: b but it is not installable)",
        ),
        ("E: Something else", "installing npm failed: E: Something else."),
        ("", "no output"),
    ],
)
def test_why_it_failed_in_one_line(text, words):
    said = str(packages.explain("installing npm", text))
    assert words in said
    assert "\n" not in said


class Host:
    """Answers of apt and dpkg by the word that tells the commands apart, and the commands in order."""

    def __init__(self, **answers):
        self.answers = {word: list(given) for word, given in answers.items()}
        self.asked = []

    def __call__(self, argv):
        (word,) = {"install", "update", "remove", "--audit", "--configure"} & set(argv)
        word = "fix" if "--fix-broken" in argv else word.strip("-")
        self.asked.append(word)
        given = self.answers.get(word, [])
        return given.pop(0) if given else (0, "")


@pytest.fixture
def places(tmp_path):
    lists, root = tmp_path / "lists", tmp_path / "dpkg"
    (lists / "partial").mkdir(parents=True)
    (root / "updates").mkdir(parents=True)
    (lists / "mirror_Packages").touch()
    os.utime(lists / "partial", (1000, 1000))
    return {"root": root, "lists": lists, "now": lambda: 1000.0 + 60}


def test_fresh_lists_are_not_read_again(places):
    host = Host()
    packages.install(["npm"], host, **places)
    assert host.asked == ["audit", "install"]


@pytest.mark.parametrize("how", ["old", "none"])
def test_lists_that_are_old_or_not_there_are_read(places, how):
    host = Host()
    if how == "none":
        (places["lists"] / "mirror_Packages").unlink()
    else:
        places["now"] = lambda: 1000.0 + packages.FRESH + 1
    packages.install(["npm"], host, **places)
    assert host.asked == ["audit", "update", "install"]


def test_a_package_that_the_lists_do_not_know_is_looked_for_in_new_ones(places):
    host = Host(install=[(100, "E: Unable to locate package npm"), (0, "")])
    packages.install(["npm"], host, **places)
    assert host.asked == ["audit", "install", "update", "install"]


def test_it_is_not_looked_for_twice(places):
    host = Host(install=[(100, "E: Unable to locate package npm")] * 3)
    with pytest.raises(packages.PackagesError, match="a package doesn't exist here"):
        packages.install(["npm"], host, **places)
    assert host.asked == ["audit", "install", "update", "install"]


@pytest.mark.parametrize("sign", ["audit", "updates"])
def test_an_interrupted_run_is_finished_first(places, sign):
    host = Host(audit=[(0, "half-installed: npm")] if sign == "audit" else [])
    if sign == "updates":
        (places["root"] / "updates" / "0003").touch()
    packages.install(["npm"], host, **places)
    assert host.asked == ["audit", "configure", "fix", "install"]


def test_what_can_not_be_finished_is_told(places):
    host = Host(audit=[(0, "broken")], fix=[(100, "E: No space left on device")])
    with pytest.raises(
        packages.PackagesError, match="finishing an interrupted installation failed: the disk is full"
    ):
        packages.install(["npm"], host, **places)
    assert "install" not in host.asked


def test_the_cause_of_missing_lists_is_the_network(places):
    (places["lists"] / "mirror_Packages").unlink()
    host = Host(
        update=[(0, "W: Failed to fetch http://x  Could not resolve 'x'")],
        install=[(100, "E: Unable to locate package npm")],
    )
    with pytest.raises(packages.PackagesError, match="can't be reached"):
        packages.install(["npm"], host, **places)
