# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .outbound import Answer
from .refusal import MALFORMED, SLOW, TOO_LARGE, Refused
from .service import PREFIX, Service
from .signature import Message

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_PATIENCE = 10


def application(service: Service) -> Starlette:
    """An application that closes the service at its end."""

    async def call(request: Request) -> Response:
        try:
            return _answered(await service.answer(await _message(request, service)))
        except Refused as refused:
            return _refused(refused)

    async def health(_request: Request) -> Response:
        state = (
            {"status": "unavailable", "reason": "the audit can't be written"}
            if service.broken
            else {"status": "ok"}
        )
        about = {"tenant": service.config.tenant, "environment": service.config.environment}
        about["config"] = service.config.digest
        return JSONResponse(state | about, 503 if service.broken else 200)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await service.close()

    routes = [
        Route(f"{PREFIX}{{rest:path}}", call, methods=METHODS),
        Route("/healthz", health, methods=["GET"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def _message(request: Request, service: Service) -> Message:
    """The request as it came, not as Starlette decodes it. Raises Refused, and enters that."""
    try:
        async with asyncio.timeout(_PATIENCE):
            body = await _body(request, service.config.largest)
        fields = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]
        ]
        hosts = [value for name, value in fields if name == "host"]
        return Message(
            method=request.method,
            authority=hosts[0].lower() if len(hosts) == 1 else "",
            path=request.scope["raw_path"].decode("latin-1"),
            query=request.scope["query_string"].decode("latin-1"),
            fields=fields,
            body=body,
        )
    except TimeoutError:
        refused = Refused(SLOW, f"the body did not come within {_PATIENCE} s")
    except ClientDisconnect:
        refused = Refused(MALFORMED, "the connection ended before the body")
    except Refused as error:
        refused = error
    service.refuse(refused, {})
    raise refused


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise Refused(TOO_LARGE, f"no connector takes more than {most} bytes")
    return bytes(body)


def _answered(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers = [
        *((name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers),
        (b"content-length", str(len(answer.body)).encode()),
        (b"relay-outcome", b"answered"),
        (b"cache-control", b"no-store"),
    ]
    return response


def _refused(refused: Refused) -> Response:
    body = json.dumps({"error": str(refused), "code": refused.kind.code})
    headers = {"relay-outcome": "refused", "cache-control": "no-store"}
    return Response(body, refused.kind.status, headers, "application/json")
