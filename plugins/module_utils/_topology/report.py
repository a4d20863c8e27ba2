# SPDX-License-Identifier: GPL-3.0-or-later
"""The effective settings and the secrets of a plane as text: key, value and the layer it comes from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from .model import Plane
from .problem import shown_text
from .schema import DOCUMENT

Over: TypeAlias = "tuple[tuple[str, ...], Any, str]"

GATEWAY = "gateway"
BUILT_IN = "default of the gateway"
_HEAD = ("key", "value", "layer")
_WIDEST = 56


def settings_report(plane: Plane, over: Iterable[Over] = ()) -> str:
    """A heading and one line a value, in columns; values that no layer sets are the gateway's own.

    ``over`` are values that hold instead of declared ones: key path, value or None, and where it comes from.
    """
    declared = (*_built_in(plane), *_set(plane), *_declared(plane))
    found = {key: (value, layer) for key, value, layer in declared}
    for path, value, origin in over:
        key = ".".join(path[1:] if path[0] == GATEWAY else path)
        for old in [name for name in found if name == key or name.startswith(f"{key}.")]:
            del found[old]
        if value is not None:
            leaves = _leaves(value, f"{key}.") if isinstance(value, Mapping) else [(key, value)]
            found |= {name: (_text(leaf), origin) for name, leaf in leaves}
    rows = [_HEAD, *sorted((key, *told) for key, told in found.items())]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [f"  {key:<{widths[0]}}  {value:<{widths[1]}}  {layer}" for key, value, layer in rows]
    kind = f"{plane.environment}, canary" if plane.canary else plane.environment
    return "\n".join([f"{plane.name}  {plane.url}  ({kind})", *lines])


def _set(plane: Plane) -> Iterator[tuple[str, str, str]]:
    for kind, values in (("settings", plane.settings), ("documents", plane.documents)):
        for key, value in _leaves(values, ""):
            yield key, _text(value), plane.origins.get(f"{kind}.{key}", "")


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
