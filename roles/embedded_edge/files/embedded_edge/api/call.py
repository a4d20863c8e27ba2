# SPDX-License-Identifier: GPL-3.0-or-later
"""One API call: its parameters, its bounded body and the parts of the edge it works on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import ClientDisconnect, Request

from ..store import Store
from ..store.model import Json, Script, Token
from .checks import Checks
from .errors import ApiError, bad_request, malformed_json, no_script, too_large
from .faults import Faults, Rule
from .log import RequestLog
from .rates import Rates

MIB = 1024 * 1024
JSON_LIMIT = 2 * MIB


@dataclass
class Edge:
    """What every call may use."""

    store: Store
    checks: Checks
    faults: Faults = field(default_factory=Faults)
    log: RequestLog = field(default_factory=RequestLog)
    rates: Rates = field(default_factory=Rates)
    facts: Json = field(default_factory=dict)
    """Ports and process ids, shown by the health endpoint."""


@dataclass
class Call:
    """A call whose token was checked."""

    edge: Edge
    request: Request
    params: dict[str, str]
    token: Token
    partial: Rule | None = None

    @property
    def store(self) -> Store:
        """Return the state."""
        return self.edge.store

    @property
    def content_type(self) -> str:
        """Return the media type of the body, without its parameters."""
        return self.request.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def source(self) -> str:
        """Name the client in the words of the API."""
        agent = self.request.headers.get("user-agent", "").lower()
        return next((name for name in ("wrangler", "terraform") if name in agent), "api")

    def script(self) -> Script:
        """Return the script that the path names."""
        script = self.store.scripts.get(self.params["script"])
        if script is None:
            raise no_script(self.params["script"][:255])
        return script

    def query(self, name: str) -> str | None:
        """Return a query parameter."""
        return self.request.query_params.get(name)

    def flag(self, name: str) -> bool:
        """Tell whether a query parameter is switched on."""
        return (self.query(name) or "").lower() in {"true", "1"}

    def integer(self, name: str, default: int, low: int, high: int, code: int = 10021) -> int:
        """Return a whole number from the query, within its bounds."""
        text = self.query(name)
        if text is None or text == "":
            return default
        if not re.fullmatch(r"-?[0-9]{1,12}", text) or not low <= int(text) <= high:
            raise bad_request(f"{name} must be a whole number from {low} to {high}", code)
        return int(text)

    async def body(self, limit: int) -> bytes:
        """Read the body, never more of it than the limit."""
        declared = self.request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            raise too_large(limit)
        chunks, size = [], 0
        try:
            async for chunk in self.request.stream():
                size += len(chunk)
                if size > limit:
                    raise too_large(limit)
                chunks.append(chunk)
        except ClientDisconnect:
            raise bad_request("the client went away before its request was complete") from None
        return b"".join(chunks)

    async def json(self, limit: int = JSON_LIMIT) -> Any:
        """Read a JSON body."""
        return parse_json(await self.body(limit))

    async def object(self, limit: int = JSON_LIMIT) -> Json:
        """Read a JSON body that must be an object."""
        return as_object(await self.json(limit))


def parse_json(data: bytes) -> Any:
    """Parse JSON, without NaN, half characters or a nesting that could exhaust the stack."""
    try:
        parsed = json.loads(data, parse_constant=_no_constant)
        json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeError:
        raise malformed_json("it is not UTF-8") from None
    except RecursionError:
        raise malformed_json("it is nested too deeply") from None
    except ValueError as error:
        raise malformed_json(getattr(error, "msg", "a value is out of range")) from None
    return parsed


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def as_object(value: Any) -> Json:
    """Insist on a JSON object."""
    if not isinstance(value, dict):
        raise malformed_json("an object is expected")
    return value


def text_field(body: Json, name: str, longest: int, code: int = 10021) -> str:
    """Return a field that must be a text of 1 to so many characters."""
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise ApiError(400, code, f"'{name}' must be a text of 1 to {longest} characters")
    return value


def boolean_field(body: Json, name: str, default: bool | None = None, code: int = 10021) -> bool:
    """Return a field that must be true or false."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise ApiError(400, code, f"'{name}' must be true or false")
    return value
