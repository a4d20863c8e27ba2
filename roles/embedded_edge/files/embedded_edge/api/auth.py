# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls, and may they: tokens and permissions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..store import Store
from ..store.accounts import digest
from ..store.model import Token
from .errors import ApiError

READ_WRITE = (
    "Workers Scripts",
    "Workers KV Storage",
    "Workers Routes",
    "Cloudflare Tunnel",
    "DNS",
    "Connectivity Directory",
    "Access: Service Tokens",
    "Secrets Store",
)
READ_ONLY = ("Account Settings", "User Details", "Memberships", "Zone")
SCOPES = frozenset([f"{name} {right}" for name in READ_WRITE for right in ("Read", "Write")]) | {
    f"{name} Read" for name in READ_ONLY
}
_TOKEN = re.compile(r"[\x21-\x7e]{20,200}")


def bearer(headers: Mapping[str, str]) -> str | None:
    """Return the text of the token that a request carries."""
    kind, _space, text = headers.get("authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else None


def token_mark(headers: Mapping[str, str]) -> str:
    """Return the start of the token's digest, by which the log tells tokens apart."""
    text = bearer(headers)
    return digest(text)[:12] if text else ""


def authenticate(store: Store, headers: Mapping[str, str]) -> Token:
    """Return the token of a request, whatever its status."""
    if "authorization" not in headers:
        raise ApiError(400, 9106, 'Missing "Authorization" header: send "Authorization: Bearer <API token>"')
    text = bearer(headers)
    if text is None or not _TOKEN.fullmatch(text):
        chain = ((6111, "Invalid format for Authorization header"),)
        raise ApiError(400, 6003, "Invalid request headers", chain)
    token = store.accounts.token(text)
    if token is None:
        raise ApiError(403, 9109, "Invalid access token")
    return token


def authorize(token: Token, scope: str | None) -> None:
    """Insist on an active token with the permission that an endpoint asks for."""
    if token.status != "active":
        raise ApiError(403, 9109, "Invalid access token")
    if scope is not None and not {scope, scope.removesuffix("Read") + "Write"} & token.scopes:
        raise ApiError(403, 10000, f"Authentication error: the token lacks the permission '{scope}'")
