# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which keys a file of OpenPGP keys holds, without GnuPG, which a small host may not have.

Packets: RFC 9580, section 4.2. The fingerprint of a version 4 key, the only one that apt of Debian 12 and 13
both know: section 5.5.4.2.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

_PUBLIC_KEY = 6
_BLOCK = re.compile(
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----[^\S\n]*\n(.*?)-----END PGP PUBLIC KEY BLOCK-----", re.DOTALL
)


class NoKeysError(Exception):
    """The data holds no keys that apt could use."""


def dearmored(data: bytes) -> bytes:
    """The keys in their binary form, which is what apt wants in a file that ends with ``.gpg``."""
    blocks = _BLOCK.findall(data.replace(b"\r\n", b"\n"))
    return b"".join(_decoded(block) for block in blocks) if blocks else data


def _decoded(block: bytes) -> bytes:
    lines = [line.strip() for line in block.splitlines()]
    # Headers end with an empty line; a checksum of the old kind begins with an equals sign.
    begin = lines.index(b"") if b"" in lines else 0
    try:
        return base64.b64decode(
            b"".join(line for line in lines[begin:] if not line.startswith(b"=")), validate=True
        )
    except binascii.Error as error:
        raise NoKeysError(f"a block of keys is damaged ({error})") from None


def fingerprints(keys: bytes) -> list[str]:
    """The fingerprints of the primary keys, 40 hexadecimal digits each. ``keys`` is the binary form."""
    found = []
    for tag, body in _packets(keys):
        if tag != _PUBLIC_KEY:
            continue
        if body[:1] != b"\x04":
            raise NoKeysError(f"it has a key of version {body[0] if body else '?'}, and apt knows 4")
        digest = hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False)
        found.append(digest.hexdigest().upper())
    if not found:
        raise NoKeysError("it has no public key")
    return found


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(data):
        first = data[position]
        if not first & 0x80:
            raise NoKeysError("it is no file of keys")
        tag, length, begin = (_new if first & 0x40 else _old)(data, position)
        if length < 0 or begin + length > len(data):
            raise NoKeysError("it ends in the middle of a key")
        yield tag, data[begin : begin + length]
        position = begin + length


def _new(data: bytes, position: int) -> tuple[int, int, int]:
    """Tag, length of the body and where it begins; parts of a body (224 to 254) are for messages only."""
    tag, size = data[position] & 0x3F, data[position + 1 : position + 2] or b"\xfe"
    if size[0] < 192:
        return tag, size[0], position + 2
    if size[0] < 224:
        return (
            tag,
            ((size[0] - 192) << 8) + int.from_bytes(data[position + 2 : position + 3], "big") + 192,
            position + 3,
        )
    if size[0] == 255:
        return tag, int.from_bytes(data[position + 2 : position + 6], "big"), position + 6
    return tag, -1, position


def _old(data: bytes, position: int) -> tuple[int, int, int]:
    octets = (1, 2, 4, 0)[data[position] & 3]
    begin = position + 1 + octets
    length = int.from_bytes(data[position + 1 : begin], "big") if octets else len(data) - begin
    return (data[position] >> 2) & 0xF, length, begin


__all__ = ["NoKeysError", "dearmored", "fingerprints"]
