# SPDX-License-Identifier: GPL-3.0-or-later
"""The platform's limits of the KV binding; a refusal becomes "KV PUT failed: 413 ..." in the Worker."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = [
    "MAX_VALUE",
    "KvRefused",
    "check_key",
    "check_ttl",
    "check_value",
    "expiration",
    "metadata",
    "page_size",
]

MAX_KEY = 512
MAX_VALUE = 25 * 1024 * 1024
MAX_METADATA = 1024
MIN_TTL = 60
MIN_CACHE_TTL = 30
MAX_LIMIT = 1000


class KvRefused(Exception):
    """The status and the text that the platform would answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def check_key(key: str) -> str:
    """Return a key that the platform takes."""
    if not key:
        raise KvRefused(400, "Key name cannot be empty.")
    if key in {".", ".."}:
        raise KvRefused(400, f'"{key}" is not allowed as a key name.')
    length = len(key.encode())
    if length > MAX_KEY:
        raise KvRefused(414, f"UTF-8 encoded length of {length} exceeds key length limit of {MAX_KEY}.")
    return key


def check_ttl(text: str | None) -> None:
    """Check the cacheTtl of a read."""
    if text is None:
        return
    seconds = _whole(text)
    if seconds is None or seconds < MIN_CACHE_TTL:
        raise KvRefused(400, f"Invalid cache_ttl of {text}. Cache TTL must be at least {MIN_CACHE_TTL}.")


def check_value(length: int) -> None:
    """Check the size of a value in bytes."""
    if length > MAX_VALUE:
        raise KvRefused(413, f"Value length of {length} exceeds limit of {MAX_VALUE}.")


def metadata(text: str | None) -> Any:
    """Read the metadata that the binding sent as JSON."""
    if text is None:
        return None
    length = len(text.encode())
    if length > MAX_METADATA:
        raise KvRefused(413, f"Metadata length of {length} exceeds limit of {MAX_METADATA}.")
    return json.loads(text)


def expiration(query: Mapping[str, str], now: float) -> int | None:
    """When a written value expires, in seconds since 1970; a lifetime goes before a time."""
    ttl, at = query.get("expiration_ttl"), query.get("expiration")
    if ttl is not None:
        seconds = _whole(ttl)
        if seconds is None or seconds < MIN_TTL:
            raise KvRefused(
                400, f"Invalid expiration_ttl of {ttl}. Expiration TTL must be at least {MIN_TTL}."
            )
        return math.floor(now) + seconds
    if at is None:
        return None
    moment = _whole(at)
    if moment is None or moment < now + MIN_TTL:
        raise KvRefused(
            400,
            f"Invalid expiration of {at}. Expiration times must be at least {MIN_TTL} seconds in the future.",
        )
    return moment


def page_size(text: str | None) -> int:
    """How many keys a list may return."""
    limit = MAX_LIMIT if text is None else _whole(text)
    if limit is None or limit < 1:
        raise KvRefused(400, f"Invalid key_count_limit of {text}. Please specify an integer greater than 0.")
    if limit > MAX_LIMIT:
        raise KvRefused(
            400, f"Invalid key_count_limit of {limit}. Please specify an integer less than {MAX_LIMIT}."
        )
    return limit


def _whole(text: str) -> int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if math.isfinite(value) and value >= 0 else None
