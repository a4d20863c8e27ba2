# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers in Cloudflare's envelope, and the errors with their documented codes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response


class ApiError(Exception):
    """A refusal: HTTP status, Cloudflare's code and a message that never quotes a secret."""

    def __init__(self, status: int, code: int, message: str, chain: tuple[tuple[int, str], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.chain = chain

    def response(self) -> Response:
        """Return the failed envelope."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.chain:
            error["error_chain"] = [{"code": code, "message": message} for code, message in self.chain]
        return answer(None, status=self.status, success=False, errors=[error])


def answer(
    result: Any,
    *,
    info: Mapping[str, Any] | None = None,
    status: int = 200,
    success: bool = True,
    errors: list[dict[str, Any]] | None = None,
) -> Response:
    """Return an envelope around a result."""
    body: dict[str, Any] = {"result": result, "success": success, "errors": errors or [], "messages": []}
    if info is not None:
        body["result_info"] = info
    return Response(json.dumps(body, separators=(",", ":")), status, media_type="application/json")


def bad_request(message: str, code: int = 10021) -> ApiError:
    """Refuse what was sent; 10021 is the code of everything that is wrong with an upload."""
    return ApiError(400, code, message)


def malformed_json(why: str) -> ApiError:
    """Refuse a body that is no JSON or not the JSON expected."""
    return ApiError(400, 6007, f"Malformed JSON in request body: {why}")


def too_large(limit: int) -> ApiError:
    """Refuse a body above the limit of its endpoint."""
    return ApiError(413, 10027, f"The request body is larger than the {limit} bytes allowed here.")


def no_route(path: str) -> ApiError:
    """Answer for an endpoint that does not exist."""
    chain = ((7000, "No route for that URI"),)
    return ApiError(
        404, 7003, f"Could not route to {path}, perhaps your object identifier is invalid?", chain
    )


def wrong_method(method: str) -> ApiError:
    """Answer for an endpoint that exists with other methods."""
    return ApiError(405, 7001, f"Method {method} not available for that URI.")


def no_script(name: str) -> ApiError:
    """Answer for a Worker that does not exist."""
    return ApiError(404, 10007, f"This Worker does not exist on your account: '{name}'.")


def no_namespace() -> ApiError:
    """Answer for a KV namespace that does not exist."""
    return ApiError(404, 10013, "namespace not found")


def forbidden() -> ApiError:
    """Answer for an account or zone that belongs to somebody else."""
    return ApiError(403, 9109, "Unauthorized to access requested resource")


def storage_failed(reason: str) -> ApiError:
    """Answer when this machine cannot store anything: its disk is full, its folder gone."""
    return ApiError(507, 10013, f"The embedded edge cannot write its state: {reason}")
