# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a Worker: those of its versions, and those that no version carries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from ..store.model import Json, NewVersion, Script, Version
from . import bindings as binding_rules
from .call import JSON_LIMIT, Call, as_object, parse_json
from .errors import answer, bad_request, no_script
from .metadata import checked_annotations, compatibility_date, script_settings, tags, texts, versioned_extras
from .publish import SETTINGS_NOT_DEPLOYED, deploy_whole, derived, latest_deployed
from .router import Endpoint
from .scripts import READ, SCRIPT, WRITE
from .uploads import parse_form

SCRIPT_LEVEL = {"tags", "logpush", "observability", "tail_consumers"}
VERSIONED = {
    "bindings",
    "compatibility_date",
    "compatibility_flags",
    "placement",
    "limits",
    "cache_options",
    "annotations",
    "usage_model",
    "keep_bindings",
}


def _script_level(script: Script) -> Json:
    return {
        "logpush": bool(script.settings.get("logpush", False)),
        "observability": script.settings.get("observability", {"enabled": False}),
        "tags": list(script.tags),
        "tail_consumers": script.settings.get("tail_consumers", []),
    }


async def get_script_settings(call: Call) -> Response:
    """GET the settings that no version carries."""
    return answer(_script_level(call.script()))


async def patch_script_settings(call: Call) -> Response:
    """PATCH the settings that no version carries; a rollback does not restore them."""
    script = call.script()
    body = await call.object()
    if unknown := set(body) - SCRIPT_LEVEL:
        raise bad_request(f"unknown settings: {', '.join(sorted(unknown))}"[:300])
    _apply_script_level(call, script, body)
    return answer(_script_level(call.script()))


def _apply_script_level(call: Call, script: Script, body: Json) -> None:
    settings = script_settings(body)
    cleared = {name: None for name in SCRIPT_LEVEL & set(body) if body[name] is None and name != "tags"}
    merged = {k: v for k, v in {**script.settings, **settings, **cleared}.items() if v is not None}
    wanted_tags = tags(body["tags"]) if "tags" in body else script.tags
    if (merged, wanted_tags) == (script.settings, script.tags):
        return
    with call.store.database.transaction():
        call.store.scripts.set_settings(script.name, merged)
        call.store.scripts.set_tags(script.name, wanted_tags)
        call.store.scripts.touch(script.name)


def _whole(script: Script, version: Version) -> Json:
    shown: Json = {
        **_script_level(script),
        "annotations": version.annotations,
        "bindings": binding_rules.public(version.bindings),
        "compatibility_date": version.compatibility_date,
        "compatibility_flags": list(version.compatibility_flags),
        "usage_model": "standard",
    }
    return shown | {name: version.extras[name] for name in ("placement", "limits") if name in version.extras}


async def get_settings(call: Call) -> Response:
    """GET all settings, the versioned ones of the latest version."""
    script = call.script()
    latest = call.store.versions.latest(script.name)
    if latest is None:
        raise no_script(script.name)
    return answer(_whole(script, latest))


async def patch_settings(call: Call) -> Response:
    """PATCH settings by a form with the part `settings`; versioned ones make a version and deploy it."""
    script = call.script()
    body = await _settings_part(call)
    if unknown := set(body) - SCRIPT_LEVEL - VERSIONED:
        raise bad_request(f"unknown settings: {', '.join(sorted(unknown))}"[:300])
    changes_version = bool(set(body) & VERSIONED)
    new = _changed(call, script, body) if changes_version else None
    with call.store.database.transaction():
        _apply_script_level(call, script, {k: v for k, v in body.items() if k in SCRIPT_LEVEL})
        if new is not None:
            deploy_whole(call, script.name, new, "settings")
    return await get_settings(call)


async def _settings_part(call: Call) -> Json:
    parts = parse_form(call.request.headers.get("content-type", ""), await call.body(JSON_LIMIT))
    part = next((part for part in parts if part.name == "settings"), None)
    if part is None:
        raise bad_request("the form has no part named 'settings'")
    return as_object(parse_json(part.content))


def _changed(call: Call, script: Script, body: Json) -> NewVersion:
    base = latest_deployed(call, script.name, SETTINGS_NOT_DEPLOYED)
    bindings = _bindings(call, script, base, body)
    new = derived(call, base, bindings, checked_annotations(body.get("annotations")), "settings")
    changes: dict[str, Any] = {}
    if body.get("compatibility_date") is not None:
        changes["compatibility_date"] = compatibility_date(body["compatibility_date"])
    if body.get("compatibility_flags") is not None:
        changes["compatibility_flags"] = texts(body, "compatibility_flags")
    extras = {**base.extras, **versioned_extras(body)}
    changes["extras"] = {k: v for k, v in extras.items() if not (k in body and not body[k])}
    return replace(new, **changes)


def _bindings(call: Call, script: Script, base: Version, body: Json) -> tuple[Json, ...]:
    if body.get("bindings") is None:
        return base.bindings
    wanted = binding_rules.parse(body["bindings"])
    kept = texts(body, "keep_bindings")
    bindings = binding_rules.inherited(call.store, script.name, wanted, kept, base, strict=True)
    binding_rules.check_targets(call.store, script.name, bindings)
    return bindings


ENDPOINTS = (
    Endpoint("GET", f"{SCRIPT}/settings", get_settings, READ),
    Endpoint("PATCH", f"{SCRIPT}/settings", patch_settings, WRITE),
    Endpoint("GET", f"{SCRIPT}/script-settings", get_script_settings, READ),
    Endpoint("PATCH", f"{SCRIPT}/script-settings", patch_script_settings, WRITE),
)
