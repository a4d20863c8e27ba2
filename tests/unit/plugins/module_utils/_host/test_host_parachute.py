# SPDX-License-Identifier: GPL-3.0-or-later
"""What was kept comes back, whatever became of it; and only a new login is a proof."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import chute, login, parachute


@pytest.fixture
def places(tmp_path):
    proc = tmp_path / "proc" / "sys" / "kernel" / "random"
    proc.mkdir(parents=True)
    (proc / "boot_id").write_text("first\n")
    return parachute.Places(
        state=tmp_path / "state",
        units=tmp_path / "units",
        script=tmp_path / "lib" / "parachute",
        proc=tmp_path / "proc",
        systemd=tmp_path / "systemd",
    )


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "etc"
    (root / "pam.d").mkdir(parents=True)
    (root / "pam.d" / "sshd").write_text("good\n")
    (root / "pam.d" / "other").symlink_to("sshd")
    (root / "file").write_text("old\n")
    (root / "file").chmod(0o640)
    return root


def listing(root):
    found = {}
    for path in sorted(root.rglob("*")):
        info = path.lstat()
        content = path.readlink() if path.is_symlink() else path.read_text() if path.is_file() else None
        found[str(path)] = (stat.S_IFMT(info.st_mode), stat.S_IMODE(info.st_mode), str(content))
    return found


def write(path, text):
    path.unlink(missing_ok=True)
    path.write_text(text)


CHANGES = {
    "changed": lambda root: (root / "file").write_text("new\n"),
    "mode": lambda root: (root / "file").chmod(0o666),
    "removed": lambda root: (root / "file").unlink(),
    "added": lambda root: (root / "absent").write_text("new\n"),
    "added folder": lambda root: (root / "absent").mkdir(),
    "added inside": lambda root: (root / "pam.d" / "extra").write_text("bad\n"),
    "link to file": lambda root: write(root / "pam.d" / "other", "bad\n"),
    "file to folder": lambda root: ((root / "file").unlink(), (root / "file").mkdir()),
    "folder removed": lambda root: [
        *(path.unlink() for path in (root / "pam.d").iterdir()),
        (root / "pam.d").rmdir(),
    ],
    "nothing": lambda root: None,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_everything_comes_back(places, tree, change):
    before = listing(tree)
    paths = [str(tree / name) for name in ("file", "absent", "pam.d")]
    parachute.keep("trial", paths, [], places)
    change(tree)
    said = []
    assert chute.restore(places.state / "trial", said.append) == []
    assert listing(tree) == before
    assert bool(said) is (change is not CHANGES["nothing"])


def test_commands_run_after_a_failure_too_and_all_failures_are_told(places, tree, tmp_path):
    ran = tmp_path / "ran"
    commands = [["false"], ["touch", str(ran)], ["/no/such/program"]]
    parachute.keep("trial", [str(tree / "file")], commands, places)
    failures = chute.restore(places.state / "trial", lambda text: None)
    assert ran.exists()
    assert [failure.partition(":")[0] for failure in failures] == ["false", "/no/such/program"]


def test_what_was_kept_first_stays(places, tree):
    first = parachute.keep("trial", [str(tree / "file")], [["true"]], places)
    (tree / "file").write_text("half-made\n")
    second = parachute.keep(
        "trial", [str(tree / "file"), str(tree / "absent")], [["true"], ["false"]], places
    )
    assert second["id"] == first["id"]
    assert second["restore"] == [["true"], ["false"]]
    assert second["armed"] >= first["armed"]
    (tree / "absent").write_text("new\n")
    chute.restore(places.state / "trial", lambda text: None, commands=False)
    assert (tree / "file").read_text() == "old\n"
    assert not (tree / "absent").exists()


def test_a_host_without_systemd_is_refused_before_anything_is_kept(places, tree, monkeypatch):
    monkeypatch.setattr(chute, "run", lambda argv: "")
    with pytest.raises(parachute.ParachuteError, match="nothing was changed"):
        parachute.arm("trial", [str(tree / "file")], [], 90, places)
    assert parachute.pending("trial", places) is None


def test_a_timer_that_does_not_start_is_refused_and_leaves_nothing(places, tree, monkeypatch):
    places.systemd.mkdir()
    places.units.mkdir()
    monkeypatch.setattr(chute, "run", lambda argv: "refused" if "restart" in argv else "")
    with pytest.raises(parachute.ParachuteError, match="can't be armed"):
        parachute.arm("trial", [str(tree / "file")], [], 90, places)
    assert parachute.pending("trial", places) is None
    assert [path for path in places.units.rglob("*") if not path.is_dir()] == []


def test_arming_installs_a_program_that_needs_nothing_of_the_collection(places, tree, monkeypatch):
    places.systemd.mkdir()
    places.units.mkdir()
    monkeypatch.setattr(chute, "run", lambda argv: "")
    parachute.arm("trial", [str(tree / "file")], [], 85, places)
    text = places.script.read_text()
    compile(text, "parachute", "exec")
    imported = re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)
    assert "json" in imported
    assert set(imported) <= sys.stdlib_module_names | {"__future__"}
    assert "OnActiveSec=85\n" in (places.units / "adsengineer-parachute-trial.timer").read_text()
    assert (places.units / "timers.target.wants" / "adsengineer-parachute-trial.timer").exists()
    chute.forget(places.state / "trial", "confirmed", places.units)
    assert [path for path in places.units.rglob("*") if not path.is_dir()] == []
    assert os.listdir(places.state) == ["trial.last.json"]  # noqa: PTH208


def seen(started):
    return login.Login(pid=7, started=started, uid=1000, client="192.0.2.7", port=22)


@pytest.mark.parametrize(
    ("found", "boot", "proved", "by_login"),
    [
        (seen(100.5), "first", True, True),
        (seen(99.5), "first", False, True),
        (seen(100.0), "first", False, True),
        (seen(3.0), "second", True, True),
        (None, "first", False, False),
        (None, "second", False, False),
    ],
    ids=["newer", "older", "same moment", "after a reboot", "no login", "no login after a reboot"],
)
def test_proof(found, boot, proved, by_login):
    proof = parachute.proof({"armed": 100.0, "boot": "first"}, found, boot)
    assert (proof.proved, proof.by_login) == (proved, by_login)
    assert proof.reason.endswith(".")


@pytest.mark.parametrize(
    ("arming", "outcome", "expected"),
    [("a", "restored", True), ("a", "confirmed", False), ("b", "restored", False), ("", "restored", False)],
)
def test_only_this_arming_counts_as_opened(places, arming, outcome, expected):
    places.state.mkdir()
    last = {"id": "a", "outcome": outcome, "at": 0}
    (places.state / "trial.last.json").write_text(json.dumps(last))
    assert bool(parachute.opened("trial", arming, places)) is expected


@pytest.mark.parametrize("name", ["", "A", "a-b", "../x", "a/b", "a b", "x" * 42])
def test_names_that_are_no_names_of_units_or_folders(name):
    with pytest.raises(parachute.ParachuteError, match="can't be used"):
        parachute.check_name(name)


def test_a_file_is_never_seen_half_written(tmp_path, monkeypatch):
    target = tmp_path / "file"
    target.write_text("old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        chute.write(target, b"new", 0o644)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [Path(target)]
