# SPDX-License-Identifier: GPL-3.0-or-later
"""A third party that echoes, and a relay in front of it that is a process of its own."""

from __future__ import annotations

import contextlib

import pytest
from relay_plane import Plane, Relay, ThirdParty, connector


@pytest.fixture(scope="session")
def shared_third_party():
    made = ThirdParty()
    yield made
    made.close()


@pytest.fixture
def third_party(shared_third_party):
    shared_third_party.seen.clear()
    shared_third_party.answers.clear()
    return shared_third_party


@pytest.fixture(scope="session")
def plane():
    return Plane()


@pytest.fixture(scope="session")
def running():
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def relay(tmp_path_factory, plane, shared_third_party, running):
    """One relay for all tests that do it no harm."""
    planes = {plane.name: plane.about({"echo": connector(shared_third_party.port)})}
    return running.enter_context(contextlib.closing(Relay(tmp_path_factory.mktemp("relay"), planes)))


@pytest.fixture
def start(tmp_path, third_party):
    """Start a relay of the test's own, with connectors of one plane, or with planes as they are given."""
    with contextlib.ExitStack() as stack:

        def run(plane, connectors=None, folder="relay", planes=None, **other):
            (tmp_path / folder).mkdir()
            every = planes or {plane.name: plane.about(connectors or {"echo": connector(third_party.port)})}
            return stack.enter_context(contextlib.closing(Relay(tmp_path / folder, every, **other)))

        yield run
