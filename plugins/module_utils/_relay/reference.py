# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Worker holds in place of a resident secret: which connector it may use, as which plane, until when.

Sealed with AES-SIV (RFC 5297), so that a Worker can neither read nor make one, and the same facts give the
same text: a deployment without changes stays without changes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from .keys import base64url, unbase64url

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV
except ImportError:
    pass

PREFIX = "r1."
LONGEST = 2048
_PURPOSE = b"adsengineer relay reference"


class ReferenceRefused(Exception):
    """No reference of this tenant's; the text never shows it."""


@dataclass(frozen=True)
class Reference:
    """C(expires) is in seconds since 1970."""

    tenant: str
    environment: str
    plane: str
    connector: str
    expires: int


def seal(reference: Reference, key: bytes) -> str:
    """The text that a Worker is given. C(key) is of :func:`keys.sealing_key`."""
    content = json.dumps(asdict(reference), sort_keys=True, separators=(",", ":")).encode()
    bound = [_PURPOSE, reference.tenant.encode(), reference.environment.encode()]
    return PREFIX + base64url(AESSIV(key).encrypt(content, bound))


def unseal(text: str, keys: Sequence[bytes], tenant: str, environment: str) -> Reference:
    """The reference, if one of these keys sealed it for this tenant. Raises ReferenceRefused."""
    if not text.startswith(PREFIX) or len(text) > LONGEST:
        raise ReferenceRefused("it has not the form of a reference")
    try:
        raw = unbase64url(text.removeprefix(PREFIX))
    except ValueError:
        raise ReferenceRefused("it has not the form of a reference") from None
    bound = [_PURPOSE, tenant.encode(), environment.encode()]
    for key in keys:
        try:
            return Reference(**json.loads(AESSIV(key).decrypt(raw, bound)))
        except (InvalidTag, ValueError):
            continue
    raise ReferenceRefused("it was not sealed for this tenant, or was changed")


def expiry(today: date, days: int) -> int:
    """When a reference ends that is made today: after at least ``days``, at the end of a period of as many.

    All days of a period give the same time, so that what is deployed changes once in a period only.
    """
    period = today.toordinal() // days
    end = date.fromordinal((period + 2) * days)
    return int((end - date(1970, 1, 1)) / timedelta(seconds=1))


__all__ = ["LONGEST", "PREFIX", "Reference", "ReferenceRefused", "expiry", "seal", "unseal"]
