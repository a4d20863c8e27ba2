# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON with one spelling only, and a reader that takes nothing from a stranger on trust."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Iterable
from typing import Any, NoReturn

from .._canonical import canonical

MAX_DEPTH = 24
MAX_VALUES = 500_000
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
Json = Any


class Unsound(ValueError):
    """A text is no JSON that is used here; the message says why and what to do."""


def digest(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def same(one: Json, other: Json) -> bool:
    """Whether two values are the same JSON; C(true) is not C(1), unlike in Python."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(item, other[key]) for key, item in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def strict(content: bytes, most: int) -> Json:
    """Parse JSON of at most ``most`` bytes, in linear time. Raises Unsound and nothing else."""
    if len(content) > most:
        raise Unsound(f"it has {len(content)} bytes; {most} are the most")
    try:
        text = content.decode()
        _check_depth(text)
        value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_integer)
    except UnicodeDecodeError:
        raise Unsound("it is not UTF-8: save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise Unsound(f"it is not JSON, in line {error.lineno}, column {error.colno}") from None
    check_sound(value)
    return value


def check_sound(value: Json) -> None:
    """Raise Unsound for what JSON can't say everywhere alike: infinities, half characters, look-alike keys.

    Works without recursion, so that no nesting is too deep to be refused.
    """
    waiting, seen = [(value, 0)], 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if depth > MAX_DEPTH:
            raise Unsound(f"it is nested deeper than {MAX_DEPTH} levels: flatten it")
        if seen > MAX_VALUES:
            raise Unsound(f"it holds more than {MAX_VALUES} values: split it")
        if isinstance(item, dict):
            _check_keys(item)
            waiting += [(below, depth + 1) for below in item.values()]
        elif isinstance(item, list):
            waiting += [(below, depth + 1) for below in item]
        else:
            _check_scalar(item)


def _check_scalar(item: Json) -> None:
    if isinstance(item, float) and not math.isfinite(item):
        raise Unsound("it holds a number that is not finite: write a decimal number")
    if isinstance(item, str):
        _check_text(item)
    elif item is not None and not isinstance(item, bool | int | float):
        raise Unsound(f"it holds a {type(item).__name__}, which JSON has not: write text")


def _check_text(text: str) -> None:
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise Unsound("it holds half a character: write the whole Unicode character")


def _check_keys(mapping: dict[Json, Json]) -> None:
    known: dict[str, str] = {}
    for key in mapping:
        if not isinstance(key, str):
            raise Unsound(f"the key {str(key)[:40]} is no text: put it in quotes")
        _check_text(key)
        if not key or not key.isprintable():
            raise Unsound(f"the key {ascii(key)[:60]} is empty or holds what nobody can see: rename it")
        twin = known.setdefault(_look(key), key)
        if twin != key:
            raise Unsound(f"the keys {ascii(twin)[:60]} and {ascii(key)[:60]} look alike: rename one of them")


def _look(key: str) -> str:
    """What a key looks like to a reader: compatible characters and cases are one."""
    return key.lower() if key.isascii() else unicodedata.normalize("NFKC", key).casefold()


def _check_depth(text: str) -> None:
    """Brackets outside of texts, counted before the parser, which would recurse."""
    depth = 0
    for bracket in _BRACKET.findall(_QUOTED.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise Unsound(f"it is nested deeper than {MAX_DEPTH} levels: flatten it")


def _pairs(pairs: Iterable[tuple[str, Json]]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for key, value in pairs:
        if key in found:
            raise Unsound(f"the key {ascii(key)[:60]} stands twice: keep one of them")
        found[key] = value
    return found


def _constant(word: str) -> NoReturn:
    raise Unsound(f"{word} is no JSON: write a decimal number")


def _integer(digits: str) -> int:
    if len(digits) > 20:
        raise Unsound(f"a whole number of {len(digits)} digits: put it in quotes")
    return int(digits)


__all__ = ["MAX_DEPTH", "Json", "Unsound", "canonical", "check_sound", "digest", "same", "strict"]
