# SPDX-License-Identifier: GPL-3.0-or-later
"""Single KV keys: values and metadata."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.responses import Response

from ..bundle import KvItem
from ..store.model import KvWrite
from .call import MIB, Call, parse_json
from .errors import ApiError, answer, bad_request
from .namespaces import KV_READ, KV_WRITE, LONGEST_KEY, NAMESPACE, namespace
from .router import Endpoint
from .uploads import parse_form

NO_KEY = 10009
BAD_KEY = 10030
TOO_LARGE = 10033
BAD_EXPIRATION = 10035
BAD_METADATA = 10036
LONGEST_VALUE = 25 * MIB
LONGEST_METADATA = 1024
SHORTEST_TTL = 60
LAST_SECOND = 2**53
_WHOLE = re.compile(r"[0-9]{1,16}(\.0+)?")


def checked_key(key: str) -> str:
    """Hold a key to its length and to the names that are allowed."""
    size = len(key.encode())
    if size == 0 or key in {".", ".."}:
        raise bad_request('a key must not be empty, "." or ".."', BAD_KEY)
    if size > LONGEST_KEY:
        raise ApiError(
            414, BAD_KEY, f"UTF-8 encoded length of {size} exceeds key length limit of {LONGEST_KEY}."
        )
    return key


def checked_write(key: str, value: bytes, metadata: Any, expiration: Any, ttl: Any, now: float) -> KvWrite:
    """Check a write; a time to live wins over an expiration."""
    if len(value) > LONGEST_VALUE:
        raise ApiError(
            413, TOO_LARGE, f"the value of {len(value)} bytes exceeds the limit of {LONGEST_VALUE}"
        )
    if (
        metadata is not None
        and len(json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode()) > LONGEST_METADATA
    ):
        raise ApiError(
            413, BAD_METADATA, f"the metadata exceeds the limit of {LONGEST_METADATA} bytes as JSON"
        )
    return KvWrite(checked_key(key), value, metadata, _expires(expiration, ttl, now))


def _expires(expiration: Any, ttl: Any, now: float) -> int | None:
    if ttl is not None:
        seconds = _seconds("expiration_ttl", ttl)
        if seconds < SHORTEST_TTL:
            raise bad_request(
                f"Invalid expiration_ttl of {seconds}. Expiration TTL must be at least {SHORTEST_TTL}.",
                BAD_EXPIRATION,
            )
        return int(now) + seconds
    if expiration is None:
        return None
    at = _seconds("expiration", expiration)
    if at < now + SHORTEST_TTL:
        raise bad_request(
            f"Invalid expiration of {at}. It must be at least {SHORTEST_TTL} seconds in the future.",
            BAD_EXPIRATION,
        )
    return at


def _seconds(name: str, value: Any) -> int:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else _parsed(value)
    if number is None or number != int(number) or not 0 <= number < LAST_SECOND:
        raise bad_request(f"'{name}' must be a whole number of seconds", BAD_EXPIRATION)
    return int(number)


def _parsed(value: Any) -> float | None:
    return float(value) if isinstance(value, str) and _WHOLE.fullmatch(value) else None


def _item(call: Call) -> KvItem:
    found = call.store.kv.get(namespace(call).id, checked_key(call.params["key"]))
    if found is None:
        raise ApiError(404, NO_KEY, "get: 'key not found'")
    return found


async def get_value(call: Call) -> Response:
    """GET a value as it was stored, without an envelope."""
    item = _item(call)
    headers = {"expiration": str(item.expiration)} if item.expiration is not None else {}
    return Response(item.value, headers=headers, media_type="application/octet-stream")


async def get_metadata(call: Call) -> Response:
    """GET the metadata of a key."""
    return answer(_item(call).metadata)


async def put_value(call: Call) -> Response:
    """PUT a value, as the plain body or as a form with `value` and `metadata`."""
    found = namespace(call)
    key = checked_key(call.params["key"])
    body = await call.body(LONGEST_VALUE + MIB)
    value, metadata = _form(call, body) if call.content_type == "multipart/form-data" else (body, None)
    expiration, ttl = call.query("expiration"), call.query("expiration_ttl")
    write = checked_write(key, value, metadata, expiration, ttl, call.store.clock())
    call.store.kv.put(found.id, [write])
    return answer({})


def _form(call: Call, body: bytes) -> tuple[bytes, Any]:
    parts = {part.name: part.content for part in parse_form(call.request.headers["content-type"], body)}
    if "value" not in parts:
        raise bad_request("the form has no part named 'value'")
    return parts["value"], parse_json(parts["metadata"]) if parts.get("metadata") else None


async def delete_value(call: Call) -> Response:
    """DELETE a key; one that is not there is no error."""
    call.store.kv.delete(namespace(call).id, [checked_key(call.params["key"])])
    return answer({})


ENDPOINTS = (
    Endpoint("GET", f"{NAMESPACE}/values/{{key}}", get_value, KV_READ),
    Endpoint("PUT", f"{NAMESPACE}/values/{{key}}", put_value, KV_WRITE),
    Endpoint("DELETE", f"{NAMESPACE}/values/{{key}}", delete_value, KV_WRITE),
    Endpoint("GET", f"{NAMESPACE}/metadata/{{key}}", get_metadata, KV_READ),
)
