# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Worker upload and its multipart form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

#: Parts as httpx takes them: (part name, (file name, content, content type)).
Form: TypeAlias = "list[tuple[str, tuple[str | None, bytes, str]]]"

_TYPES = {
    ".js": "application/javascript+module",
    ".mjs": "application/javascript+module",
    ".wasm": "application/wasm",
    ".txt": "text/plain",
    ".html": "text/plain",
    ".sql": "text/plain",
    ".map": "application/source-map",
    ".py": "text/x-python",
    ".bin": "application/octet-stream",
}


# RFC 7518, section 6: the members of a JSON Web Key that are private.
_PRIVATE_JWK = ("k", "d", "p", "q", "dp", "dq", "qi")


@dataclass(frozen=True, slots=True)
class Module:
    """One file of a Worker; ``name`` is how the other modules import it."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Upload:
    """All that makes one version. Bindings are replaced wholesale by every upload.

    ``secrets`` become ``secret_text`` bindings and are kept out of the repr. ``message`` and ``tag``
    are the version's annotations (at most 1000 and 100 bytes). ``tags`` are labels of the script, not of
    the version: None leaves them alone, and only :meth:`Workers.put` can send them.
    """

    main_module: str
    modules: tuple[Module, ...]
    bindings: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    compatibility_date: str | None = None
    compatibility_flags: tuple[str, ...] = ()
    placement: Mapping[str, Any] | None = None
    message: str = ""
    tag: str = ""
    tags: tuple[str, ...] | None = None
    keep_bindings: tuple[str, ...] = ()
    secrets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    def all_bindings(self) -> list[dict[str, Any]]:
        """The bindings with the secrets among them, as the API takes them."""
        hidden = [{"name": key, "type": "secret_text", "text": value} for key, value in self.secrets.items()]
        return [*self.bindings, *hidden]

    def hidden_values(self) -> tuple[str, ...]:
        """Every value that no message may show, raw bindings included."""
        return (*self.secrets.values(), *(value for item in self.bindings for value in _hidden(item)))


def _hidden(binding: Mapping[str, Any]) -> list[str]:
    if binding.get("type") == "secret_text":
        return [str(binding.get("text", ""))]
    if binding.get("type") == "secret_key":
        jwk = binding.get("key_jwk")
        parts = [jwk.get(name) for name in _PRIVATE_JWK] if isinstance(jwk, Mapping) else []
        return [str(part) for part in (binding.get("key_base64"), *parts) if part]
    return []


def content_type(name: str) -> str | None:
    """The type of a module by its file name, or None for a file the platform has no use for."""
    return next((kind for suffix, kind in _TYPES.items() if name.endswith(suffix)), None)


def metadata(upload: Upload, *, with_tags: bool) -> dict[str, Any]:
    """The part ``metadata`` of the form."""
    notes = {"workers/message": upload.message, "workers/tag": upload.tag}
    optional = {
        "compatibility_date": upload.compatibility_date,
        "compatibility_flags": list(upload.compatibility_flags),
        "placement": dict(upload.placement or {}),
        "annotations": {key: value for key, value in notes.items() if value},
        "keep_bindings": list(upload.keep_bindings),
        "tags": list(upload.tags) if with_tags and upload.tags is not None else None,
    }
    fixed: dict[str, Any] = {"main_module": upload.main_module, "bindings": upload.all_bindings()}
    kept = {key: value for key, value in optional.items() if value or (key == "tags" and value is not None)}
    return fixed | kept


def form(upload: Upload, *, with_tags: bool) -> Form:
    """The whole multipart form: the metadata first, then one part for each module."""
    head = json.dumps(metadata(upload, with_tags=with_tags), separators=(",", ":")).encode()
    files = [(item.name, (item.name, item.content, item.content_type)) for item in upload.modules]
    return [("metadata", (None, head, "application/json")), *files]


__all__ = ["Form", "Module", "Upload", "content_type", "form", "metadata"]
