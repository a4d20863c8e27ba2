# SPDX-License-Identifier: GPL-3.0-or-later
"""The search itself: a leak in any form is found, and clean files are clean."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
from taint import Canary, leaks

CARRIERS: dict[str, Callable[[str], bytes]] = {
    "raw": lambda value: value.encode(),
    "in a sentence": lambda value: f"the token is {value}, sorry".encode(),
    "url": lambda value: b"https://example.com/?t=" + urllib.parse.quote(value, safe="").encode(),
    "form": lambda value: urllib.parse.urlencode({"t": value}).encode(),
    "hex": lambda value: value.encode().hex().encode(),
    "json": lambda value: json.dumps({"t": value}).encode(),
    "base64": lambda value: base64.b64encode(value.encode()),
    "base64 of a header": lambda value: base64.b64encode(b"user:" + value.encode() + b"\n"),
    "base64 shifted by one": lambda value: base64.b64encode(b"x" + value.encode() + b"yy"),
    "base64url": lambda value: base64.urlsafe_b64encode(b"ab" + value.encode()),
}


@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS.keys())
def test_a_leak_is_found(carrier: Callable[[str], bytes], tmp_path: Path) -> None:
    canary = Canary("secret")
    (tmp_path / "log").write_bytes(b"before\n" + carrier(canary.value) + b"\nafter")
    found = leaks([canary], [tmp_path])
    assert found
    assert found[0].place.endswith("log")
    assert canary.value not in repr(found)


def test_a_leak_in_a_file_name_is_found(tmp_path: Path) -> None:
    canary = Canary("secret", "plain-value-of-a-canary")
    (tmp_path / canary.value).touch()
    assert leaks([canary], [tmp_path])


def test_other_values_are_no_leak(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(Canary("another").value.encode())
    assert leaks([Canary("secret")], [tmp_path]) == []
