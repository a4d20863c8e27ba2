# SPDX-License-Identifier: GPL-3.0-or-later
"""An embedded edge in this process: no port, no runtime, state in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from embedded_edge.api.app import App
from embedded_edge.api.auth import SCOPES
from embedded_edge.api.call import Edge
from embedded_edge.api.checks import Checks
from embedded_edge.bundle import Bundle, Check
from embedded_edge.store import Store

JAVASCRIPT = "application/javascript+module"
ZONES = ("example.com", "edge.localhost")


class Clock:
    """Time that tests move."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class StubRuntime:
    """Says of every bundle what the test wants, and counts how often it was asked."""

    def __init__(self) -> None:
        self.verdict = Check(True, "", ("fetch",), 7)
        self.asked: list[Bundle] = []

    async def check(self, bundle: Bundle) -> Check:
        """Return the verdict."""
        self.asked.append(bundle)
        return self.verdict


class Api:
    """Calls the application as a client would."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.runtime = StubRuntime()
        self.store = Store(":memory:", self.clock)
        for zone in ZONES:
            self.store.accounts.add_zone(zone)
        self.edge = Edge(self.store, Checks(self.runtime))
        self.token = self.store.accounts.add_main_token(SCOPES)
        self.account = self.store.accounts.id
        self.app = App(self.edge)

    def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call an endpoint: A is the account's path, /_embedded the control; a header "-" is left out."""
        prefix = "" if path.startswith("/_embedded") else "/client/v4"
        path = f"/accounts/{self.account}{path[1:]}" if path.startswith("A/") else path
        return asyncio.run(self._call(method, f"http://127.0.0.1{prefix}{path}", options))

    async def _call(self, method: str, url: str, options: dict[str, Any]) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport) as client:
            request = client.build_request(method, url, headers=headers, **options)
            request.headers = httpx.Headers([pair for pair in request.headers.raw if pair[1] != b"-"])
            return await client.send(request)

    def upload(
        self, method: str = "PUT", path: str = "A/workers/scripts/one", code: str = "x", **metadata: Any
    ) -> Any:
        """Upload a Worker of one module."""
        whole = {"main_module": "main.js", "compatibility_date": "2026-01-01", **metadata}
        files = [
            ("metadata", ("blob", json.dumps(whole), "application/json")),
            ("main.js", ("main.js", code, JAVASCRIPT)),
        ]
        return self(method, path, files=files)

    def version(self, code: str = "y", **metadata: Any) -> str:
        """Upload a version of `one` and return its id."""
        answer = self.upload("POST", "A/workers/scripts/one/versions", code, **metadata)
        assert answer.status_code == 200, answer.text
        found: str = answer.json()["result"]["id"]
        return found

    def deploy(self, shares: dict[str, float], query: str = "", **more: Any) -> httpx.Response:
        """Deploy versions of `one`."""
        versions = [{"version_id": version, "percentage": share} for version, share in shares.items()]
        body = {"strategy": "percentage", "versions": versions, **more}
        return self("POST", f"A/workers/scripts/one/deployments{query}", json=body)

    def namespace(self, title: str = "space") -> str:
        """Make a KV namespace and return its id."""
        answer = self("POST", "A/storage/kv/namespaces", json={"title": title})
        found: str = answer.json()["result"]["id"]
        return found

    def result(self, method: str, path: str, **options: Any) -> Any:
        """Call an endpoint that must succeed and return its result."""
        answer = self(method, path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]


@pytest.fixture
def api() -> Iterator[Api]:
    """Return a fresh embedded edge."""
    api = Api()
    yield api
    api.store.close()
