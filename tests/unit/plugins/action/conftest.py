# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of action plugins."""

from __future__ import annotations

import pytest
from action_harness import Api

VARIABLES = ("API_TOKEN", "ACCOUNT_ID", "BASE_URL", "CALL_BUDGET")


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the credentials of whoever runs the tests out of them."""
    for name in VARIABLES:
        monkeypatch.delenv(f"CLOUDFLARE_{name}", raising=False)
