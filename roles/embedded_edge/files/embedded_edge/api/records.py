# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS records of a zone: CNAMEs, which is what leads a hostname to a tunnel."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from starlette.responses import Response

from ..store.model import Json, Zone
from ..store.records import Record
from .call import Call, boolean_field, text_field
from .errors import ApiError, answer, forbidden
from .paging import requested
from .router import Endpoint

READ, WRITE = "DNS Read", "DNS Write"
RECORDS = "/zones/{zone}/dns_records"
RECORD = f"{RECORDS}/{{record}}"
NOT_FOUND, TAKEN, TAKEN_BY_ANOTHER, INVALID = 81044, 81053, 81062, 1004
LONGEST_COMMENT = 100
FIELDS = ("type", "name", "content", "proxied", "ttl", "comment")
_NAME = re.compile(r"(?=.{1,253}\Z)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_-]{1,63}")


def _zone(call: Call) -> Zone:
    found = call.store.accounts.zone(call.params["zone"])
    if found is None:
        raise forbidden()
    return found


def _invalid(why: str, code: int = 9005) -> ApiError:
    return ApiError(400, INVALID, "DNS Validation Error", ((code, why),))


def _record(call: Call) -> Record:
    found = call.store.records.get(_zone(call).id, call.params["record"])
    if found is None:
        raise ApiError(404, NOT_FOUND, "Record does not exist.")
    return found


def _shown(item: Record) -> Json:
    return {
        "id": item.id,
        "name": item.name,
        "type": "CNAME",
        "content": item.content,
        "proxiable": True,
        "proxied": item.proxied,
        "ttl": item.ttl,
        "settings": {"flatten_cname": False},
        "meta": {},
        "comment": item.comment,
        "tags": [],
        "created_on": item.created_on,
        "modified_on": item.modified_on,
    }


def _matches(item: Record, query: dict[str, str]) -> bool:
    """Tell whether a record passes every filter; `name.exact` and the like are the newer spelling."""
    values = {"name": item.name, "content": item.content, "comment": item.comment or "", "type": "CNAME"}
    for key, wanted in query.items():
        field, _dot, way = key.partition(".")
        if field not in values:
            continue
        value, wanted = values[field].lower(), wanted.lower()
        tests = {
            "": value == wanted,
            "exact": value == wanted,
            "contains": wanted in value,
            "startswith": value.startswith(wanted),
            "endswith": value.endswith(wanted),
        }
        if not tests.get(way, True):
            return False
    return True


async def list_records(call: Call) -> Response:
    """GET records, filtered by name, content, comment and type."""
    query = dict(call.request.query_params)
    found = [item for item in call.store.records.of_zone(_zone(call).id) if _matches(item, query)]
    page = requested(call, 100, 5000)
    shown = [_shown(item) for item in page.of(found)]
    return answer(shown, info=page.info(len(shown), len(found)))


async def create_record(call: Call) -> Response:
    """POST a record."""
    return answer(_shown(_put(call, _zone(call), await call.object())))


async def get_record(call: Call) -> Response:
    """GET a record."""
    return answer(_shown(_record(call)))


async def put_record(call: Call) -> Response:
    """PUT a whole record."""
    old = _record(call)
    return answer(_shown(_put(call, _zone(call), await call.object(), old)))


async def patch_record(call: Call) -> Response:
    """PATCH some fields of a record."""
    old, body = _record(call), await call.object()
    whole = {name: _shown(old)[name] for name in FIELDS}
    return answer(_shown(_put(call, _zone(call), whole | body, old)))


def _put(call: Call, zone: Zone, body: Json, old: Record | None = None) -> Record:
    if body.get("type") != "CNAME":
        raise _invalid("the embedded edge keeps records of type CNAME only", 9004)
    name, content = _full_name(body, zone), _content(body)
    if name == content:
        raise _invalid("a CNAME cannot lead to itself", 9039)
    proxied = boolean_field(body, "proxied", False, INVALID)
    ttl: Any = body.get("ttl", 1)
    if isinstance(ttl, bool) or ttl not in (1, *range(60, 86401)):
        raise _invalid("'ttl' must be 1 (automatic) or 60 to 86400 seconds", 9021)
    comment = body.get("comment")
    if comment is not None and (not isinstance(comment, str) or len(comment) > LONGEST_COMMENT):
        raise _invalid(f"'comment' must be a text of at most {LONGEST_COMMENT} characters", 9300)
    if any(domain.hostname == name for domain in call.store.triggers.domains()):
        raise ApiError(
            400, TAKEN_BY_ANOTHER, f"'{name}' is a custom domain of a Worker, which has its record"
        )
    try:
        return call.store.records.put(
            zone.id, name, content, proxied, 1 if proxied else int(ttl), comment, old
        )
    except sqlite3.IntegrityError:
        raise ApiError(
            400, TAKEN, f"An A, AAAA, or CNAME record with that host already exists: '{name}'"
        ) from None


def _full_name(body: Json, zone: Zone) -> str:
    name = text_field(body, "name", 253, INVALID).lower().rstrip(".")
    name = zone.name if name == "@" else name
    if name != zone.name and not name.endswith(f".{zone.name}"):
        name = f"{name}.{zone.name}"
    if not _NAME.fullmatch(name):
        raise _invalid("'name' must be a DNS name", 9000)
    return name


def _content(body: Json) -> str:
    content = text_field(body, "content", 253, INVALID).lower().rstrip(".")
    if "." not in content or not _NAME.fullmatch(content):
        raise _invalid("Content for CNAME record is invalid.", 9007)
    return content


async def delete_record(call: Call) -> Response:
    """DELETE a record."""
    found = _record(call)
    call.store.records.delete(found)
    return answer({"id": found.id})


ENDPOINTS = (
    Endpoint("GET", RECORDS, list_records, READ),
    Endpoint("POST", RECORDS, create_record, WRITE),
    Endpoint("GET", RECORD, get_record, READ),
    Endpoint("PUT", RECORD, put_record, WRITE),
    Endpoint("PATCH", RECORD, patch_record, WRITE),
    Endpoint("DELETE", RECORD, delete_record, WRITE),
)
