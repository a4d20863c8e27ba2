# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures around runtimes on real workerd, which is that of WORKERD or the checkout's own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from runtime_harness import Running


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("a runtime's state")) as running:
        yield running


@pytest.fixture
def edge(shared: Running) -> Running:
    """One runtime for all tests that do it no harm, with an empty source."""
    shared.source.clear()
    return shared


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start a runtime of the test's own."""
    with contextlib.ExitStack() as stack:

        def run(**options: Any) -> Running:
            folder = tmp_path / "state"
            folder.mkdir(exist_ok=True)
            return stack.enter_context(Running(folder, **options))

        yield run
