# SPDX-License-Identifier: GPL-3.0-or-later
"""What an unquoted word of a topology file means.

Booleans as everywhere in Ansible (YAML 1.1), decimal numbers, null; everything else stays text, such as
dates, C(12:30) and C(010).
"""

from __future__ import annotations

import math
import re

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "yes": True,
    "on": True,
    "false": False,
    "no": False,
    "off": False,
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE)


class NotFinite(ValueError):
    """The word is an infinity, not a number, or larger than any number."""


def plain_value(text: str) -> str | int | float | bool | None:
    """The value of an unquoted YAML word."""
    if text.lower() in _WORDS and text in (text.lower(), text.upper(), text.capitalize()):
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NOT_FINITE.fullmatch(text):
        raise NotFinite
    if _NUMBER.fullmatch(text) and any(char.isdigit() for char in text.lower().partition("e")[0]):
        return _finite(float(text))
    return text


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise NotFinite
    return number


__all__ = ["NotFinite", "plain_value"]
