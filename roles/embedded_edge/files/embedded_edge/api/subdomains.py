# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a Worker answers under the account's name in workers.dev."""

from __future__ import annotations

import re

from starlette.responses import Response

from .call import Call, boolean_field, text_field
from .errors import answer, bad_request
from .router import Endpoint
from .scripts import READ, SCRIPT, WORKERS, WRITE

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


async def account_subdomain(call: Call) -> Response:
    """GET the account's label under workers.dev."""
    return answer({"subdomain": call.store.accounts.subdomain})


async def put_account_subdomain(call: Call) -> Response:
    """PUT the account's label under workers.dev."""
    name = text_field(await call.object(), "subdomain", 63)
    if not LABEL.fullmatch(name):
        raise bad_request("'subdomain' must be one DNS label of a-z, 0-9 and -", 10030)
    call.store.accounts.set_subdomain(name)
    return answer({"subdomain": name})


def _subdomain(call: Call) -> Response:
    script = call.script()
    return answer({"enabled": script.subdomain_enabled, "previews_enabled": script.previews_enabled})


async def script_subdomain(call: Call) -> Response:
    """GET whether a script answers under workers.dev."""
    return _subdomain(call)


async def set_script_subdomain(call: Call) -> Response:
    """POST whether a script answers under workers.dev; its version URLs follow unless said otherwise."""
    script = call.script()
    body = await call.object()
    enabled = boolean_field(body, "enabled")
    previews = boolean_field(body, "previews_enabled", enabled)
    if enabled and not LABEL.fullmatch(script.name):
        raise bad_request(
            f"Worker '{script.name}' has no name that fits a hostname, so it cannot be on workers.dev", 10030
        )
    _switch(call, script.name, enabled, previews)
    return _subdomain(call)


async def delete_script_subdomain(call: Call) -> Response:
    """DELETE a script's place under workers.dev."""
    _switch(call, call.script().name, False, False)
    return _subdomain(call)


def _switch(call: Call, name: str, enabled: bool, previews: bool) -> None:
    call.store.scripts.set_subdomain(name, enabled, previews)


ENDPOINTS = (
    Endpoint("GET", f"{WORKERS}/subdomain", account_subdomain, READ),
    Endpoint("PUT", f"{WORKERS}/subdomain", put_account_subdomain, WRITE),
    Endpoint("GET", f"{SCRIPT}/subdomain", script_subdomain, READ),
    Endpoint("POST", f"{SCRIPT}/subdomain", set_script_subdomain, WRITE),
    Endpoint("PUT", f"{SCRIPT}/subdomain", set_script_subdomain, WRITE),
    Endpoint("DELETE", f"{SCRIPT}/subdomain", delete_script_subdomain, WRITE),
)
