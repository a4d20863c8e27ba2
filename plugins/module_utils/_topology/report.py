# SPDX-License-Identifier: GPL-3.0-or-later
"""The effective settings and the secrets of a plane as text: key, value and the layer it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .model import Plane
from .problem import shown_text
from .schema import DOCUMENT

BUILT_IN = "default of the gateway"
_HEAD = ("key", "value", "layer")
_WIDEST = 56


def settings_report(plane: Plane) -> str:
    """A heading and one line a value, in columns; values that no layer sets are the gateway's own."""
    rows = [_HEAD, *sorted((*_set(plane), *_built_in(plane), *_declared(plane)))]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"  {key:<{widths[0]}}  {value:<{widths[1]}}  {layer}" for key, value, layer in rows]
    kind = f"{plane.environment}, canary" if plane.canary else plane.environment
    return "\n".join([f"{plane.name}  {plane.url}  ({kind})", *lines])


def _set(plane: Plane) -> Iterator[tuple[str, str, str]]:
    for key, value in _leaves(plane.settings, ""):
        yield key, _text(value), plane.origins[f"settings.{key}"]


def _declared(plane: Plane) -> Iterator[tuple[str, str, str]]:
    """The secrets: where their values come from, which stay in the store."""
    for key, value in _leaves(plane.secrets, "secrets."):
        yield key, _text(value), plane.origins.get(key, "when not set")


def _built_in(plane: Plane) -> Iterator[tuple[str, str, str]]:
    for key, schema in DOCUMENT["properties"].items():
        if "default" in schema and key not in plane.settings:
            yield key, _text(schema["default"]), BUILT_IN


def _leaves(settings: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _text(value: Any) -> str:
    return shown_text(json.dumps(value, ensure_ascii=False), limit=_WIDEST)


__all__ = ["BUILT_IN", "settings_report"]
