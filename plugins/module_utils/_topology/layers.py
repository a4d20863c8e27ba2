# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings in layers: later layers win, key by key, and every value remembers the layer it came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]


@dataclass(frozen=True)
class Merged:
    """The effective settings, and for each value that is not a mapping the name of its layer."""

    value: dict[str, Any]
    origins: dict[Path, str]


def merge(layers: Iterable[tuple[str, Mapping[str, Any] | None]]) -> Merged:
    """Lay named layers over one another, the weakest first.

    Mappings merge, anything else replaces what was there, null removes it. The layers themselves
    stay as they are.
    """
    merged = Merged({}, {})
    for name, layer in layers:
        if layer:
            _overlay(merged.value, merged.origins, layer, name, ())
    return merged


def _overlay(
    base: dict[str, Any], origins: dict[Path, str], layer: Mapping[str, Any], name: str, above: Path
) -> None:
    for key, value in layer.items():
        path = (*above, key)
        if isinstance(value, Mapping):
            if not isinstance(base.get(key), dict):
                _forget(base, origins, key, path)
                base[key] = {}
            _overlay(base[key], origins, value, name, path)
            continue
        _forget(base, origins, key, path)
        if value is not None:
            base[key] = value
            origins[path] = name


def _forget(base: dict[str, Any], origins: dict[Path, str], key: str, path: Path) -> None:
    if isinstance(base.pop(key, None), dict):
        for below in [known for known in origins if known[: len(path)] == path]:
            del origins[below]
    origins.pop(path, None)


__all__ = ["Merged", "merge"]
