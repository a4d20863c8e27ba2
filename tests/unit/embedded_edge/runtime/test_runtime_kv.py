# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of the KV binding."""

from __future__ import annotations

from typing import Any

import pytest
from embedded_edge.runtime import kv

NOW = 1_000_000.5


@pytest.mark.parametrize("key", ["a", "x" * 512, "\u00e4" * 256, "...", "a b/c?"])
def test_good_keys(key: str) -> None:
    assert kv.check_key(key) == key


@pytest.mark.parametrize(
    ("key", "status"), [("", 400), (".", 400), ("..", 400), ("x" * 513, 414), ("\u00e4" * 257, 414)]
)
def test_bad_keys(key: str, status: int) -> None:
    with pytest.raises(kv.KvRefused) as caught:
        kv.check_key(key)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, None),
        ({"expiration_ttl": "60"}, 1_000_060),
        ({"expiration": "1000061"}, 1_000_061),
        ({"expiration_ttl": "90", "expiration": "1000300"}, 1_000_090),
    ],
)
def test_expiration(query: dict[str, str], expected: int | None) -> None:
    assert kv.expiration(query, NOW) == expected


@pytest.mark.parametrize(
    "query",
    [
        {"expiration_ttl": "59"},
        {"expiration_ttl": "soon"},
        {"expiration_ttl": "NaN"},
        {"expiration_ttl": "Infinity"},
        {"expiration_ttl": "-60"},
        {"expiration": "1000060"},
        {"expiration": "0"},
    ],
)
def test_bad_expiration(query: dict[str, str]) -> None:
    with pytest.raises(kv.KvRefused, match="at least 60"):
        kv.expiration(query, NOW)


@pytest.mark.parametrize(("text", "expected"), [(None, None), ("null", None), ('{"a": 1}', {"a": 1})])
def test_metadata(text: str | None, expected: Any) -> None:
    assert kv.metadata(text) == expected


def test_limits_of_sizes() -> None:
    kv.check_value(kv.MAX_VALUE)
    with pytest.raises(kv.KvRefused, match="Value length of 26214401 exceeds limit of 26214400"):
        kv.check_value(kv.MAX_VALUE + 1)
    kv.metadata('"' + "x" * 1022 + '"')
    with pytest.raises(kv.KvRefused, match="Metadata length of 1025 exceeds limit of 1024"):
        kv.metadata('"' + "x" * 1023 + '"')


@pytest.mark.parametrize(("text", "expected"), [(None, 1000), ("1", 1), ("1000", 1000)])
def test_page_size(text: str | None, expected: int) -> None:
    assert kv.page_size(text) == expected


@pytest.mark.parametrize("text", ["0", "-1", "1001", "many"])
def test_bad_page_size(text: str) -> None:
    with pytest.raises(kv.KvRefused, match=f"key_count_limit of {text}"):
        kv.page_size(text)


@pytest.mark.parametrize("text", ["29", "0", "x"])
def test_bad_cache_ttl(text: str) -> None:
    kv.check_ttl(None)
    kv.check_ttl("30")
    with pytest.raises(kv.KvRefused, match=f"cache_ttl of {text}"):
        kv.check_ttl(text)
