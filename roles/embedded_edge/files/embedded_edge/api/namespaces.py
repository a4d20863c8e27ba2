# SPDX-License-Identifier: GPL-3.0-or-later
"""KV namespaces and the lists of their keys."""

from __future__ import annotations

import sqlite3

from starlette.responses import Response

from ..store.kv import BadCursor
from ..store.model import Json, Namespace
from .call import Call, text_field
from .errors import ApiError, answer, bad_request, no_namespace
from .paging import requested
from .router import Endpoint

KV_READ, KV_WRITE = "Workers KV Storage Read", "Workers KV Storage Write"
NAMESPACES = "/accounts/{account}/storage/kv/namespaces"
NAMESPACE = f"{NAMESPACES}/{{namespace}}"
TITLE_TAKEN = 10014
BAD_TITLE = 10023
LONGEST_TITLE = 512
LONGEST_KEY = 512


def namespace(call: Call) -> Namespace:
    """Return the namespace that the path names."""
    found = call.store.kv.namespace(call.params["namespace"])
    if found is None:
        raise no_namespace()
    return found


def _shown(item: Namespace) -> Json:
    return {"id": item.id, "title": item.title, "supports_url_encoding": True}


async def list_namespaces(call: Call) -> Response:
    """GET a page of namespaces."""
    order, direction = call.query("order") or "title", call.query("direction") or "asc"
    if order not in {"id", "title"} or direction not in {"asc", "desc"}:
        raise bad_request("'order' is id or title, 'direction' asc or desc")
    page = requested(call, 20, 1000)
    items = [
        _shown(item) for item in call.store.kv.namespaces(page.offset, page.size, order, direction == "desc")
    ]
    return answer(items, info=page.info(len(items), call.store.kv.count()))


async def create_namespace(call: Call) -> Response:
    """POST a namespace."""
    title = text_field(await call.object(), "title", LONGEST_TITLE, BAD_TITLE)
    try:
        return answer(_shown(call.store.kv.create(title)))
    except sqlite3.IntegrityError:
        raise _taken(title) from None


def _taken(title: str) -> ApiError:
    return ApiError(400, TITLE_TAKEN, f"a namespace with this account ID and title already exists: '{title}'")


async def get_namespace(call: Call) -> Response:
    """GET a namespace."""
    return answer(_shown(namespace(call)))


async def rename_namespace(call: Call) -> Response:
    """PUT a new title."""
    found = namespace(call)
    title = text_field(await call.object(), "title", LONGEST_TITLE, BAD_TITLE)
    try:
        call.store.kv.rename(found.id, title)
    except sqlite3.IntegrityError:
        raise _taken(title) from None
    return answer(_shown(namespace(call)))


async def delete_namespace(call: Call) -> Response:
    """DELETE a namespace with its keys."""
    call.store.kv.delete_namespace(namespace(call).id)
    return answer({})


async def list_keys(call: Call) -> Response:
    """GET a page of keys with their metadata, in byte order."""
    found = namespace(call)
    limit = call.integer("limit", 1000, 10, 1000)
    prefix = call.query("prefix") or ""
    if len(prefix.encode("utf-8", "replace")) > LONGEST_KEY:
        raise bad_request(f"'prefix' has at most {LONGEST_KEY} bytes")
    try:
        page = call.store.kv.list(found.id, prefix, limit, call.query("cursor") or "")
    except BadCursor:
        raise bad_request("'cursor' is none that a list of keys has given out") from None
    return answer(list(page.keys), info={"count": len(page.keys), "cursor": page.cursor})


ENDPOINTS = (
    Endpoint("GET", NAMESPACES, list_namespaces, KV_READ),
    Endpoint("POST", NAMESPACES, create_namespace, KV_WRITE),
    Endpoint("GET", NAMESPACE, get_namespace, KV_READ),
    Endpoint("PUT", NAMESPACE, rename_namespace, KV_WRITE),
    Endpoint("DELETE", NAMESPACE, delete_namespace, KV_WRITE),
    Endpoint("GET", f"{NAMESPACE}/keys", list_keys, KV_READ),
)
