# SPDX-License-Identifier: GPL-3.0-or-later
"""The search itself: a leak in any form is found, and clean files are clean."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import tarfile
import urllib.parse
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from taint import Canary, leaks


def in_tar(name: str, content: bytes) -> bytes:
    """A tarball as ansible-galaxy makes it, with one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def in_zip(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner", content)
    return packed.getvalue()


CARRIERS: dict[str, Callable[[str], bytes]] = {
    "raw": lambda value: value.encode(),
    "in a sentence": lambda value: f"before\nthe token is {value}, sorry\nafter".encode(),
    "url": lambda value: b"https://example.com/?t=" + urllib.parse.quote(value, safe="").encode(),
    "form": lambda value: urllib.parse.urlencode({"t": value}).encode(),
    "hex": lambda value: value.encode().hex().encode(),
    "json": lambda value: json.dumps({"t": value}).encode(),
    "base64": lambda value: base64.b64encode(value.encode()),
    "base64 of a header": lambda value: base64.b64encode(b"user:" + value.encode() + b"\n"),
    "base64 shifted by one": lambda value: base64.b64encode(b"x" + value.encode() + b"yy"),
    "base64url": lambda value: base64.urlsafe_b64encode(b"ab" + value.encode()),
    "base64 in lines": lambda value: base64.encodebytes(b"x" * 40 + value.encode()),
    "base64 of JSON": lambda value: base64.b64encode(json.dumps({"t": value}).encode()),
    "hex of JSON": lambda value: json.dumps({"t": value}).encode().hex().upper().encode(),
    "Python": lambda value: repr({"t": value}).encode(),
    "HTML": lambda value: html.escape(value).encode(),
    "JSON in JSON": lambda value: json.dumps(json.dumps({"t": value})).encode(),
    "gzip": lambda value: gzip.compress(value.encode()),
    "a tarball": lambda value: in_tar("inner", base64.b64encode(value.encode())),
    "a name in a tarball": lambda value: in_tar(value.replace("/", "-"), b""),
    "a zip in a tarball": lambda value: in_tar("inner.zip", in_zip(value.encode())),
}


@pytest.mark.parametrize("carrier", CARRIERS.values(), ids=CARRIERS.keys())
def test_a_leak_is_found(carrier: Callable[[str], bytes], tmp_path: Path) -> None:
    canary = Canary("secret")
    (tmp_path / "log").write_bytes(carrier(canary.value))
    found = leaks([canary], [tmp_path])
    assert found
    assert "/log" in found[0].place
    assert canary.value not in repr(found)


def test_a_leak_in_a_file_name_is_found(tmp_path: Path) -> None:
    canary = Canary("secret", "plain-value-of-a-canary")
    (tmp_path / canary.value).touch()
    assert leaks([canary], [tmp_path])


def test_other_values_are_no_leak(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(Canary("another").value.encode())
    (tmp_path / "packed").write_bytes(in_tar("inner", Canary("another").value.encode()))
    assert leaks([Canary("secret")], [tmp_path]) == []


def test_what_cannot_be_searched_for_is_refused() -> None:
    with pytest.raises(AssertionError, match="short one is too short to be searched for"):
        Canary("short one", "p@ss/word").forms()
