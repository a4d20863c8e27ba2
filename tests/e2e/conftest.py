# SPDX-License-Identifier: GPL-3.0-or-later
"""The clone that the tests of the Makefile share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from newcomer import (
    Newcomer,
    as_ordinary_user,
    copy_of_checkout,
    free_ports,
    fresh_home,
    give,
    path_without_node,
    processes_below,
)


@pytest.fixture(scope="session")
def clone() -> Iterator[Newcomer]:
    """A clone below a path with a space, of an ordinary user without Node; at the end nothing of it runs.

    pytest's own folders are closed to other users, so this one is made beside them.
    """
    base = Path(tempfile.mkdtemp(prefix="a newcomer "))
    folder, home = base / "my clone", base / "home"
    copy_of_checkout(folder)
    at_home = fresh_home(home)
    api, http, relay = free_ports()
    shell = Newcomer(
        folder,
        {
            "API_PORT": str(api),
            "HTTP_PORT": str(http),
            "RELAY_PORT": str(relay),
            "HOME": str(home),
            "PATH": path_without_node(base / "bin"),
        },
        as_ordinary_user(),
        home,
        at_home,
    )
    give(base, shell)
    yield shell
    shell.run("make", "clean")
    assert processes_below(folder) == []
    shutil.rmtree(base)
