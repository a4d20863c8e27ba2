# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bundles: the modules of a Worker as files on the controller, checked before anything is written."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._cloudflare.upload import Module, content_type

ES_MODULE = "application/javascript+module"
#: The platform's limits of a paid plan: all modules together, raw and compressed.
MAX_BYTES, MAX_COMPRESSED = 64 * 2**20, 10 * 2**20

_DEFAULT_EXPORT = re.compile(
    rb"\bexport\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b|\bexport\s*\{[^}]*\bdefault\b[^}]*\}\s*from\b"
)


class BundleError(Exception):
    """A bundle can't be used; the text names the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Part:
    """One module: where it is, and what its content was when the plan was made."""

    name: str
    content_type: str
    sha256: str
    path: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """The modules of one Worker, the main one first."""

    parts: tuple[Part, ...]

    @property
    def main(self) -> str:
        return self.parts[0].name

    def digest(self) -> str:
        """One hash for names, types and contents, whatever the folder."""
        state = hashlib.sha256()
        for part in self.parts:
            state.update(f"{part.name}\0{part.content_type}\0{part.sha256}\n".encode())
        return state.hexdigest()

    def as_dict(self) -> list[dict[str, str]]:
        return [
            {"name": part.name, "content_type": part.content_type, "sha256": part.sha256, "path": part.path}
            for part in self.parts
        ]

    @classmethod
    def from_dict(cls, value: list[Mapping[str, Any]]) -> Bundle:
        return cls(tuple(Part(**{key: str(item[key]) for key in Part.__slots__}) for item in value))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A bundle with its content."""

    bundle: Bundle
    modules: tuple[Module, ...] = field(repr=False)


def load(main: str, extra: Mapping[str, str] | None = None) -> Loaded:
    """Read a bundle: ``main`` is a path, ``extra`` maps the names of further modules to their paths.

    Raises :class:`BundleError` for what the platform would refuse later, as far as it shows in the files.
    """
    paths = {Path(main).name: main} | dict(extra or {})
    if len(paths) != 1 + len(extra or {}):
        raise BundleError(f"Two modules of the bundle {main} have the name '{Path(main).name}': rename one.")
    modules = tuple(_module(name, path) for name, path in paths.items())
    _check_main(modules[0], main)
    _check_size(modules, main)
    parts = tuple(
        Part(item.name, item.content_type, hashlib.sha256(item.content).hexdigest(), path)
        for item, path in zip(modules, paths.values(), strict=True)
    )
    return Loaded(Bundle(parts), modules)


def reload(bundle: Bundle) -> tuple[Module, ...]:
    """Read the files again and refuse a bundle that has changed since the plan."""
    first, *more = bundle.parts
    again = load(first.path, {part.name: part.path for part in more})
    changed = [
        old.path
        for old, new in zip(bundle.parts, again.bundle.parts, strict=True)
        if old.sha256 != new.sha256
    ]
    if changed:
        raise BundleError(
            f"{', '.join(changed)} changed after the plan was made: what was planned is not what would be "
            "uploaded. Run the playbook again."
        )
    return again.modules


def _module(name: str, path: str) -> Module:
    kind = content_type(name)
    if kind is None:
        raise BundleError(f"Module '{name}' ({path}): the platform has no use for a file of this suffix.")
    try:
        return Module(name, kind, Path(path).read_bytes())
    except FileNotFoundError:
        raise BundleError(f"The bundle file {path} does not exist: build it, or correct its path.") from None
    except OSError as error:
        raise BundleError(f"The bundle file {path} can't be read: {error.strerror}.") from None


def _check_main(module: Module, path: str) -> None:
    if module.content_type != ES_MODULE:
        raise BundleError(f"The main module {path} must be an ES module: a file ending in .js or .mjs.")
    if not _DEFAULT_EXPORT.search(module.content):
        raise BundleError(
            f"The main module {path} has no default export, so the platform would refuse it (code 10021): "
            "export an object with a fetch handler as default."
        )


def _check_size(modules: tuple[Module, ...], path: str) -> None:
    total = sum(len(module.content) for module in modules)
    if total > MAX_BYTES:
        raise BundleError(f"The bundle {path} has {total:,} bytes: the limit is {MAX_BYTES:,}.")
    # Small ones are under the compressed limit whatever their content.
    if total > MAX_COMPRESSED:
        packed = sum(len(zlib.compress(module.content)) for module in modules)
        if packed > MAX_COMPRESSED:
            raise BundleError(
                f"The bundle {path} has {packed:,} bytes compressed: the limit is {MAX_COMPRESSED:,}."
            )


__all__ = ["Bundle", "BundleError", "Loaded", "Part", "load", "reload"]
