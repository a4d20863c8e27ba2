# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprints of keys, compared with those that GnuPG printed for the same keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import openpgp

VECTORS = Path(__file__).parents[4] / "vectors" / "openpgp"
ED25519 = "CF2A1DCB984C0376ED5D3F158B98F9992FFBA973"
ARMORED = (VECTORS / "ed25519.asc").read_bytes()
RSA = "ABE74D431C418F94CF778170C9EAE6A58A55077F"
# The key's packet alone, in the old format with two octets of length.
PACKET = (VECTORS / "rsa.gpg").read_bytes()
BODY = PACKET[3:]
BINARY = openpgp.dearmored(ARMORED)

FILES = {
    "armored": (ARMORED, [ED25519]),
    "armored with headers": (ARMORED.replace(b"-----\n\n", b"-----\nComment: a key\n\n"), [ED25519]),
    "armored for Windows": (ARMORED.replace(b"\n", b"\r\n"), [ED25519]),
    "two blocks": (ARMORED * 2, [ED25519] * 2),
    "binary": (BINARY, [ED25519]),
    "two keys": (BINARY + PACKET, [ED25519, RSA]),
    "new format, two octets": (
        b"\xc6" + bytes([((len(BODY) - 192) >> 8) + 192, (len(BODY) - 192) & 255]) + BODY,
        [RSA],
    ),
    "new format, five octets": (b"\xc6\xff" + len(BODY).to_bytes(4, "big") + BODY, [RSA]),
    "old format, four octets": (b"\x9a" + len(BODY).to_bytes(4, "big") + BODY, [RSA]),
    "old format, to the end": (b"\x9b" + BODY, [RSA]),
}


@pytest.mark.parametrize(("data", "found"), FILES.values(), ids=FILES)
def test_fingerprints(data, found):
    assert openpgp.fingerprints(openpgp.dearmored(data)) == found


BROKEN = {
    "nothing": (b"", "no public key"),
    "a page of a portal": (b"<html>Please log in</html>", "no file of keys"),
    "cut off": (BINARY[:30], "in the middle"),
    "a length is missing": (b"\xc6", "in the middle"),
    "another version": (b"\xc6\x01\x06", "version 6"),
    "damaged armor": (ARMORED.replace(b"mDMEaw", b"mDMEa!"), "damaged"),
    "a signature alone": (BINARY[78:], "no public key"),
}


@pytest.mark.parametrize(("data", "says"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_key_is_refused(data, says):
    with pytest.raises(openpgp.NoKeysError, match=says):
        openpgp.fingerprints(openpgp.dearmored(data))
