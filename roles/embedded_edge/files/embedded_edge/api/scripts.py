# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts: upload, list, search, read, delete."""

from __future__ import annotations

import uuid

from starlette.responses import Response

from ..store.model import Listed, Script
from ..store.versions import Versions
from . import shapes
from .call import Call
from .errors import ApiError, answer, bad_request, no_script
from .metadata import Upload, check_script_name, read_upload
from .paging import requested
from .publish import checked, deploy_whole
from .router import Endpoint

READ, WRITE = "Workers Scripts Read", "Workers Scripts Write"
WORKERS = "/accounts/{account}/workers"
SCRIPT = f"{WORKERS}/scripts/{{script}}"
IN_USE = 10064


async def upload(call: Call) -> Response:
    """PUT a script: upload and deploy at once."""
    name = call.params["script"]
    check_script_name(name)
    uploaded = await read_upload(call)
    new = await checked(call, name, uploaded, "upload")
    with call.store.database.transaction():
        script = call.store.scripts.ensure(name)
        _set_script_level(call, script, uploaded)
        version = deploy_whole(call, name, new, "upload")
    return answer(shapes.uploaded_script(_listed(call, name), version))


def _set_script_level(call: Call, script: Script, uploaded: Upload) -> None:
    if uploaded.tags is not None:
        call.store.scripts.set_tags(script.name, uploaded.tags)
    if uploaded.settings:
        call.store.scripts.set_settings(script.name, script.settings | uploaded.settings)


def _listed(call: Call, name: str) -> Listed:
    found = call.store.scripts.listed(name)
    if not found:
        raise no_script(name[:255])
    return found[0]


async def list_scripts(call: Call) -> Response:
    """GET every script at once, optionally filtered by `tags=one:yes,other:no`."""
    wanted, unwanted = _tag_filter(call.query("tags") or "")
    routes: dict[str, list[dict[str, object]]] = {}
    for route in call.store.triggers.routes():
        if route.script:
            routes.setdefault(route.script, []).append(shapes.route(route))
    result = [
        {**shapes.listed_script(listed), "routes": routes.get(listed.script.name, [])}
        for listed in call.store.scripts.listed()
        if wanted <= set(listed.script.tags) and not unwanted & set(listed.script.tags)
    ]
    return answer(result)


def _tag_filter(text: str) -> tuple[set[str], set[str]]:
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for item in filter(None, text.split(",")):
        tag, _colon, allowed = item.rpartition(":")
        if not tag or allowed not in {"yes", "no"}:
            raise bad_request("'tags' is a list such as one:yes,other:no")
        (wanted if allowed == "yes" else unwanted).add(tag)
    return wanted, unwanted


async def search(call: Call) -> Response:
    """GET scripts whose name contains `name`, or the one of `id`."""
    order = call.query("order_by") or "name"
    if order not in {"name", "created_on", "modified_on"}:
        raise bad_request("'order_by' must be name, created_on or modified_on")
    name, tag = call.query("name") or "", call.query("id")
    scripts = [item.script for item in call.store.scripts.listed()]
    found = [s for s in scripts if name in s.name and tag in (None, s.tag)]
    found.sort(key=lambda script: str(getattr(script, order)))
    page = requested(call, 10, 100)
    shown = [_search_hit(script) for script in page.of(found)]
    return answer(shown, info=page.info(len(shown), len(found)))


def _search_hit(script: Script) -> dict[str, object]:
    return {
        "id": script.tag,
        "script_name": script.name,
        "service_name": script.name,
        "environment_name": "production",
        "environment_is_default": True,
        "created_on": script.created_on,
        "modified_on": script.modified_on,
    }


async def download(call: Call) -> Response:
    """GET the code of the serving version as a form with one part a module."""
    script = call.script()
    active = call.store.deployments.active(script.name)
    leading = max(active.versions, key=lambda pair: pair[1])[0] if active else ""
    version = call.store.versions.get(script.name, leading)
    if version is None:
        raise no_script(script.name)
    boundary = uuid.uuid4().hex
    headers = {"cf-entrypoint": _header(version.main_module), "etag": f'"{version.etag}"'}
    body = _form(call.store.versions, script.name, version.id, boundary)
    return Response(body, headers=headers, media_type=f"multipart/form-data; boundary={boundary}")


def _form(versions: Versions, script: str, version_id: str, boundary: str) -> bytes:
    bundle = versions.bundle(script, version_id)
    chunks: list[bytes] = []
    for module in bundle.modules if bundle else ():
        name = _header(module.name)
        head = (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="{name}"; filename="{name}"\r\n'
            f"Content-Type: {module.content_type}\r\n\r\n"
        )
        chunks += [head.encode(), module.content, b"\r\n"]
    return b"".join([*chunks, f"--{boundary}--\r\n".encode()])


def _header(text: str) -> str:
    """Make a module name fit for a header."""
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "_" for c in text)


async def delete(call: Call) -> Response:
    """DELETE a script; one that others are bound to only with `force`."""
    script = call.script()
    dependents = call.store.scripts.dependents(script.name)
    if dependents and not call.flag("force"):
        named = ", ".join(dependents[:10])
        raise ApiError(
            400, IN_USE, f"Cannot delete this Worker: other Workers have service bindings to it ({named})."
        )
    call.store.scripts.delete(script.name)
    return answer(None)


async def service(call: Call) -> Response:
    """GET a Worker as a service, which wrangler asks first; 10090 when there is none."""
    found = call.store.scripts.listed(call.params["script"])
    if not found:
        raise ApiError(404, 10090, "workers.api.error.service_not_found: this service does not exist.")
    return answer(shapes.service(found[0]))


async def references(call: Call) -> Response:
    """GET who depends on a script, which wrangler asks before it deletes one."""
    script = call.script()
    incoming = [
        {"service": name, "environment": "production"} for name in call.store.scripts.dependents(script.name)
    ]
    services = {"incoming": incoming, "outgoing": [], "pages_function": False}
    return answer({"services": services, "durable_objects": [], "dispatch_outbounds": []})


async def tails(call: Call) -> Response:
    """GET the scripts whose tails a script consumes: none, tails are not part of the embedded edge."""
    call.script()
    return answer([])


async def durable_objects(call: Call) -> Response:
    """GET the Durable Object namespaces: none, they are not part of the embedded edge."""
    return answer([], info=requested(call, 20, 1000).info(0, 0))


async def schedules(call: Call) -> Response:
    """GET the cron triggers of a script: none, they are not part of the embedded edge."""
    call.script()
    return answer({"schedules": []})


ENDPOINTS = (
    Endpoint("GET", f"{WORKERS}/scripts", list_scripts, READ),
    Endpoint("GET", f"{WORKERS}/scripts-search", search, READ),
    Endpoint("PUT", SCRIPT, upload, WRITE),
    Endpoint("GET", SCRIPT, download, READ),
    Endpoint("DELETE", SCRIPT, delete, WRITE),
    Endpoint("GET", f"{SCRIPT}/content/v2", download, READ),
    Endpoint("GET", f"{SCRIPT}/references", references, READ),
    Endpoint("GET", f"{SCRIPT}/schedules", schedules, READ),
    Endpoint("GET", f"{WORKERS}/tails/by-consumer/{{script}}", tails, READ),
    Endpoint("GET", f"{WORKERS}/services/{{script}}", service, READ),
    Endpoint("DELETE", f"{WORKERS}/services/{{script}}", delete, WRITE),
    Endpoint("GET", f"{WORKERS}/durable_objects/namespaces", durable_objects, READ),
)
