# SPDX-License-Identifier: GPL-3.0-or-later
"""Many KV keys in one call."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from starlette.responses import Response

from ..bundle import KvItem
from ..store.model import Json, KvWrite
from .call import MIB, Call, boolean_field
from .errors import ApiError, answer, bad_request
from .namespaces import KV_READ, KV_WRITE, NAMESPACE, namespace
from .router import Endpoint
from .values import checked_key, checked_write

MOST_WRITES = 10_000
MOST_READS = 100
BODY_LIMIT = 100 * MIB
BAD_BULK = 10029


async def put_bulk(call: Call) -> Response:
    """PUT up to 10,000 keys; those that a fault makes fail are named."""
    found = namespace(call)
    pairs = _list(await call.json(BODY_LIMIT), MOST_WRITES)
    now = call.store.clock()
    writes = [_write(pair, now) for pair in pairs]
    failed = _failed(call, [write.key for write in writes])
    call.store.kv.put(found.id, [write for write in writes if write.key not in failed])
    return _counted([write.key for write in writes], failed)


def _write(pair: Any, now: float) -> KvWrite:
    if (
        not isinstance(pair, dict)
        or not isinstance(pair.get("key"), str)
        or not isinstance(pair.get("value"), str)
    ):
        raise bad_request("each pair needs 'key' and 'value', both texts", BAD_BULK)
    value = _decoded(pair) if boolean_field(pair, "base64", False, BAD_BULK) else pair["value"].encode()
    return checked_write(
        pair["key"], value, pair.get("metadata"), pair.get("expiration"), pair.get("expiration_ttl"), now
    )


def _decoded(pair: Json) -> bytes:
    try:
        return base64.b64decode(pair["value"].encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise bad_request(f"the value of key '{pair['key'][:80]}' is no base64", BAD_BULK) from None


async def delete_bulk(call: Call) -> Response:
    """Delete up to 10,000 keys."""
    found = namespace(call)
    keys = [checked_key(key) for key in _texts(await call.json(BODY_LIMIT), MOST_WRITES)]
    failed = _failed(call, keys)
    call.store.kv.delete(found.id, [key for key in keys if key not in failed])
    return _counted(keys, failed)


def _failed(call: Call, keys: list[str]) -> set[str]:
    return call.partial.fails(keys) if call.partial is not None else set()


def _counted(keys: list[str], failed: set[str]) -> Response:
    unsuccessful = [key for key in dict.fromkeys(keys) if key in failed]
    done = len(keys) - sum(key in failed for key in keys)
    return answer({"successful_key_count": done, "unsuccessful_keys": unsuccessful})


async def get_bulk(call: Call) -> Response:
    """POST up to 100 keys and get their values, as text or parsed JSON; a missing one is null."""
    found = namespace(call)
    body = await call.object()
    kind = body.get("type", "text")
    if kind not in ("text", "json"):
        raise bad_request("'type' must be text or json", BAD_BULK)
    with_metadata = boolean_field(body, "withMetadata", False, BAD_BULK)
    values: Json = {}
    for key in _texts(body.get("keys"), MOST_READS):
        item = call.store.kv.get(found.id, checked_key(key))
        values[key] = None if item is None else _shown(key, item, kind, with_metadata)
    return answer({"values": values})


def _shown(key: str, item: KvItem, kind: str, with_metadata: bool) -> Any:
    try:
        value = json.loads(item.value) if kind == "json" else item.value.decode()
    except (ValueError, RecursionError):
        raise bad_request(f"the value of key '{key[:80]}' is no {kind}", BAD_BULK) from None
    if not with_metadata:
        return value
    shown: Json = {"value": value, "metadata": item.metadata}
    return shown | ({"expiration": item.expiration} if item.expiration is not None else {})


def _list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise bad_request("a list is expected", BAD_BULK)
    if len(value) > most:
        raise ApiError(400, BAD_BULK, f"at most {most} keys in one request, not {len(value)}")
    return value


def _texts(value: Any, most: int) -> list[str]:
    found = _list(value, most)
    if not all(isinstance(key, str) for key in found):
        raise bad_request("a list of keys is expected, each a text", BAD_BULK)
    return found


ENDPOINTS = (
    Endpoint("PUT", f"{NAMESPACE}/bulk", put_bulk, KV_WRITE),
    Endpoint("DELETE", f"{NAMESPACE}/bulk", delete_bulk, KV_WRITE),
    Endpoint("POST", f"{NAMESPACE}/bulk/delete", delete_bulk, KV_WRITE),
    Endpoint("POST", f"{NAMESPACE}/bulk/get", get_bulk, KV_READ),
)
