# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployments: which versions get which percentage."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ..store.model import Version
from . import shapes
from .call import Call
from .errors import ApiError, answer, bad_request
from .metadata import checked_annotations
from .numbers import is_number
from .paging import requested
from .publish import TRIGGER
from .router import Endpoint
from .scripts import READ, SCRIPT, WRITE
from .versions import NO_VERSION

SECRETS_CHANGED = 10220
SHOWN = 10
TOLERANCE = 0.001


async def create(call: Call) -> Response:
    """POST a deployment of one or two of the newest 100 versions."""
    script = call.script()
    body = await call.object()
    if body.get("strategy", "percentage") != "percentage":
        raise bad_request("'strategy' must be percentage")
    shares = _shares(body.get("versions"))
    notes = checked_annotations(body.get("annotations"))
    deployable = {version.id: version for version in call.store.versions.deployable(script.name)}
    for version_id in shares:
        _check_deployable(call, script.name, version_id, deployable)
    if not call.flag("force"):
        _check_secrets(call, script.name, [deployable[version_id] for version_id in shares])
    with call.store.database.transaction():
        created = call.store.deployments.add(
            script.name, list(shares.items()), call.source, {**notes, TRIGGER: "deployment"}
        )
        call.store.scripts.touch(script.name, call.source)
    return answer(shapes.deployment(call.store, created))


def _shares(raw: Any) -> dict[str, float]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= 2:
        raise bad_request("'versions' must be a list of one or two versions")
    shares: dict[str, float] = {}
    for item in raw:
        version_id = item.get("version_id") if isinstance(item, dict) else None
        if not isinstance(version_id, str) or version_id in shares:
            raise bad_request("each of 'versions' needs its own 'version_id'")
        share = item.get("percentage")
        if not is_number(share, 0, 100):
            raise bad_request("each of 'versions' needs a 'percentage' from 0 to 100")
        shares[version_id] = share
    if abs(sum(shares.values()) - 100) > TOLERANCE:
        raise bad_request(f"the percentages must sum up to 100, not {sum(shares.values()):g}")
    return shares


def _check_deployable(call: Call, script: str, version_id: str, deployable: dict[str, Version]) -> None:
    if version_id in deployable:
        return
    if call.store.versions.get(script, version_id) is None:
        raise ApiError(400, NO_VERSION, f"Worker '{script}' has no version '{version_id[:64]}'.")
    raise ApiError(400, NO_VERSION, f"Version {version_id} is not among the newest 100 of Worker '{script}'.")


def _check_secrets(call: Call, script: str, wanted: list[Version]) -> None:
    """Refuse to go back to a version whose secrets differ from those that serve now."""
    active = call.store.deployments.active(script)
    if active is None:
        return
    serving = [v for vid, _share in active.versions if (v := call.store.versions.get(script, vid))]
    if not serving:
        return
    newest = max(serving, key=lambda version: version.number)
    for version in wanted:
        if active.share(version.id) is None and version.number < newest.number:
            changed = _changed_secrets(version, newest)
            if changed:
                names = ", ".join(changed)
                message = f"Version {version.id} is older. The following secrets have changed: {names}"
                raise ApiError(400, SECRETS_CHANGED, message)


def _changed_secrets(old: Version, new: Version) -> list[str]:
    before, after = old.secrets(), new.secrets()
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


async def list_deployments(call: Call) -> Response:
    """GET deployments, the active one first."""
    script = call.script()
    page = requested(call, SHOWN, 100)
    found = call.store.deployments.page(script.name, page.offset, page.size)
    return answer({"deployments": [shapes.deployment(call.store, item) for item in found]})


async def get_deployment(call: Call) -> Response:
    """GET one deployment."""
    return answer(shapes.deployment(call.store, _find(call)))


async def delete(call: Call) -> Response:
    """DELETE a deployment that is not the active one."""
    found = _find(call)
    active = call.store.deployments.active(found.script)
    if active is not None and active.id == found.id:
        raise bad_request("the active deployment cannot be deleted; deploy something else first")
    call.store.deployments.delete(found.id)
    return answer(None)


def _find(call: Call) -> Any:
    script = call.script()
    found = call.store.deployments.get(script.name, call.params["deployment"])
    if found is None:
        raise ApiError(404, NO_VERSION, f"Worker '{script.name}' has no such deployment.")
    return found


ENDPOINTS = (
    Endpoint("POST", f"{SCRIPT}/deployments", create, WRITE),
    Endpoint("GET", f"{SCRIPT}/deployments", list_deployments, READ),
    Endpoint("GET", f"{SCRIPT}/deployments/{{deployment}}", get_deployment, READ),
    Endpoint("DELETE", f"{SCRIPT}/deployments/{{deployment}}", delete, WRITE),
)
