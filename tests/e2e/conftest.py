# SPDX-License-Identifier: GPL-3.0-or-later
"""The clone that the tests of the Makefile share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from newcomer import Shell, copy_of_checkout, free_ports, processes_below


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A clone below a path with a space; at the end nothing of it runs."""
    folder = tmp_path_factory.mktemp("a path") / "my clone"
    copy_of_checkout(folder)
    api, http = free_ports()
    shell = Shell(folder, {"API_PORT": str(api), "HTTP_PORT": str(http)})
    yield shell
    shell.run("make", "clean")
    assert processes_below(folder) == []
