# SPDX-License-Identifier: GPL-3.0-or-later
"""The ASGI application: host check, request log, faults, then the API or the control endpoint."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
import sqlite3
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from . import (
    bulk,
    connections,
    deployments,
    domains,
    identity,
    namespaces,
    records,
    routes,
    scripts,
    secrets_store,
    service_tokens,
    settings,
    subdomains,
    tunnels,
    values,
    versions,
    vpc_services,
)
from . import secrets as worker_secrets
from .auth import authenticate, authorize, token_mark
from .call import Call, Edge
from .control import PREFIX, control
from .errors import ApiError, answer, forbidden, no_route, storage_failed
from .faults import Rule
from .log import Entry
from .router import Router

API = "/client/v4"
ABORT = "abort_connection"
LOOPBACK = re.compile(
    r"(127(\.\d{1,3}){3}|localhost|[a-z0-9.-]+\.localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE
)
IDENTIFIER = re.compile(r"[0-9a-f]{32}")
MODULES = (
    identity,
    scripts,
    versions,
    deployments,
    settings,
    worker_secrets,
    subdomains,
    domains,
    routes,
    namespaces,
    values,
    bulk,
    tunnels,
    connections,
    records,
    vpc_services,
    service_tokens,
    secrets_store,
)
ROUTER = Router(endpoint for module in MODULES for endpoint in module.ENDPOINTS)
VERIFY_PATHS = {endpoint.path for endpoint in identity.VERIFY}
THROTTLED = 971

_log = logging.getLogger("embedded_edge")


class App:
    """Serves an edge."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"{scope['type']} is not served")
        request, path = Request(scope, receive), _raw_path(scope)
        if not LOOPBACK.fullmatch(request.headers.get("host", "")):
            await _refused_host()(scope, receive, send)
        elif path.startswith(f"{PREFIX}/"):
            await (await _guarded(control(self._edge, request, path[len(PREFIX) + 1 :])))(
                scope, receive, send
            )
        else:
            await self._logged(request, path, send)

    async def _logged(self, request: Request, path: str, send: Send) -> None:
        started, at, status, ray = time.perf_counter(), time.time(), 0, f"{secrets.token_hex(8)}-EDGE"
        rule = self._edge.faults.take(request.method, path)

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].append((b"cf-ray", ray.encode()))
            await send(message)

        try:
            response = await self._faulty(request, path, rule)
            if response is not None:
                await response(request.scope, request.receive, noting)
        finally:
            ms = round((time.perf_counter() - started) * 1000, 3)
            query = request.scope["query_string"].decode("latin-1")
            mark, fault = token_mark(request.headers), rule.fault if rule else None
            self._edge.log.add(Entry(at, request.method, path, query, status, mark, ms, fault, ray))

    async def _faulty(self, request: Request, path: str, rule: Rule | None) -> Response | None:
        """Answer under a fault; nothing means that the connection is cut."""
        if rule is None:
            return await self._api(request, path, None)
        await asyncio.sleep(rule.latency_ms / 1000)
        if rule.fault == "hang":
            await _until_gone(request)
            return None
        if rule.fault == "drop_before":
            await _cut(request)
            return None
        if rule.fault == "status":
            return _failure(rule)
        response = await self._api(request, path, rule if rule.fault == "partial_kv" else None)
        if rule.fault != "drop_after":
            return response
        await _cut(request)
        return None

    async def _api(self, request: Request, path: str, partial: Rule | None) -> Response:
        return await _guarded(self._answer(request, path, partial))

    async def _answer(self, request: Request, path: str, partial: Rule | None) -> Response:
        if not path.startswith(f"{API}/"):
            raise no_route(path[:200])
        endpoint, params = ROUTER.find(request.method, path[len(API) :])
        try:
            token = authenticate(self._edge.store, request.headers)
        except ApiError as error:
            raise _on_verify(error, endpoint.path) from None
        wait = self._edge.rates.spend(token.digest)
        if wait is not None:
            return _throttled(wait, self._edge.rates.limit or 0, self._edge.rates.window)
        if endpoint.path not in VERIFY_PATHS:
            authorize(token, endpoint.scope)
        self._check_owner(params, path)
        response = await endpoint.handler(Call(self._edge, request, params, token, partial))
        response.headers.update(self._edge.rates.headers(token.digest))
        return response

    def _check_owner(self, params: dict[str, str], path: str) -> None:
        for name in ("account", "zone"):
            if name in params and not IDENTIFIER.fullmatch(params[name]):
                raise no_route(path[len(API) : len(API) + 200])
        if params.get("account", self._edge.store.accounts.id) != self._edge.store.accounts.id:
            raise forbidden()


def _raw_path(scope: Scope) -> str:
    raw = scope.get("raw_path") or scope["path"].encode()
    return str(raw.partition(b"?")[0].decode("latin-1"))


async def _guarded(answering: Any) -> Response:
    """Turn every failure into an envelope; a mistake of this program is logged without the request."""
    try:
        response: Response = await answering
        return response
    except ApiError as error:
        return error.response()
    except sqlite3.IntegrityError:
        return ApiError(
            409, 10013, "Something this call depends on was changed at the same time; try again."
        ).response()
    except sqlite3.OperationalError as error:
        return storage_failed(str(error)).response()
    except Exception as error:
        _log.error("mistake in the embedded edge: %s", type(error).__name__, exc_info=True)
        return ApiError(
            500, 10001, f"The embedded edge made a mistake ({type(error).__name__}); see its log."
        ).response()


def _on_verify(error: ApiError, path: str) -> ApiError:
    """Answer for an unknown token as the endpoint that verifies tokens does."""
    return ApiError(401, 1000, "Invalid API Token") if error.code == 9109 and path in VERIFY_PATHS else error


def _refused_host() -> Response:
    return Response("The embedded edge answers loopback names only.\n", 421, media_type="text/plain")


def _throttled(wait: int, limit: int, window: float) -> Response:
    reached = f"More than {limit} requests per {window:g} seconds reached."
    message = f"{reached} Please wait and consider throttling your request speed"
    response = ApiError(429, THROTTLED, message).response()
    response.headers["retry-after"] = str(wait)
    return response


def _failure(rule: Rule) -> Response:
    headers = {"retry-after": rule.retry_after} if rule.retry_after is not None else {}
    if isinstance(rule.body, str):
        return Response(
            rule.body, rule.status, headers, "text/html" if rule.body.startswith("<") else "text/plain"
        )
    if rule.body is not None:
        return Response(json.dumps(rule.body), rule.status, headers, "application/json")
    code = THROTTLED if rule.status == 429 else 10001
    response = answer(
        None, status=rule.status, success=False, errors=[{"code": code, "message": "injected fault"}]
    )
    response.headers.update(headers)
    return response


async def _cut(request: Request) -> None:
    """Break the connection, when there is a real one."""
    abort = request.scope.get("state", {}).get(ABORT)
    if abort is None:
        raise ConnectionAbortedError("injected fault: the connection is cut")
    abort()
    await _until_gone(request)


async def _until_gone(request: Request) -> None:
    """Wait until the client has given up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
