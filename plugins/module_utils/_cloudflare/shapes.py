# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readers of decoded JSON that answer typed values or raise :class:`Odd`, never KeyError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Odd(Exception):
    """A part of an answer has another shape than the API documents. Its text holds no value."""


def mapping(value: object) -> Mapping[str, Any]:
    """An object; null counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Odd(f"an object was expected, {_kind(value)} came")
    return value


def sequence(value: object) -> list[Any]:
    """A list; null counts as an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Odd(f"a list was expected, {_kind(value)} came")
    return value


def text(data: Mapping[str, Any], field: str) -> str:
    """A string that must be there."""
    value = optional_text(data, field)
    if not value:
        raise Odd(f"the field '{field}' is missing")
    return value


def optional_text(data: Mapping[str, Any], field: str) -> str | None:
    """A string or None."""
    value = data.get(field)
    if value is None or isinstance(value, str):
        return value
    raise Odd(f"the field '{field}' should be a string, {_kind(value)} came")


def texts(data: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """A list of strings; absent and null count as an empty one."""
    values = sequence(data.get(field))
    if not all(isinstance(value, str) for value in values):
        raise Odd(f"the field '{field}' should be a list of strings")
    return tuple(values)


def integer(data: Mapping[str, Any], field: str) -> int | None:
    """A whole number or None; the API writes some of them as 3.0."""
    value = data.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise Odd(f"the field '{field}' should be a whole number, {_kind(value)} came")
    return int(value)


def decimal(data: Mapping[str, Any], field: str) -> float:
    """A number that must be there."""
    value = data.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Odd(f"the field '{field}' should be a number, {_kind(value)} came")
    return float(value)


def _kind(value: object) -> str:
    return f"a {type(value).__name__}"


__all__ = ["Odd", "decimal", "integer", "mapping", "optional_text", "sequence", "text", "texts"]
