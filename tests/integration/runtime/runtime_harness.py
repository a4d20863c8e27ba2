# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the runtime alone on real workerd, with an in-memory source."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from embedded_edge.bundle import Bundle, Check
from embedded_edge.runtime import Runtime
from runtime_source import Memory

ROOT = Path(__file__).resolve().parents[3]
T = TypeVar("T")


def workerd_path() -> str:
    found = os.environ.get("WORKERD") or str(ROOT / ".run/npm/node_modules/.bin/workerd")
    if not Path(found).exists():
        pytest.fail(f"no workerd at {found}: name one by the environment variable WORKERD")
    return found


class Running:
    """A started runtime in a thread of its own, with plain methods for tests."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.source = Memory()
        self.directory = directory
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.runtime = Runtime(self.source, directory, 0, workerd_path(), **options)
        self.client = httpx.Client(timeout=15, trust_env=False)

    def __enter__(self) -> Running:
        self._thread.start()
        self.run(self.runtime.start())
        return self

    def __exit__(self, *_details: object) -> None:
        self.client.close()
        self.run(self.runtime.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, task: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(task, self._loop).result(30)

    def check(self, bundle: Bundle) -> Check:
        return self.run(self.runtime.check(bundle))

    def get(self, script: str, path: str = "/", **options: Any) -> httpx.Response:
        return self.request("GET", script, path, **options)

    def request(self, method: str, script: str, path: str = "/", **options: Any) -> httpx.Response:
        headers = {"host": f"{script}.localhost:{self.runtime.port}", **options.pop("headers", {})}
        return self.client.request(
            method, f"http://127.0.0.1:{self.runtime.port}{path}", headers=headers, **options
        )

    def log(self) -> str:
        return (self.directory / "workerd.log").read_text()

    @staticmethod
    def wait_for(true: Callable[[], Any], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.01)
