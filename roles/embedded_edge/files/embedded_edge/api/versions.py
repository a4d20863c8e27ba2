# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions: upload without traffic, list, read; and the beta Workers endpoints beside them."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ..store.model import Json, Version
from ..store.versions import DEPLOYABLE
from . import bindings as binding_rules
from . import shapes
from .call import Call, as_object
from .errors import ApiError, answer, bad_request
from .metadata import checked_annotations, read_upload
from .paging import HIGHEST_PAGE, Page, requested
from .publish import checked, derived
from .router import Endpoint
from .scripts import READ, SCRIPT, WORKERS, WRITE

NO_VERSION = 10025
NO_VERSIONS = 10222


async def upload(call: Call) -> Response:
    """POST a version; the Worker must exist and no request reaches it yet."""
    script = call.script()
    uploaded = await read_upload(call)
    new = await checked(call, script.name, uploaded, "version_upload")
    script = call.script()
    with call.store.database.transaction():
        version = call.store.versions.add(script.name, new)
        call.store.scripts.touch(script.name)
    return answer(shapes.version_detail(call.store, script, version))


async def list_versions(call: Call) -> Response:
    """GET versions, newest first; `deployable=true` shows all that may be deployed on the first page."""
    script = call.script()
    total = call.store.versions.count(script.name)
    if call.flag("deployable"):
        page = Page(call.integer("page", 1, 1, HIGHEST_PAGE), DEPLOYABLE)
        found = page.of(call.store.versions.deployable(script.name))
        total = min(total, DEPLOYABLE)
    else:
        page = requested(call, 10, 100)
        found = call.store.versions.page(script.name, page.offset, page.size)
    items = [shapes.version_item(call.store, version) for version in found]
    return answer({"items": items}, info=page.info(len(items), total))


async def get_version(call: Call) -> Response:
    """GET a version with its resources."""
    script = call.script()
    version = call.store.versions.get(script.name, call.params["version"])
    if version is None:
        raise ApiError(404, NO_VERSION, f"Worker '{script.name}' has no such version.")
    return answer(shapes.version_detail(call.store, script, version))


async def worker(call: Call) -> Response:
    """GET a Worker apart from its code (beta)."""
    return answer(shapes.beta_worker(call.store, call.script()))


async def patch_latest(call: Call) -> Response:
    """PATCH the latest version into a new one that is not deployed (beta, merge patch)."""
    script = call.script()
    body = await call.object()
    latest = call.store.versions.latest(script.name)
    if latest is None:
        raise ApiError(404, NO_VERSIONS, "This Worker has no versions.")
    if unknown := set(body) - {"env", "annotations"}:
        raise bad_request(
            f"only 'env' and 'annotations' can be patched here, not {', '.join(sorted(unknown))}"[:300]
        )
    bindings = _patched(latest, as_object(body.get("env", {})))
    binding_rules.check_targets(call.store, script.name, bindings)
    new = derived(call, latest, bindings, checked_annotations(body.get("annotations")), "secret")
    with call.store.database.transaction():
        version = call.store.versions.add(script.name, new)
        call.store.scripts.touch(script.name)
    return answer(shapes.beta_version(call.store, version))


def _patched(latest: Version, changes: dict[str, Any]) -> list[Json]:
    wanted = [{**as_object(change), "name": name} for name, change in changes.items() if change is not None]
    if any(binding.get("type") == "inherit" for binding in wanted):
        raise bad_request("a patch keeps what it does not name; 'inherit' has no meaning here")
    kept = [binding for binding in latest.bindings if binding["name"] not in changes]
    return binding_rules.parse([*kept, *wanted])


ENDPOINTS = (
    Endpoint("POST", f"{SCRIPT}/versions", upload, WRITE),
    Endpoint("GET", f"{SCRIPT}/versions", list_versions, READ),
    Endpoint("GET", f"{SCRIPT}/versions/{{version}}", get_version, READ),
    Endpoint("GET", f"{WORKERS}/workers/{{script}}", worker, READ),
    Endpoint("PATCH", f"{WORKERS}/workers/{{script}}/versions/latest", patch_latest, WRITE),
)
