# SPDX-License-Identifier: GPL-3.0-or-later
"""Bindings of an upload: their shapes, their names, what they point at, and what they inherit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..store import Store
from ..store.model import Json, Version
from .errors import ApiError, bad_request

# The fields that a binding of a type must have; a text must not be empty unless it is a value.
TEXT, ANY, OBJECT, LIST, VALUE = "a text", "a value", "an object", "a list", "a text, may be empty"
FIELDS: Mapping[str, Mapping[str, str]] = {
    "ai": {},
    "ai_search": {"instance_name": TEXT},
    "ai_search_namespace": {"namespace": TEXT},
    "analytics_engine": {"dataset": TEXT},
    "artifacts": {"namespace": TEXT},
    "assets": {},
    "browser": {},
    "d1": {},
    "data_blob": {"part": TEXT},
    "dispatch_namespace": {"namespace": TEXT},
    "durable_object_namespace": {},
    "flagship": {"app_id": TEXT},
    "hyperdrive": {"id": TEXT},
    "images": {},
    "inherit": {},
    "json": {"json": ANY},
    "k2": {"stream": TEXT},
    "kv_namespace": {"namespace_id": TEXT},
    "media": {},
    "messaging": {"namespace": TEXT},
    "mtls_certificate": {"certificate_id": TEXT},
    "pipelines": {"pipeline": TEXT},
    "plain_text": {"text": VALUE},
    "queue": {"queue_name": TEXT},
    "r2_bucket": {"bucket_name": TEXT},
    "ratelimit": {"namespace_id": TEXT, "simple": OBJECT},
    "secret_key": {"format": TEXT, "algorithm": ANY, "usages": LIST},
    "secret_text": {"text": VALUE},
    "secrets_store_secret": {"store_id": TEXT, "secret_name": TEXT},
    "send_email": {},
    "service": {"service": TEXT},
    "text_blob": {"part": TEXT},
    "vectorize": {"index_name": TEXT},
    "version_metadata": {},
    "vpc_network": {},
    "vpc_service": {"service_id": TEXT},
    "wasm_module": {"part": TEXT},
    "worker_loader": {},
    "workflow": {"workflow_name": TEXT},
}
SECRET_FIELDS = {"secret_text": {"text"}, "secret_key": {"key_base64", "key_jwk"}}
VARIABLES = {"plain_text", "json", "secret_text"}
MOST_VARIABLES = 128
LONGEST_VALUE = 5 * 1024
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{0,254}")


def parse(raw: Any) -> list[Json]:
    """Check the shapes and names of the bindings of an upload."""
    if not isinstance(raw, list):
        raise bad_request("'bindings' must be a list")
    seen: set[str] = set()
    for binding in raw:
        _check(binding)
        if binding["name"] in seen:
            raise ApiError(
                400,
                10053,
                f"Binding name '{binding['name']}' already in use: give every binding its own name.",
            )
        seen.add(binding["name"])
    check_amount(raw)
    return raw


def check_amount(bindings: Iterable[Json]) -> None:
    """Hold a Worker to the number of variables and secrets it may have."""
    amount = sum(binding["type"] in VARIABLES for binding in bindings)
    if amount > MOST_VARIABLES:
        raise ApiError(
            400, 10055, f"A Worker has at most {MOST_VARIABLES} variables and secrets; this one has {amount}."
        )


def check_name(name: Any) -> None:
    """Insist on a name that a Worker can write as `env.NAME`."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise bad_request("a binding needs a 'name' of letters, digits, _ and $, not starting with a digit")


def _check(binding: Any) -> None:
    if not isinstance(binding, dict):
        raise bad_request("each binding must be an object")
    check_name(binding.get("name"))
    name, kind = binding["name"], binding.get("type")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise bad_request(f"binding {name} has no known 'type'; known: {', '.join(sorted(FIELDS))}")
    for field, shape in FIELDS[kind].items():
        _check_field(name, kind, field, shape, binding)
    if kind in {"durable_object_namespace"} and not ({"class_name", "namespace_id"} & set(binding)):
        raise bad_request(f"binding {name} of type {kind} must have a 'class_name' or a 'namespace_id'")
    if kind == "d1" and not any(isinstance(binding.get(field), str) for field in ("id", "database_id")):
        raise bad_request(f"binding {name} of type d1 must have a valid `id` specified")
    check_size(binding)


def _check_field(name: str, kind: str, field: str, shape: str, binding: Json) -> None:
    value = binding.get(field)
    fits = {
        TEXT: isinstance(value, str) and value != "",
        VALUE: isinstance(value, str),
        ANY: field in binding,
        OBJECT: isinstance(value, dict),
        LIST: isinstance(value, list),
    }
    if not fits[shape]:
        raise bad_request(f"binding {name} of type {kind} must have '{field}': {shape}")


def check_size(binding: Json) -> None:
    """Hold a variable or secret to its size; the message has its name only."""
    if binding["type"] not in VARIABLES:
        return
    value = binding["json"] if binding["type"] == "json" else binding["text"]
    size = len((value if isinstance(value, str) else repr(value)).encode())
    if size > LONGEST_VALUE:
        raise ApiError(
            400,
            10054,
            f"binding {binding['name']} is {size} bytes; a variable or secret has at most {LONGEST_VALUE}.",
        )


def check_targets(store: Store, script: str, bindings: Iterable[Json]) -> None:
    """Insist that KV namespaces, other Workers and secrets that are pointed at exist."""
    for binding in bindings:
        name = binding["name"]
        if binding["type"] == "secrets_store_secret":
            _check_secret(store, binding)
        if binding["type"] == "kv_namespace" and store.kv.namespace(binding["namespace_id"]) is None:
            shown = binding["namespace_id"][:64]
            raise ApiError(400, 10041, f"KV namespace '{shown}' of binding {name} not found.")
        if (
            binding["type"] == "service"
            and binding["service"] != script
            and not store.scripts.exists(binding["service"])
        ):
            shown = binding["service"][:255]
            raise ApiError(
                400, 10143, f"Could not resolve service binding '{name}'. Target script '{shown}' not found."
            )


def _check_secret(store: Store, binding: Json) -> None:
    secret = store.secrets_store.named(binding["store_id"], binding["secret_name"])
    shown = f"secret '{binding['secret_name'][:255]}' of binding {binding['name']}"
    if secret is None:
        raise bad_request(f"the {shown} is in no Secrets Store '{binding['store_id'][:64]}'")
    if "workers" not in secret.scopes:
        raise bad_request(f"the {shown} lacks the scope 'workers'")


def inherited(
    store: Store,
    script: str,
    wanted: Iterable[Json],
    kept_types: Iterable[str],
    latest: Version | None,
    strict: bool,
) -> tuple[Json, ...]:
    """Replace `inherit` by what is inherited and add what is kept by type, both from the latest version."""
    result = [
        found for binding in wanted if (found := _resolve(store, script, binding, latest, strict)) is not None
    ]
    names = {binding["name"] for binding in result}
    kept = set(kept_types)
    if latest is not None:
        result += [b for b in latest.bindings if b["type"] in kept and b["name"] not in names]
    check_amount(result)
    return tuple(result)


def _resolve(store: Store, script: str, binding: Json, latest: Version | None, strict: bool) -> Json | None:
    if binding["type"] != "inherit":
        return binding
    wanted = str(binding.get("old_name") or binding["name"])
    version_id = binding.get("version_id")
    version = latest if version_id in (None, "latest") else store.versions.get(script, str(version_id))
    found = next((b for b in (version.bindings if version else ()) if b["name"] == wanted), None)
    if found is not None:
        return {**found, "name": binding["name"]}
    if strict:
        raise ApiError(
            400,
            10057,
            f"Binding '{binding['name']}' cannot be inherited: the previous version has no '{wanted}'.",
        )
    return None


def public(bindings: Iterable[Json]) -> list[Json]:
    """Return bindings as they may be shown: secrets by name and type only."""
    return [
        {key: value for key, value in b.items() if key not in SECRET_FIELDS.get(b["type"], ())}
        for b in bindings
    ]
