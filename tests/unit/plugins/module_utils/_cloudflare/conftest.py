# SPDX-License-Identifier: GPL-3.0-or-later
"""A client over the scripted API."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.budget import Budget
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.client import Client
from scripted_api import TOKEN, Api


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def make(api: Api) -> Callable[..., Client]:
    def build(budget: Budget | None = None) -> Client:
        return Client(
            account_id="acc",
            api_token=TOKEN,
            base_url="https://api.example.com/client/v4",
            transport=httpx.MockTransport(api.handle),
            clock=lambda: api.now,
            sleep=api.sleep,
            random=lambda: 0.5,
            budget=budget,
        )

    return build


@pytest.fixture
def client(api: Api, make: Callable[..., Client]) -> Iterator[Client]:
    with make() as made:
        yield made
    assert not api.script, f"{len(api.script)} answers were not asked for"
