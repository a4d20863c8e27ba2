# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets of a Worker: written, named, deleted, never read."""

from __future__ import annotations

from starlette.responses import Response

from ..store.model import Json, Script
from . import bindings as binding_rules
from .call import Call, as_object
from .errors import ApiError, answer, bad_request
from .publish import LATEST_NOT_DEPLOYED, deploy_whole, derived, latest_deployed
from .router import Endpoint
from .scripts import READ, SCRIPT, WRITE

NO_SECRET = 10056
MOST_AT_ONCE = 100
KINDS = ("secret_text", "secret_key")


def _shown(script: Script, call: Call) -> dict[str, Json]:
    latest = call.store.versions.latest(script.name)
    secrets = latest.secrets() if latest else {}
    return {binding["name"]: binding for binding in binding_rules.public(secrets.values())}


async def list_secrets(call: Call) -> Response:
    """GET the names and types."""
    found = _shown(call.script(), call)
    return answer([found[name] for name in sorted(found)])


async def get_secret(call: Call) -> Response:
    """GET the name and type of one secret."""
    found = _shown(call.script(), call).get(call.params["secret"])
    if found is None:
        raise _missing()
    return answer(found)


def _missing() -> ApiError:
    return ApiError(404, NO_SECRET, "Secret not found: this Worker has no secret of that name.")


async def put_secret(call: Call) -> Response:
    """PUT a secret; a new version with it serves at once."""
    script = call.script()
    secret = _checked(await call.object())
    _change(call, script, {secret["name"]: secret})
    return answer(binding_rules.public([secret])[0])


def _checked(body: Json) -> Json:
    if body.get("type", "secret_text") not in KINDS:
        raise bad_request(f"'type' must be one of {', '.join(KINDS)}")
    return binding_rules.parse([{"type": "secret_text", **body}])[0]


def _change(call: Call, script: Script, changes: dict[str, Json | None]) -> None:
    base = latest_deployed(call, script.name, LATEST_NOT_DEPLOYED)
    others = {b["name"] for b in base.bindings if b["type"] not in KINDS}
    if taken := others & set(changes):
        raise ApiError(
            400, 10053, f"Binding name '{min(taken)}' already in use by a binding that is no secret."
        )
    kept = [b for b in base.bindings if b["name"] not in changes]
    bindings = [*kept, *(secret for secret in changes.values() if secret is not None)]
    binding_rules.check_amount(bindings)
    deploy_whole(call, script.name, derived(call, base, bindings, {}, "secret"), "secret")


async def delete_secret(call: Call) -> Response:
    """DELETE a secret; a new version without it serves at once."""
    script, name = call.script(), call.params["secret"]
    if name not in _shown(script, call):
        raise _missing()
    _change(call, script, {name: None})
    return answer(None)


async def patch_secrets(call: Call) -> Response:
    """PATCH many secrets in one new version; null deletes."""
    script = call.script()
    body = await call.object()
    wanted = as_object(body.get("secrets"))
    if len(wanted) > MOST_AT_ONCE:
        raise bad_request(f"at most {MOST_AT_ONCE} secrets in one request")
    changes: dict[str, Json | None] = {}
    for name, secret in wanted.items():
        binding_rules.check_name(name)
        changes[name] = None if secret is None else _named(name, as_object(secret))
    if changes:
        _change(call, script, changes)
    return answer(_shown(call.script(), call))


def _named(name: str, secret: Json) -> Json:
    if secret.get("name", name) != name:
        raise bad_request(f"the secret under '{name}' names itself otherwise")
    return _checked({**secret, "name": name})


ENDPOINTS = (
    Endpoint("GET", f"{SCRIPT}/secrets", list_secrets, READ),
    Endpoint("PUT", f"{SCRIPT}/secrets", put_secret, WRITE),
    Endpoint("GET", f"{SCRIPT}/secrets/{{secret}}", get_secret, READ),
    Endpoint("DELETE", f"{SCRIPT}/secrets/{{secret}}", delete_secret, WRITE),
    Endpoint("PATCH", f"{SCRIPT}/secrets-bulk", patch_secrets, WRITE),
)
