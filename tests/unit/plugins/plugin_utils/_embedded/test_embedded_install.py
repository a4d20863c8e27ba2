# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be installed, what stops it, and how an installer's failure is told."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded import command, install
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.layout import Layout
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.node import major
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.problem import Problem


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A role's files, and an empty run directory with a space in its path."""
    files, run = tmp_path / "files", tmp_path / "a run"
    (files / "npm").mkdir(parents=True)
    run.mkdir()
    for name in ("requirements.txt", "node-requirements.txt", "npm/package.json", "npm/package-lock.json"):
        (files / name).write_text(name)
    return Layout(run=run, files=files)


@pytest.fixture
def installed(layout: Layout) -> Layout:
    """The same with everything installed."""
    for path in (layout.python, layout.pm2, layout.workerd, layout.run / "node"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        path.chmod(0o755)
    stamp = install.wanted(layout) | {"node": str(layout.run / "node")}
    layout.installed.write_text(json.dumps(stamp))
    return layout


def test_nothing_is_missing_when_the_stamp_fits(installed: Layout) -> None:
    assert install.missing(installed) == []
    assert install.node(installed) == installed.run / "node"


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ("requirements.txt", ["python", "tools"]),
        ("node-requirements.txt", ["tools"]),
        ("npm/package-lock.json", ["tools"]),
    ],
)
def test_a_changed_lock_file_is_installed_anew(installed: Layout, changed: str, missing: list[str]) -> None:
    (installed.files / changed).write_text("other")
    assert install.missing(installed) == missing


@pytest.mark.parametrize(
    ("gone", "missing"),
    [
        ("installed", ["python", "tools"]),
        ("python", ["python", "tools"]),
        ("pm2", ["tools"]),
        ("workerd", ["tools"]),
    ],
)
def test_what_was_deleted_is_installed_anew(installed: Layout, gone: str, missing: list[str]) -> None:
    getattr(installed, gone).unlink()
    assert install.missing(installed) == missing


@pytest.mark.parametrize("stamp", ["", "[]", "{}", '{"python": 1', "null"])
def test_an_odd_stamp_counts_for_nothing(installed: Layout, stamp: str) -> None:
    installed.installed.write_text(stamp)
    assert install.missing(installed) == ["python", "tools"]
    assert install.node(installed) is None


@pytest.mark.parametrize(
    ("said", "wrong", "remedy"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full", "Free some space"),
        ("npm error code ENOSPC", "the disk is full", "Free some space"),
        ("ensurepip is not\navailable. On Debian", "virtual environments", "apt install python3-venv"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "not the one that was locked", "cache"),
        ("npm error code EINTEGRITY", "not the one that was locked", "cache"),
        ("Temporary failure in name resolution", "registry", "HTTPS_PROXY"),
        ("ERROR: No matching distribution found for starlette", "registry", "HTTPS_PROXY"),
        ("npm error code ENOTFOUND", "registry", "HTTPS_PROXY"),
        ("npm error code E404", "registry", "HTTPS_PROXY"),
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN\nrequest to", "not trusted", "NODE_EXTRA_CA_CERTS"),
        ("SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]') connection", "not trusted", "PIP_CERT"),
        ("PermissionError: [Errno 13] Permission denied", "can't be written", "owns that folder"),
        ("first\nthe last words\n\n", "the last words", "Read"),
        ("", "it said nothing", "Read"),
    ],
)
def test_a_failure_is_one_line_with_a_remedy(said: str, wrong: str, remedy: str) -> None:
    text = str(command.explained("pip install", said, Path("/run/install.log")))
    assert text.startswith("pip install failed: ")
    assert wrong in text
    assert remedy in text
    assert "/run/install.log" in text
    assert "\n" not in text


def test_a_command_that_fails_is_explained_by_its_own_output_only(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("No space left on device, said by an earlier command\n")
    with pytest.raises(Problem, match="failed: here it is"):
        command.run("it", [sys.executable, "-c", "import sys; sys.exit('here it is')"], log)


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="No such file"):
        command.run("it", [tmp_path / "nothing"], tmp_path / "log")


def test_too_little_room_is_told_before_anything_is_done(tmp_path: Path) -> None:
    install.check_room(tmp_path, free=10 * 1024**3)
    with pytest.raises(Problem, match=r"only 10 MB are free at .*embedded_edge_dir"):
        install.check_room(tmp_path, free=10 * 1024**2)


def test_an_old_python_is_refused() -> None:
    install.check_python((3, 11), "/usr/bin/python3")
    with pytest.raises(Problem, match=r"needs Python 3\.11 or newer, and /usr/bin/python3 is 3\.9"):
        install.check_python((3, 9), "/usr/bin/python3")


def test_missing_packages_are_named_with_the_interpreter() -> None:
    install.check_packages(("json",))
    with pytest.raises(Problem, match="lacks nothing_a and nothing_b") as caught:
        install.check_packages(("json", "nothing_a", "nothing_b"))
    assert f"{shlex.quote(sys.executable)} -m pip install nothing_a nothing_b" in str(caught.value)


@pytest.mark.parametrize(
    ("version", "number"), [("v24.19.0\n", 24), ("v8.1.0", 8), ("", 0), ("24.1.0", 0), ("vX", 0)]
)
def test_the_major_version_of_node(version: str, number: int) -> None:
    assert major(version) == number


def test_installers_keep_their_caches_inside_unless_told_otherwise(layout: Layout) -> None:
    usual = install.environment(layout, {"PATH": "/usr/bin", "HOME": "/home/ada"})
    assert usual["PIP_CACHE_DIR"] == str(layout.run / "cache" / "pip")
    assert usual["npm_config_cache"] == str(layout.run / "cache" / "npm")
    own = {"PIP_CACHE_DIR": "/big/pip", "npm_config_cache": "/big/npm", "NODE_EXTRA_CA_CERTS": "/my/ca"}
    assert own.items() <= install.environment(layout, own).items()


@pytest.mark.parametrize(
    ("state", "full"),
    [
        ({}, False),
        ({"f_bavail": 3}, True),
        ({"f_favail": 2}, True),
        ({"f_favail": 0, "f_files": 0}, False),
    ],
    ids=["room", "no bytes", "no inodes", "a file system that counts no inodes"],
)
def test_a_tool_that_does_not_say_so_is_known_to_lack_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: dict[str, int], full: bool
) -> None:
    room = {"f_bavail": 10**6, "f_frsize": 4096, "f_favail": 10**6, "f_files": 10**6}
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(**room | state))
    with pytest.raises(Problem) as caught:
        command.run("it", [sys.executable, "-c", "raise SystemExit('ensurepip failed')"], tmp_path / "log")
    assert ("the disk is full" in str(caught.value)) is full
