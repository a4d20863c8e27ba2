# SPDX-License-Identifier: GPL-3.0-or-later
"""Planted values, and the search for them in everything that a run leaves behind."""

from __future__ import annotations

import base64
import gzip
import io
import re
import secrets
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_SHORTEST = 12


@dataclass(frozen=True)
class Canary:
    """A value that nothing but this run knows. Its text needs quoting in URLs, JSON and shells."""

    name: str
    value: str = field(default_factory=lambda: f"cn/{secrets.token_urlsafe(24)}+=&\"'end")

    @property
    def core(self) -> bytes:
        """The longest part of it that no quoting changes: whoever has that, has the value."""
        found = max(re.findall(r"[A-Za-z0-9_-]+", self.value), key=len)
        assert len(found) >= _SHORTEST, f"{self.name} is too short to be searched for"
        return found.encode()

    def forms(self) -> dict[str, bytes]:
        """What the core looks like when it was carried as it is or quoted, in hex, or in base64.

        In base64 the neighbours shift the text by up to two bytes, so three cuts are looked for.
        """
        core = self.core
        found = {"raw": core, "hex": core.hex().encode(), "HEX": core.hex().upper().encode()}
        for shift in range(3):
            text = base64.b64encode(b"\0" * shift + core).decode().rstrip("=")
            cut = text[4 if shift else 0 : -2]
            found[f"base64+{shift}"] = cut.encode()
            found[f"base64url+{shift}"] = cut.replace("+", "-").replace("/", "_").encode()
        return found


@dataclass(frozen=True)
class Leak:
    """A planted value in a file. Its text names the form, never the value."""

    canary: str
    form: str
    place: str


def leaks(canaries: Iterable[Canary], places: Iterable[Path]) -> list[Leak]:
    """Every planted value in the files below ``places``, in names of files and inside of archives too."""
    wanted = [(canary.name, form, text) for canary in canaries for form, text in canary.forms().items()]
    return [
        Leak(name, form, place)
        for path in _files(places)
        for place, content in unpacked(str(path), path.read_bytes())
        # Lines may break anywhere in base64 and hex. No form has a blank of its own.
        for squeezed in (content.translate(None, b" \t\r\n") + b"\n" + place.encode(errors="replace"),)
        for name, form, text in wanted
        if text in squeezed
    ]


def unpacked(place: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """A file, and what is packed in it, however deep."""
    yield place, content
    if content.startswith(b"\x1f\x8b"):
        yield from unpacked(place, gzip.decompress(content))
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                packed = archive.extractfile(member)
                yield from unpacked(f"{place}!{member.name}", packed.read() if packed else b"")
    elif content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield from unpacked(f"{place}!{name}", archive.read(name))


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_file():
            yield place
        else:
            yield from (path for path in place.rglob("*") if path.is_file() and not path.is_symlink())
