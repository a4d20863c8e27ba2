# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of files is applied as one step, or the old state is back."""

from __future__ import annotations

import grp
import os
import pwd
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import bundle, parachute

ME = pwd.getpwuid(os.getuid()).pw_name
OURS = grp.getgrgid(os.getgid()).gr_name


@pytest.fixture
def places(tmp_path):
    return parachute.Places(state=tmp_path / "state", units=tmp_path / "units")


def wanted(path, content=b"new\n", mode=0o644):
    return bundle.Wanted(str(path), content, mode, ME, OURS)


def declared(*files, **options):
    base = bundle.Bundle("trial", files, (), (), (), (), (), (), False, 85)
    return replace(base, **options)


def bring(one, places):
    changes = [file for file, _actual in bundle.outstanding(one)]
    return bundle.bring(one, changes, places)


@pytest.mark.parametrize(
    ("before", "mode", "content", "expected"),
    [
        (None, 0o644, b"new\n", True),
        (b"new\n", 0o644, b"new\n", False),
        (b"old\n", 0o644, b"new\n", True),
        (b"new\n", 0o600, b"new\n", True),
        (b"old\n", 0o644, None, True),
        (None, 0o644, None, False),
    ],
    ids=["missing", "same", "content", "mode", "to be removed", "absent already"],
)
def test_what_differs(tmp_path, before, mode, content, expected):
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)
        path.chmod(mode)
    assert bool(bundle.outstanding(declared(wanted(path, content)))) is expected


def test_files_that_nobody_declares_are_removed_from_a_folder_of_ours(tmp_path, places):
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "gone").write_text("x")
    one = declared(wanted(folder / "ada"), purge=(str(folder),))
    bring(one, places)
    assert [path.name for path in folder.iterdir()] == ["ada"]
    assert bundle.outstanding(one) == []


@pytest.mark.parametrize("step", ["validate", "apply", "verify"])
def test_a_step_that_fails_puts_the_old_state_back(tmp_path, places, step):
    path, ran = tmp_path / "file", tmp_path / "ran"
    path.write_text("old\n")
    one = declared(wanted(path), wanted(tmp_path / "added"), restore=(("touch", str(ran)),))
    one = replace(one, **{step: (("sh", "-c", "echo no good; exit 3"),)})
    with pytest.raises(bundle.BundleError, match=r"no good\. The old state is back"):
        bring(one, places)
    assert path.read_text() == "old\n"
    assert not (tmp_path / "added").exists()
    assert ran.exists() is (step != "validate")
    assert not bundle.is_pending("trial", places)


def test_a_run_that_was_killed_is_seen_and_its_old_state_is_the_one_to_come_back_to(
    tmp_path, places, monkeypatch
):
    path = tmp_path / "file"
    path.write_text("old\n")

    def killed(commands):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bundle, "_all", killed)
        with pytest.raises(KeyboardInterrupt):
            bring(declared(wanted(path)), places)
    assert path.read_text() == "new\n"
    assert bundle.is_pending("trial", places)
    with pytest.raises(bundle.BundleError):
        bring(declared(wanted(path), validate=(("false",),)), places)
    assert path.read_text() == "old\n"


def test_a_full_disk_is_told_with_its_remedy(tmp_path, places, monkeypatch):
    def full(path, content, mode):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(parachute, "write_atomically", full)
    with pytest.raises(bundle.BundleError, match=r"nothing was changed.*no space left.*Free some"):
        bring(declared(wanted(tmp_path / "file")), places)


def test_an_account_that_does_not_exist_is_told_before_anything_is_changed(tmp_path, places):
    one = declared(bundle.Wanted(str(tmp_path / "file"), b"", 0o644, "nobody-at-all", OURS))
    with pytest.raises(bundle.BundleError, match="Nothing was changed"):
        bring(one, places)
    assert not places.state.exists()


def test_a_secret_is_in_no_diff(tmp_path):
    path = tmp_path / "file"
    path.write_text("old hush\n")
    one = replace(wanted(path, b"new hush\n"), secret=True)
    shown = str(bundle.difference(one, bundle.read(str(path))))
    assert "hush" not in shown
    assert "not shown" in shown


def test_what_is_no_file_is_left_alone(tmp_path):
    with pytest.raises(bundle.BundleError, match="no regular file"):
        bundle.outstanding(declared(wanted(tmp_path)))


def test_a_link_stays_a_link(tmp_path, places):
    (tmp_path / "real").write_text("old\n")
    link = Path(tmp_path / "link")
    link.symlink_to("real")
    bring(declared(wanted(link)), places)
    assert link.is_symlink()
    assert (tmp_path / "real").read_text() == "new\n"
