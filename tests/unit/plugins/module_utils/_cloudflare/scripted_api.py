# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted API: each test lists the answers, and nothing sleeps."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

TOKEN = "cfut_canary/To+ken=8f2e"
NOW = 1_800_000_000.0


def ok(result: Any = None, **more: Any) -> httpx.Response:
    """A success in the API's envelope."""
    return httpx.Response(200, json={"success": True, "errors": [], "messages": [], "result": result, **more})


def no(status: int, code: int = 0, message: str = "refused", **more: Any) -> httpx.Response:
    """A refusal in the API's envelope."""
    errors = [{"code": code, "message": message}]
    return httpx.Response(status, json={"success": False, "errors": errors, "result": None}, **more)


@dataclass
class Api:
    """The scripted answers (responses, exceptions, functions of the request) and what was asked."""

    script: list[Any] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    now: float = NOW

    def answers(self, *answers: Any) -> None:
        self.script.extend(answers)

    def handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        assert self.script, f"unexpected {request.method} {request.url.path}"
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def asked(self) -> list[str]:
        return [f"{item.method} {item.url.path.split('/client/v4')[1]}" for item in self.requests]

    def body(self, index: int = -1) -> Any:
        return json.loads(self.requests[index].content)
