# SPDX-License-Identifier: GPL-3.0-or-later
"""The Secrets Store: what is put there is given to Workers, and never shown again."""

from __future__ import annotations

import sqlite3
from typing import Any

from starlette.responses import Response

from ..store.model import Json
from ..store.secrets_store import SecretStore, StoredSecret
from .call import Call
from .errors import ApiError, answer
from .paging import requested
from .router import Endpoint

READ, WRITE = "Secrets Store Read", "Secrets Store Write"
ROOT = "/accounts/{account}/secrets_store"
STORES = f"{ROOT}/stores"
STORE = f"{STORES}/{{store}}"
SECRETS = f"{STORE}/secrets"
SECRET = f"{SECRETS}/{{secret}}"
MOST_STORES, QUOTA = 1, 100
LONGEST_NAME, LONGEST_COMMENT, LONGEST_VALUE = 255, 1024, 64 * 1024
SCOPES = ("workers", "ai_gateway", "dex", "access", "containers", "websearch")
NOT_FOUND, BAD, EXCEEDED = 1000, 1001, 1003
STORE_ORDER = ("name", "created", "modified")
SECRET_ORDER = ("name", "comment", "created", "modified", "status")
FIELDS = {"name", "value", "scopes", "comment"}


def _bad(why: str, code: int = BAD) -> ApiError:
    """Refuse what was sent, in the words of this API; never with a value."""
    return ApiError(400, code, why)


def _store(call: Call) -> SecretStore:
    found = call.store.secrets_store.store(call.params["store"])
    if found is None:
        raise ApiError(404, BAD, "store_not_found")
    return found


def _secret(call: Call) -> StoredSecret:
    found = call.store.secrets_store.secret(_store(call).id, call.params["secret"])
    if found is None:
        raise ApiError(404, BAD, "secret_not_found")
    return found


def _shown_store(call: Call, item: SecretStore) -> Json:
    return {**vars(item), "account_id": call.store.accounts.id}


def _shown(item: StoredSecret, status: str = "active") -> Json:
    """Show a secret without its value. One that was just written is on its way to the locations."""
    shown = {name: value for name, value in vars(item).items() if name != "value"}
    return shown | {"scopes": list(item.scopes), "status": status}


def _page(call: Call, shown: list[Json], orders: tuple[str, ...]) -> Response:
    order, direction = call.query("order") or "created", call.query("direction") or "asc"
    if order not in orders or direction not in ("asc", "desc"):
        raise _bad("invalid_query_parameters")
    shown.sort(key=lambda item: str(item[order]), reverse=direction == "desc")
    page = requested(call, 20, 100)
    part = page.of(shown)
    return answer(part, info=page.info(len(part), len(shown)))


async def quota(call: Call) -> Response:
    """GET how many secrets the account may have, and has."""
    return answer({"secrets": {"quota": QUOTA, "usage": call.store.secrets_store.usage()}})


async def list_stores(call: Call) -> Response:
    """GET the stores."""
    return _page(call, [_shown_store(call, item) for item in call.store.secrets_store.stores()], STORE_ORDER)


async def create_store(call: Call) -> Response:
    """POST a store, alone or as a list of one, as older clients send it."""
    body = await call.json()
    items = _objects(body if isinstance(body, list) else [body])
    names = [_text(item, "name", LONGEST_NAME, "store_name_empty") for item in items]
    if len(call.store.secrets_store.stores()) + len(names) > MOST_STORES:
        raise _bad("maximum_stores_exceeded", EXCEEDED)
    made = [_shown_store(call, call.store.secrets_store.create_store(name)) for name in names]
    return answer(made if isinstance(body, list) else made[0])


async def get_store(call: Call) -> Response:
    """GET a store."""
    return answer(_shown_store(call, _store(call)))


async def delete_store(call: Call) -> Response:
    """DELETE a store; one with secrets in it only by force."""
    found = _store(call)
    if call.store.secrets_store.secrets(found.id) and not call.flag("force"):
        raise ApiError(409, BAD, "store_not_empty")
    call.store.secrets_store.delete_store(found.id)
    return answer(_shown_store(call, found))


async def list_secrets(call: Call) -> Response:
    """GET the secrets of a store, by scope or by a part of name or comment when asked."""
    search = (call.query("search") or "").lower()
    scopes = {part for text in call.request.query_params.getlist("scopes") for part in text.split(",")}
    found = [
        _shown(item)
        for item in call.store.secrets_store.secrets(_store(call).id)
        if search in item.name.lower() or search in item.comment.lower()
        if not scopes or scopes & set(item.scopes)
    ]
    return _page(call, found, SECRET_ORDER)


async def create_secrets(call: Call) -> Response:
    """POST a list of secrets: all of them are made, or none."""
    found, items = _store(call), _objects(await call.json(QUOTA * 2 * LONGEST_VALUE))
    wanted = [
        (
            _name(item),
            _value(item),
            _text(item, "comment", LONGEST_COMMENT, "secret_comment_invalid", optional=True),
            _scopes(item),
        )
        for item in items
    ]
    if call.store.secrets_store.usage() + len(wanted) > QUOTA:
        raise _bad("maximum_secrets_exceeded", EXCEEDED)
    try:
        with call.store.database.transaction():
            made = [call.store.secrets_store.create(found.id, *fields) for fields in wanted]
    except sqlite3.IntegrityError:
        raise _taken() from None
    return answer([_shown(item, "pending") for item in made])


async def get_secret(call: Call) -> Response:
    """GET a secret, without its value."""
    return answer(_shown(_secret(call)))


async def edit_secret(call: Call) -> Response:
    """PATCH value, comment or scopes."""
    old, body = _secret(call), await call.object()
    value = _value(body) if "value" in body else old.value
    scopes = _scopes(body) if "scopes" in body else old.scopes
    comment = old.comment
    if "comment" in body:
        comment = _text(body, "comment", LONGEST_COMMENT, "secret_comment_invalid", optional=True)
    return answer(_shown(call.store.secrets_store.edit(old, value, comment, scopes), "pending"))


async def delete_secret(call: Call) -> Response:
    """DELETE a secret; Workers that are bound to it can't read it any more."""
    found = _secret(call)
    call.store.secrets_store.delete(found.id)
    return answer(_shown(found, "deleted"))


async def duplicate_secret(call: Call) -> Response:
    """POST a copy of a secret with its value, which its maker need not know."""
    old, body = _secret(call), await call.object()
    comment = _text(body, "comment", LONGEST_COMMENT, "secret_comment_invalid", optional=True)
    if call.store.secrets_store.usage() >= QUOTA:
        raise _bad("maximum_secrets_exceeded", EXCEEDED)
    try:
        made = call.store.secrets_store.create(old.store_id, _name(body), old.value, comment, _scopes(body))
    except sqlite3.IntegrityError:
        raise _taken() from None
    return answer(_shown(made, "pending"))


def _taken() -> ApiError:
    return ApiError(409, EXCEEDED, "secret_name_already_exists")


def _objects(value: Any) -> list[Json]:
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        raise _bad("invalid_json_body")
    return value


def _name(body: Json) -> str:
    name = _text(body, "name", LONGEST_NAME, "secret_name_empty")
    if any(character.isspace() for character in name):
        raise _bad("secret_name_invalid")
    return name


def _value(body: Json) -> str:
    value = body.get("value")
    if not isinstance(value, str) or not value:
        raise _bad("secret_value_empty")
    if len(value.encode()) > LONGEST_VALUE:
        raise _bad("secret_value_too_long")
    return value


def _scopes(body: Json) -> tuple[str, ...]:
    scopes = body.get("scopes")
    if not isinstance(scopes, list) or not scopes:
        raise _bad("secret_scopes_empty")
    if not all(isinstance(scope, str) and scope in SCOPES for scope in scopes):
        raise _bad("secret_scope_invalid")
    return tuple(dict.fromkeys(scopes))


def _text(body: Json, field: str, longest: int, code: str, optional: bool = False) -> str:
    value = body.get(field, "" if optional else None)
    if not isinstance(value, str) or len(value) > longest or (not value and not optional):
        raise _bad(code)
    return value


ENDPOINTS = (
    Endpoint("GET", f"{ROOT}/quota", quota, READ),
    Endpoint("GET", STORES, list_stores, READ),
    Endpoint("POST", STORES, create_store, WRITE),
    Endpoint("GET", STORE, get_store, READ),
    Endpoint("DELETE", STORE, delete_store, WRITE),
    Endpoint("GET", SECRETS, list_secrets, READ),
    Endpoint("POST", SECRETS, create_secrets, WRITE),
    Endpoint("GET", SECRET, get_secret, READ),
    Endpoint("PATCH", SECRET, edit_secret, WRITE),
    Endpoint("DELETE", SECRET, delete_secret, WRITE),
    Endpoint("POST", f"{SECRET}/duplicate", duplicate_secret, WRITE),
)
