# SPDX-License-Identifier: GPL-3.0-or-later
"""The `metadata` part of an upload and the modules beside it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from ..bundle import Module
from ..store.model import Json
from . import bindings as binding_rules
from .call import MIB, Call, as_object, parse_json
from .errors import ApiError, bad_request
from .numbers import is_number
from .uploads import Part, parse_form

OLDEST_DATE = "2021-11-02"
UPLOAD_LIMIT = 66 * MIB
CODE_LIMIT = 64 * MIB
JAVASCRIPT = {"application/javascript+module", "text/javascript+module"}
MODULE_TYPES = JAVASCRIPT | {
    "application/javascript",
    "text/javascript",
    "text/x-python",
    "text/x-python-requirement",
    "application/wasm",
    "text/plain",
    "application/octet-stream",
    "application/source-map",
    "application/json",
}
ANNOTATIONS = {"workers/message": 1000, "workers/tag": 100, "workers/alias": 63}
SCRIPT_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]{0,254}")


@dataclass(frozen=True)
class Upload:
    """An upload whose shape was checked."""

    main_module: str
    modules: tuple[Module, ...]
    bindings: list[Json] = field(repr=False)
    compatibility_date: str
    compatibility_flags: tuple[str, ...]
    keep_bindings: tuple[str, ...]
    annotations: Json
    extras: Json
    settings: Json
    tags: tuple[str, ...] | None

    @property
    def etag(self) -> str:
        """Return the digest of the code."""
        return content_etag(self.main_module, self.modules)


def content_etag(main_module: str, modules: Sequence[Module]) -> str:
    """Return the SHA-256 of the modules, their names and types, whatever their order."""
    whole = hashlib.sha256(main_module.encode() + b"\0")
    for module in sorted(modules, key=lambda m: m.name):
        whole.update(
            f"{module.name}\0{module.content_type}\0".encode() + hashlib.sha256(module.content).digest()
        )
    return whole.hexdigest()


def check_script_name(name: str) -> None:
    """Insist on a name that Workers may have."""
    if not SCRIPT_NAME.fullmatch(name):
        raise ApiError(
            400,
            10016,
            f"Invalid Worker name '{name[:80]}': use 1 to 255 of a-z, 0-9, - and _, not starting with -.",
        )


async def read_upload(call: Call) -> Upload:
    """Read and check a multipart upload."""
    parts = parse_form(call.request.headers.get("content-type", ""), await call.body(UPLOAD_LIMIT))
    metadata = next((part for part in parts if part.name == "metadata"), None)
    if metadata is None:
        raise bad_request("could not read content for part metadata: the upload has no such part")
    return _upload(as_object(parse_json(metadata.content)), [part for part in parts if part is not metadata])


def _upload(metadata: Json, parts: list[Part]) -> Upload:
    modules = _modules(parts)
    return Upload(
        main_module=_main_module(metadata, modules),
        modules=modules,
        bindings=binding_rules.parse(metadata.get("bindings") or []),
        compatibility_date=compatibility_date(metadata.get("compatibility_date")),
        compatibility_flags=texts(metadata, "compatibility_flags"),
        keep_bindings=texts(metadata, "keep_bindings"),
        annotations=checked_annotations(metadata.get("annotations")),
        extras=versioned_extras(metadata),
        settings=script_settings(metadata),
        tags=tags(metadata["tags"]) if metadata.get("tags") is not None else None,
    )


def _modules(parts: list[Part]) -> tuple[Module, ...]:
    modules: dict[str, Module] = {}
    for part in parts:
        name = part.filename or part.name
        if part.content_type not in MODULE_TYPES:
            known = ", ".join(sorted(MODULE_TYPES))
            raise bad_request(
                f"module {name[:200]} has content type '{part.content_type[:80]}'; known: {known}"
            )
        if name in modules:
            raise bad_request(f"two modules are named {name[:200]}")
        modules[name] = Module(name, part.content_type, part.content)
    if sum(len(module.content) for module in modules.values()) > CODE_LIMIT:
        raise ApiError(413, 10027, f"Your Worker exceeded the size limit of {CODE_LIMIT // MIB} MiB.")
    return tuple(modules.values())


def _main_module(metadata: Json, modules: tuple[Module, ...]) -> str:
    name = metadata.get("main_module")
    if not isinstance(name, str) or not name:
        hint = (
            "; 'body_part' (service worker syntax) is not supported here" if "body_part" in metadata else ""
        )
        raise bad_request(f"'main_module' must name the part with the Worker's entry point{hint}")
    main = next((module for module in modules if module.name == name), None)
    if main is None:
        found = ", ".join(module.name[:80] for module in modules[:10]) or "none"
        raise bad_request(f"main_module '{name[:200]}' is not among the uploaded modules ({found})")
    if main.content_type not in JAVASCRIPT:
        must = "must have the content type application/javascript+module"
        raise bad_request(f"main_module '{name[:200]}' {must}, not {main.content_type}")
    return name


def compatibility_date(value: Any) -> str:
    """Check a compatibility date; none means the oldest."""
    if value in (None, ""):
        return OLDEST_DATE
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise bad_request("'compatibility_date' must be a date such as 2026-01-31")
    try:
        parsed = date.fromisoformat(value)
    except ValueError:
        raise bad_request(f"'{value}' is no valid compatibility date") from None
    if parsed > datetime.now(UTC).date():
        raise bad_request(f'Can\'t set compatibility date in the future: "{value}".')
    return value


def texts(holder: Json, name: str) -> tuple[str, ...]:
    """Return a field that must be a list of texts."""
    value = holder.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) and len(item) <= 1024 for item in value):
        raise bad_request(f"'{name}' must be a list of texts")
    return tuple(value)


def tags(value: Any) -> tuple[str, ...]:
    """Check the tags of a script."""
    found = texts({"tags": value}, "tags")
    for tag in found:
        if not tag or "," in tag or "&" in tag or len(tag.encode()) > 1024:
            raise bad_request("a tag is a text of 1 to 1024 bytes without ',' and '&'")
    return tuple(dict.fromkeys(found))


def checked_annotations(value: Any) -> Json:
    """Check the annotations of a version or deployment against their limits in bytes."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_request("'annotations' must be an object")
    kept = {name: text for name, text in value.items() if text is not None and name != "workers/triggered_by"}
    for name, text in kept.items():
        if not isinstance(text, str):
            raise bad_request(f"annotation {name[:80]} must be a text")
        limit = ANNOTATIONS.get(name, 1000)
        if len(text.encode()) > limit:
            raise bad_request(f"annotation {name[:80]} is longer than {limit} bytes")
    return kept


def versioned_extras(metadata: Json) -> Json:
    """Pick the other settings that belong to a version."""
    extras: Json = {}
    for name in ("placement", "limits", "cache_options"):
        if metadata.get(name) is None:
            continue
        if not isinstance(metadata[name], dict):
            raise bad_request(f"'{name}' must be an object")
        if metadata[name]:
            extras[name] = metadata[name]
    _check_placement(extras.get("placement", {}))
    return extras


def _check_placement(placement: Json) -> None:
    if not placement:
        return
    if placement.get("mode", "targeted") not in ("smart", "targeted", "off"):
        raise bad_request("'placement.mode' must be smart, targeted or off")
    targets = [name for name in ("region", "host", "hostname") if name in placement]
    if len(targets) > 1 or not all(isinstance(placement[name], str) and placement[name] for name in targets):
        raise bad_request("'placement' takes one of region, host or hostname, each a text")
    region = placement.get("region")
    if region is not None and not re.fullmatch(r"[a-z0-9]+:[a-z0-9-]+", region):
        raise bad_request("'placement.region' is written provider:region, such as aws:eu-central-1")


def script_settings(holder: Json) -> Json:
    """Pick and check the settings that no version carries."""
    settings: Json = {}
    if holder.get("logpush") is not None:
        if not isinstance(holder["logpush"], bool):
            raise bad_request("'logpush' must be true or false")
        settings["logpush"] = holder["logpush"]
    if holder.get("observability") is not None:
        _check_observability(holder["observability"])
        settings["observability"] = holder["observability"]
    if holder.get("tail_consumers") is not None:
        consumers = holder["tail_consumers"]
        if not isinstance(consumers, list) or not all(
            isinstance(c, dict) and isinstance(c.get("service"), str) for c in consumers
        ):
            raise bad_request("'tail_consumers' must be a list of objects with 'service'")
        settings["tail_consumers"] = consumers
    return settings


def _check_observability(value: Any) -> None:
    if not isinstance(value, dict) or not isinstance(value.get("enabled"), bool):
        raise bad_request("'observability' must be an object with 'enabled', true or false")
    rate = value.get("head_sampling_rate")
    if rate is not None and not is_number(rate, 0, 1):
        raise bad_request("'observability.head_sampling_rate' must be a number from 0 to 1")
