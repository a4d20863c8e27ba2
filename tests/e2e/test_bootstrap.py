# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong before anything runs is one line with the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
from newcomer import Shell, copy_of_checkout

FAKE = """#!/bin/sh
case "$*" in
  *sys.version_info*) exit {version} ;;
  *sys.executable*) echo "$0" ;;
  *venv*) echo "The virtual environment was not created: ensurepip is not available."; exit 1 ;;
esac
"""


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    copy_of_checkout(tmp_path / "clone")
    return tmp_path / "clone"


def python(folder: Path, version: int) -> str:
    """A stand-in for an interpreter that is too old (1) or lacks its venv module (0)."""
    path = folder.parent / "python"
    path.write_text(FAKE.format(version=version))
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("version", "line"),
    [
        (1, "error: no Python 3.11 or newer found (tried {path}). Install one"),
        (
            0,
            "error: making a virtual environment failed. Install Python's venv module (Debian and Ubuntu:",
        ),
    ],
)
def test_an_unfit_python_is_told(fresh: Path, version: int, line: str) -> None:
    path = python(fresh, version)
    done = Shell(fresh, {"PYTHON": path}).run("make", "quickstart")
    assert done.returncode != 0
    assert line.format(path=path) in done.stdout


def test_no_registry_is_told(fresh: Path) -> None:
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_CACHE_DIR": "1",
    }
    done = Shell(fresh, nowhere).run("make", "quickstart")
    assert done.returncode != 0
    assert "error: pip install failed. The package registry can't be reached" in done.stdout


def test_commands_before_the_quickstart_name_it(fresh: Path) -> None:
    done = Shell(fresh).run("make", "status")
    assert done.returncode != 0
    assert "there is no embedded edge in" in done.stdout
    assert "Run make quickstart first" in done.stdout
    assert "not running" in Shell(fresh).good("make", "stop")
