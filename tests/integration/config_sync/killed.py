# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E402
"""One synchronisation as a process that kills itself, by kill -9, at a call of the API.

killed.py FOLDER NUMBER before|after     NUMBER 0 lets it live; prints how many calls it made
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tests"))
importlib.import_module("conftest")  # makes the collection importable
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.client import (
    Client,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.files import Store
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.namespace import (
    Namespace,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.plan import Stamp
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.policy import Rules
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.sync import (
    Wanted,
    apply,
    planned,
    read,
)


class Mortal(httpx.HTTPTransport):
    """Kills its process before or after a call took effect."""

    def __init__(self, number: int, when: str) -> None:
        super().__init__()
        self.seen, self._number, self._when = 0, number, when

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen += 1
        self._die("before")
        response = super().handle_request(request)
        response.read()
        self._die("after")
        return response

    def _die(self, when: str) -> None:
        if (self.seen, when) == (self._number, self._when):
            os.kill(os.getpid(), signal.SIGKILL)


def main(folder: Path, number: int, when: str) -> None:
    transport = Mortal(number, when)
    client = Client(
        account_id=os.environ["CLOUDFLARE_ACCOUNT_ID"],
        api_token=os.environ["CLOUDFLARE_API_TOKEN"],
        base_url=os.environ["CLOUDFLARE_BASE_URL"],
        transport=transport,
    )
    spaces = {space.title: space.id for space in client.kv.namespaces()}
    port = Namespace(client, "killed-config", spaces.get("killed-config"))
    store = Store(folder)
    declared = json.loads((folder / "declared").read_text())
    stamp = Stamp("somebody", datetime.now(UTC), "because")
    wanted = Wanted(declared, Rules(approval=()), stamp, lambda _documents: [])
    state = store.read("killed")
    plan = planned(read(port, wanted, state), wanted, state)
    assert not plan.stops
    if plan.writes:
        apply(port, plan, store.write)
    print(transport.seen)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
