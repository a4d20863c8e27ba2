# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON with one spelling only, so that equal values have equal digests on every machine."""

from __future__ import annotations

import json
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Any) -> bytes:
    """The bytes of a value: sorted keys, no blanks, UTF-8.

    Of objects with texts and whole numbers it is RFC 8785. Raises ValueError for what JSON can't say.
    """
    return _ENCODER.encode(value).encode()


__all__ = ["canonical"]
