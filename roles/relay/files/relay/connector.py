# SPDX-License-Identifier: GPL-3.0-or-later
"""What one connector allows: which requests, to which host, with which limits."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from .addresses import Network, check_host
from .credentials import Credential, credential
from .refusal import FORBIDDEN, TOO_LARGE, Refused

#: Fields that are handed on when the plane signed them; a connector can name more.
FORWARDED = frozenset(
    (
        "accept",
        "accept-language",
        "content-type",
        "idempotency-key",
        "if-match",
        "if-none-match",
        "traceparent",
    )
)
#: Fields that no connector can name: they are the relay's own, or say who asks.
NEVER_FORWARDED = frozenset(
    (
        "accept-encoding",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    )
)
_SEGMENT = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]{1,128}"
_TEMPLATE = re.compile(r"(?:/(?:[A-Za-z0-9._~-]{1,128}|\{[a-z_]{1,32}\}))+/?|/")


@dataclass(frozen=True)
class Connector:
    """One way to one third party. ``timeout`` is in seconds and of the whole call."""

    name: str
    methods: frozenset[str]
    scheme: str
    host: str
    port: int
    path: re.Pattern[str]
    query: frozenset[str]
    headers: frozenset[str]
    max_request_bytes: int
    max_response_bytes: int
    timeout: float
    networks: tuple[Network, ...]
    credential: Credential

    def check(self, method: str, path: str, query: str, size: int) -> str:
        """The query as it is handed on. Raises Refused for what the connector does not allow."""
        if method not in self.methods:
            raise Refused(FORBIDDEN, f"the connector {self.name} does not allow the method {method[:16]}")
        if not self.path.fullmatch(path):
            raise Refused(FORBIDDEN, f"the connector {self.name} does not allow this path")
        if size > self.max_request_bytes:
            raise Refused(
                TOO_LARGE, f"the connector {self.name} takes {self.max_request_bytes} bytes at most"
            )
        return self._checked_query(query)

    def _checked_query(self, query: str) -> str:
        try:
            pairs = (
                parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict")
                if query
                else []
            )
        except ValueError:
            raise Refused(FORBIDDEN, "the query is not well formed") from None
        if {name for name, _value in pairs} - self.query:
            raise Refused(FORBIDDEN, f"the connector {self.name} does not allow this query")
        return urlencode(pairs)


def connector(name: str, data: Mapping[str, Any], secrets: Mapping[str, str]) -> Connector:
    """A connector as it is declared. Raises ValueError with the reason, KeyError for what is missing."""
    headers = frozenset(str(item).lower() for item in data.get("headers", ()))
    if headers & NEVER_FORWARDED:
        raise ValueError(f"headers: {min(headers & NEVER_FORWARDED)} is never handed on")
    networks = tuple(ipaddress.ip_network(item) for item in data.get("networks", ()))
    scheme = data.get("scheme", "https")
    if scheme != "https" and not (scheme == "http" and networks):
        raise ValueError("scheme: http is for networks that the connector opens itself")
    made = credential(data["credential"], secrets)
    query = frozenset(data.get("query", ()))
    if made.owns & (FORWARDED | headers | {f"?{item}" for item in query}):
        raise ValueError(f"credential: {min(made.owns)} can't be left to the plane as well")
    return Connector(
        name=name,
        methods=frozenset(data["methods"]),
        scheme=scheme,
        host=check_host(data["host"]),
        port=int(data.get("port", 443 if scheme == "https" else 80)),
        path=template(data["path"]),
        query=query,
        headers=FORWARDED | headers,
        max_request_bytes=int(data.get("max_request_bytes", 64 * 1024)),
        max_response_bytes=int(data.get("max_response_bytes", 1024 * 1024)),
        timeout=float(data.get("timeout", 10)),
        networks=networks,
        credential=made,
    )


def template(text: str) -> re.Pattern[str]:
    """The pattern of a path: each C({name}) stands for one segment of unreserved characters (RFC 3986)."""
    if not _TEMPLATE.fullmatch(text) or "/./" in f"{text}/" or "/../" in f"{text}/":
        raise ValueError(f"path: {text[:80]!r} is no template such as /v1/charges/{{id}}")
    parts = re.split(r"(\{[a-z_]+\})", text)
    return re.compile("".join(_SEGMENT if part.startswith("{") else re.escape(part) for part in parts))
