# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from backup_machine import KEY, ROOT, Machine


@pytest.fixture(scope="session")
def restic() -> str:
    found = subprocess.run([ROOT / "scripts" / "restic"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


@pytest.fixture(scope="session")
def prepared(restic: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A host with an empty repository, to copy: making a repository takes two seconds."""
    place = tmp_path_factory.mktemp("saved") / "host"
    place.mkdir()
    machine = Machine(place, restic)
    (place / "key").write_text(f"{KEY}\n")
    machine.populate()
    machine.declare()
    machine.ok("init")
    return place


@pytest.fixture
def machine(restic: str, prepared: Path, tmp_path: Path) -> Machine:
    """A host with data and an empty repository."""
    place = tmp_path / "host"
    shutil.copytree(prepared, place, symlinks=True)
    found = Machine(place, restic)
    found.declare()
    return found
