# SPDX-License-Identifier: GPL-3.0-or-later
"""The quickstart on a file system that is too small, or without its registries; and again when all is well.

A tmpfs with few inodes answers ENOSPC like a full disk, in the middle and without filling memory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from newcomer import Shell, copy_of_checkout, environment, free_ports, processes_below

# Each step leaves its output and its exit code; the mounts are nobody else's and end with the script.
SCRIPT = """
step() {{ # step NAME COMMAND...
  local name=$1 code=0
  shift
  "$@" >"../$name.log" 2>&1 || code=$?
  echo "$code" >"../$name.code"
}}
trap 'make stop' EXIT
mount -t tmpfs -o size=64m small ../small
cp -a . ../small/clone
step small make -C ../small/clone quickstart
mkdir .venv .run
mount -t tmpfs -o size=1g,nr_inodes=300 venv .venv
step venv make quickstart
mount -o remount,nr_inodes=2000 .venv
step pip make quickstart
mount -o remount,nr_inodes=100000 .venv
mount -t tmpfs -o size=1g,nr_inodes=300 run .run
step role-venv make quickstart
mount -o remount,nr_inodes=2000 .run
step role-pip make quickstart
mount -o remount,nr_inodes=10000 .run
step registry env npm_config_registry=http://127.0.0.1:9 npm_config_cache="$PWD/../npm" make quickstart
step npm make quickstart
mount -o remount,nr_inodes=100000 .run
step good make quickstart
step again make quickstart
trap - EXIT
step stop make stop
umount .venv
mount -t tmpfs none "$({python} -c 'import ensurepip; print(ensurepip.__path__[0])')"
step module make quickstart
"""
FULL = "The disk is full: free some space, then run this again."
TOLD = {
    "small": "MB are free at",
    "venv": f"error: making a virtual environment failed. {FULL}",
    "pip": f"error: pip install failed. {FULL}",
    "role-venv": "making a virtual environment failed: the disk is full. Free some space",
    "role-pip": "pip install of requirements.txt failed: the disk is full. Free some space",
    "registry": "npm ci failed: the package registry can't be reached",
    "npm": "npm ci failed: the disk is full. Free some space",
    "module": "error: making a virtual environment failed. Install Python's venv module (Debian and Ubuntu: ",
}


def may_mount() -> bool:
    command = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


pytestmark = pytest.mark.skipif(not may_mount(), reason="only root may mount a small file system")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do it all once; answer the folder of the logs."""
    base = tmp_path_factory.mktemp("full")
    clone = base / "clone"
    copy_of_checkout(clone)
    (base / "small").mkdir()
    api, http, relay = free_ports()
    python = shutil.which("python3", path=environment()["PATH"]) or sys.executable
    script = base / "script"
    script.write_text(SCRIPT.format(python=python))
    ports = {"API_PORT": str(api), "HTTP_PORT": str(http), "RELAY_PORT": str(relay)}
    shell = Shell(clone, {**ports, "PYTHON": python})
    shell.good("unshare", "-m", "bash", "-eu", str(script), timeout=900)
    assert processes_below(clone) == []
    return base


@pytest.mark.parametrize("step", TOLD)
def test_what_is_missing_is_told_with_the_remedy(logs: Path, step: str) -> None:
    told = " ".join((logs / f"{step}.log").read_text().split())
    assert (logs / f"{step}.code").read_text() != "0\n", told
    assert TOLD[step] in told
    assert "Traceback" not in told


def test_with_space_the_next_run_succeeds(logs: Path) -> None:
    codes = [(logs / f"{step}.code").read_text() for step in ("good", "again", "stop")]
    assert codes == ["0\n"] * 3, (logs / "good.log").read_text()
    assert "4 of 4 planes are healthy" in (logs / "good.log").read_text()
    assert "Nothing was changed." in (logs / "again.log").read_text()
