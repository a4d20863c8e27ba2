# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One Worker as it is declared: its files, bindings, and fingerprint. Pure but for reading the files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._cloudflare.upload import Module, Upload, content_type

TAG = "fp:"
_FIELDS = {"secret_text": ("text",), "secret_key": ("key_base64", "key_jwk")}


class Undeclarable(Exception):
    """The declaration can't be turned into an upload; the text names the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a Worker should be. None means: leave what is there alone."""

    name: str
    upload: Upload
    fingerprint: str
    hostnames: tuple[str, ...] | None = None
    zone: str | None = None
    tags: tuple[str, ...] | None = None
    workers_dev: bool | None = None


@dataclass(frozen=True, slots=True)
class Friendly:
    """Bindings in the short forms of the module's options."""

    vars: Mapping[str, Any] = field(default_factory=dict)
    kv_namespaces: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    version_metadata: str | None = None
    raw: tuple[dict[str, Any], ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def modules_of(source: Path, main: str | None) -> tuple[str, tuple[Module, ...]]:
    """The main module's name and all modules of a file or folder on the controller."""
    if source.is_file():
        name = main or source.name
        return name, (_module(source, name),)
    if not source.is_dir():
        raise Undeclarable(f"{source} is no file or folder on the controller")
    found = sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith("."))
    names = [path.relative_to(source).as_posix() for path in found]
    modules = [_module(path, name) for path, name in zip(found, names, strict=True) if content_type(name)]
    return _main(main or "index.js", [module.name for module in modules], source), tuple(modules)


def inline(content: str, main: str | None) -> tuple[str, tuple[Module, ...]]:
    """One module whose text stands in the task."""
    name = main or "index.js"
    return name, (Module(name, _type_of(name), content.encode()),)


def bindings(friendly: Friendly, namespace_ids: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """All bindings but the secrets, sorted by name; ``namespace_ids`` maps titles to ids."""
    made = [
        *({"name": name, **_variable(value)} for name, value in friendly.vars.items()),
        *(
            {"name": name, "type": "kv_namespace", "namespace_id": namespace_ids[title]}
            for name, title in friendly.kv_namespaces.items()
        ),
        *({"name": name, "type": "service", "service": to} for name, to in friendly.services.items()),
        *friendly.raw,
    ]
    if friendly.version_metadata:
        made.append({"name": friendly.version_metadata, "type": "version_metadata"})
    _once([*(str(item.get("name")) for item in made), *friendly.secrets])
    return tuple(sorted(made, key=lambda item: str(item.get("name"))))


def fingerprint(upload: Upload, salt: str) -> str:
    """The hex digest of everything that makes a version.

    Anybody who may read the version sees it, so secrets enter it through scrypt: guessing one from the
    fingerprint costs 16 MB and some 50 ms for each guess.
    """
    shape = {
        "format": 1,
        "main_module": upload.main_module,
        "modules": {item.name: [item.content_type, _sha256(item.content)] for item in upload.modules},
        "bindings": [public(item) for item in upload.bindings],
        "secrets": sorted(upload.secrets),
        "values": _stretched(upload, salt),
        "compatibility": [upload.compatibility_date, sorted(upload.compatibility_flags)],
        "placement": dict(upload.placement or {}),
        "keep_bindings": sorted(upload.keep_bindings),
    }
    return _sha256(json.dumps(shape, sort_keys=True, separators=(",", ":")).encode())


def public(binding: Mapping[str, Any]) -> dict[str, Any]:
    """A binding without its secret values."""
    hidden = _FIELDS.get(str(binding.get("type")), ())
    return {key: value for key, value in binding.items() if key not in hidden}


def tag_of(digest: str) -> str:
    """The version annotation that carries a fingerprint."""
    return TAG + digest[:32]


def _module(path: Path, name: str) -> Module:
    try:
        return Module(name, _type_of(name), path.read_bytes())
    except OSError as error:
        text = f"{path} can't be read: {error.strerror}"
    raise Undeclarable(text)


def _type_of(name: str) -> str:
    kind = content_type(name)
    if kind is None:
        raise Undeclarable(
            f"{name} is no module that a Worker can have; use .js, .mjs, .wasm, .txt, .html or .bin"
        )
    return kind


def _main(main: str, names: list[str], source: Path) -> str:
    if main not in names:
        known = ", ".join(names[:10]) or "none"
        raise Undeclarable(
            f"{source} has no module '{main}': set main_module to one of its modules ({known})"
        )
    return main


def _variable(value: Any) -> dict[str, Any]:
    return (
        {"type": "plain_text", "text": value} if isinstance(value, str) else {"type": "json", "json": value}
    )


def _once(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not name or name == "None":
            raise Undeclarable("a binding has no name: give each one a name")
        if name in seen:
            raise Undeclarable(f"the binding '{name}' is declared twice: keep one of them")
        seen.add(name)


def _stretched(upload: Upload, salt: str) -> str:
    values = upload.hidden_values()
    if not values:
        return ""
    key = json.dumps(
        [
            sorted(upload.secrets.items()),
            [dict(item) for item in upload.bindings if item.get("type") in _FIELDS],
        ],
        sort_keys=True,
    )
    return hashlib.scrypt(key.encode(), salt=salt.encode(), n=2**14, r=8, p=1, dklen=32).hex()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


__all__ = [
    "Declared",
    "Friendly",
    "Undeclarable",
    "bindings",
    "fingerprint",
    "inline",
    "modules_of",
    "public",
    "tag_of",
]
