# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs an action plugin in this process over the scripted API."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.client import Client

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "module_utils" / "_cloudflare"))

from scripted_api import TOKEN, Api

OPTIONS = {"api_token": TOKEN, "account_id": "0123456789abcdef" * 2}


class Templar:
    """Leaves everything as it is."""

    def template(self, value: Any) -> Any:
        return value


def run(action: type[Any], api: Api, args: dict[str, Any], **task: Any) -> dict[str, Any]:
    """The result of one task; ``task`` may set check_mode, diff, environment, leftovers."""
    made = action(
        task=SimpleNamespace(
            args=args,
            check_mode=task.get("check_mode", False),
            diff=task.get("diff", True),
            environment=task.get("environment"),
            async_val=0,
            action="test",
            delegate_to=None,
        ),
        connection=SimpleNamespace(
            _shell=SimpleNamespace(tmpdir="/nonexistent", env_prefix=lambda **_variables: "")
        ),
        play_context=None,
        loader=None,
        templar=Templar(),
        shared_loader_obj=None,
    )
    made._client = lambda options: Client(
        account_id=options["account_id"],
        api_token=options["api_token"],
        base_url=options["base_url"],
        transport=httpx.MockTransport(api.handle),
        clock=lambda: api.now,
        sleep=api.sleep,
        random=lambda: 0.5,
    )
    made._find_needle = lambda _folder, name: name
    result: dict[str, Any] = made.run(task_vars={})
    assert task.get("leftovers") or not api.script, f"{len(api.script)} answers were not asked for"
    return result


__all__ = ["OPTIONS", "TOKEN", "Api", "run"]
