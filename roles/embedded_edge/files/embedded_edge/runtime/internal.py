# SPDX-License-Identifier: GPL-3.0-or-later
"""The application that the host Worker asks, over a socket that only this user can open."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from embedded_edge.bundle import Source

from . import kv
from .choice import Share, choose, parse_overrides, point_of
from .definition import BundleError, definition

__all__ = ["Internal"]


class Internal:
    """Answers from the source; `on_load` hears of each version that is handed out to be loaded."""

    def __init__(self, source: Source, build_date: str, on_load: Callable[[], None]) -> None:
        self._source = source
        self._build_date = build_date
        self._on_load = on_load
        self._numbers: dict[tuple[str, str], int] = {}
        self.app = Starlette(
            routes=[
                Route("/resolve", self._resolve),
                Route("/code", self._code),
                Route("/kv", self._kv_get),
                Route("/kv", self._kv_put, methods=["PUT"]),
                Route("/kv", self._kv_delete, methods=["DELETE"]),
                Route("/kv/keys", self._kv_list),
                Route("/secret", self._secret),
            ],
            exception_handlers={kv.KvRefused: _refused, Exception: _broken},
        )

    async def _resolve(self, request: Request) -> Response:
        query = request.query_params
        script = query.get("script") or self._source.route(query["hostname"], query["path"])
        if script is None:
            return _text(
                404, f"no Worker answers for {query['hostname']}: deploy one with this domain or route."
            )
        versions = self._source.active(script)
        if not versions:
            return _text(503, f"Worker {script} has no active deployment: deploy a version of it.")
        override = parse_overrides(query["overrides"]).get(script)
        key = query["key"]
        point = point_of(script, key) if key else random.random()
        return JSONResponse({"script": script, "version": self._choose(script, versions, override, point)})

    def _choose(
        self, script: str, versions: list[tuple[str, float]], override: str | None, point: float
    ) -> str:
        if len(versions) == 1:
            return versions[0][0]
        shares = [Share(version, share, self._number(script, version)) for version, share in versions]
        return choose(shares, override, point)

    def _number(self, script: str, version: str) -> int:
        """Versions never change, so their numbers are read once."""
        if (script, version) not in self._numbers:
            bundle = self._source.bundle(script, version)
            if bundle is None:
                return 0
            self._numbers[script, version] = bundle.number
        return self._numbers[script, version]

    async def _code(self, request: Request) -> Response:
        script, version = request.query_params["script"], request.query_params["version"]
        bundle = self._source.bundle(script, version)
        if bundle is None:
            return PlainTextResponse("it isn't stored.", 404)
        try:
            body = definition(bundle, self._build_date)
        except BundleError as error:
            return PlainTextResponse(f"{error}.", 422)
        self._on_load()
        return JSONResponse(body)

    async def _secret(self, request: Request) -> Response:
        query = request.query_params
        value = self._source.secret(query["store"], query["secret"])
        if value is None:
            return PlainTextResponse(f'Secret "{query["secret"]}" not found', 404)
        return PlainTextResponse(value)

    async def _kv_get(self, request: Request) -> Response:
        query = request.query_params
        kv.check_ttl(query.get("cache_ttl"))
        item = self._source.kv_get(query["namespace"], kv.check_key(query["key"]))
        if item is None:
            return Response(status_code=204)
        return Response(item.value, headers={"x-metadata": json.dumps(item.metadata)})

    async def _kv_put(self, request: Request) -> Response:
        query = request.query_params
        key, metadata = kv.check_key(query["key"]), kv.metadata(query.get("metadata"))
        expiration = kv.expiration(query, time.time())
        value = bytearray()
        async for chunk in request.stream():
            value += chunk
            kv.check_value(len(value))
        try:
            self._source.kv_put(query["namespace"], key, bytes(value), metadata, expiration)
        except LookupError:
            raise kv.KvRefused(404, "namespace not found") from None
        return Response()

    async def _kv_delete(self, request: Request) -> Response:
        query = request.query_params
        self._source.kv_delete(query["namespace"], kv.check_key(query["key"]))
        return Response()

    async def _kv_list(self, request: Request) -> Response:
        query = request.query_params
        limit = kv.page_size(query.get("limit"))
        page = self._source.kv_list(
            query["namespace"], query.get("prefix", ""), limit, query.get("cursor", "")
        )
        body = {"keys": page.keys, "list_complete": page.complete}
        return JSONResponse(body if page.complete else {**body, "cursor": page.cursor})


def _text(status: int, text: str) -> Response:
    return PlainTextResponse(f"embedded edge: {text}\n", status)


async def _broken(_request: Request, error: Exception) -> Response:
    return _text(503, f"its state can't be read ({type(error).__name__}; see its log).")


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, kv.KvRefused)
    return PlainTextResponse(str(error), error.status)
