# SPDX-License-Identifier: GPL-3.0-or-later
"""How a secret goes into a request: as a header, in the query, as Basic, by OAuth 2.0, or as an HMAC."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from .addresses import check_host
from .refusal import NO_TOKEN, Refused

#: A shorter secret can't be told from ordinary text in an answer, so it is not used.
SHORTEST = 8
_LONGEST = 86_400.0
_PRINTABLE = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
_PART = re.compile(r"\{(method|path|query|timestamp|body|body_sha256)\}")


@dataclass(frozen=True)
class Outgoing:
    """A request to a third party. ``hidden`` is what its answer must not repeat."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    hidden: tuple[str, ...] = field(default=(), repr=False)

    def with_header(self, name: str, value: str, *hidden: str) -> Outgoing:
        return replace(self, headers=(*self.headers, (name, value)), hidden=(*self.hidden, *hidden))


#: Sends a request to a URL of a host, and answers status and body: how OAuth 2.0 gets its tokens.
Send = Callable[[str, str, Outgoing], Awaitable[tuple[int, bytes]]]


class Credential(Protocol):
    """One way. ``owns`` are the fields and, with a question mark, the parameters that are its alone."""

    @property
    def owns(self) -> frozenset[str]: ...

    async def apply(self, request: Outgoing, now: float, send: Send) -> Outgoing: ...

    def refused(self, request: Outgoing) -> None:
        """The third party did not accept what this request went with."""


class Static:
    """What is the same for each request, so that nothing is to be forgotten."""

    def refused(self, request: Outgoing) -> None:
        return


@dataclass(frozen=True)
class Header(Static):
    name: str
    prefix: str
    secret: str = field(repr=False)

    @property
    def owns(self) -> frozenset[str]:
        return frozenset((self.name.lower(),))

    async def apply(self, request: Outgoing, now: float, send: Send) -> Outgoing:
        return request.with_header(self.name, self.prefix + self.secret, self.secret)


@dataclass(frozen=True)
class Query(Static):
    name: str
    secret: str = field(repr=False)

    @property
    def owns(self) -> frozenset[str]:
        return frozenset((f"?{self.name}",))

    async def apply(self, request: Outgoing, now: float, send: Send) -> Outgoing:
        pair = urlencode({self.name: self.secret})
        query = f"{request.query}&{pair}" if request.query else pair
        return replace(request, query=query, hidden=(*request.hidden, self.secret))


@dataclass(frozen=True)
class Basic(Static):
    """RFC 7617."""

    user: str
    secret: str = field(repr=False)

    @property
    def owns(self) -> frozenset[str]:
        return frozenset(("authorization",))

    async def apply(self, request: Outgoing, now: float, send: Send) -> Outgoing:
        value = basic(self.user, self.secret)
        return request.with_header("Authorization", value, self.secret, value.removeprefix("Basic "))


@dataclass(frozen=True)
class Hmac(Static):
    """A keyed digest over a text in which C({method}), C({body}) and so on are filled in."""

    header: str
    prefix: str
    algorithm: str
    encoding: str
    over: str
    timestamp_header: str
    secret: str = field(repr=False)

    @property
    def owns(self) -> frozenset[str]:
        return frozenset(name.lower() for name in (self.header, self.timestamp_header) if name)

    async def apply(self, request: Outgoing, now: float, send: Send) -> Outgoing:
        stamp = str(int(now))
        digest = hmac.new(self.secret.encode(), self._text(request, stamp), self.algorithm).digest()
        value = digest.hex() if self.encoding == "hex" else base64.b64encode(digest).decode()
        signed = request.with_header(self.header, self.prefix + value, self.secret)
        return signed.with_header(self.timestamp_header, stamp) if self.timestamp_header else signed

    def _text(self, request: Outgoing, stamp: str) -> bytes:
        parts = {
            "method": request.method.encode(),
            "path": request.path.encode(),
            "query": request.query.encode(),
            "timestamp": stamp.encode(),
            "body": request.body,
            "body_sha256": hashlib.sha256(request.body).hexdigest().encode(),
        }
        # Split, not replaced one by one: a body may hold {timestamp} itself.
        words = _PART.split(self.over)
        return b"".join(parts[word] if at % 2 else word.encode() for at, word in enumerate(words))


@dataclass
class OAuth2:
    """Client credentials of OAuth 2.0 (RFC 6749, section 4.4). A token is kept until just before it ends.

    Requests that come meanwhile wait for the one that fetches it.
    """

    token_url: str
    client_id: str
    scope: str
    secret: str = field(repr=False)
    auth: str = "basic"
    _token: str = field(default="", repr=False)
    _until: float = 0
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def owns(self) -> frozenset[str]:
        return frozenset(("authorization",))

    async def apply(self, request: Outgoing, now: float, send: Send) -> Outgoing:
        async with self._fetching:
            if now >= self._until:
                self._token, self._until = await self._fetched(now, send)
        return request.with_header("Authorization", f"Bearer {self._token}", self._token, self.secret)

    def refused(self, request: Outgoing) -> None:
        # A request that took long says nothing of a token that was fetched after it.
        if ("Authorization", f"Bearer {self._token}") in request.headers:
            self._until = 0

    async def _fetched(self, now: float, send: Send) -> tuple[str, float]:
        url = urlsplit(self.token_url)
        try:
            status, body = await send(url.scheme, url.netloc, self._asked(url.path or "/", url.query))
        except Refused as error:
            # Nothing went to the third party, so the refusal is not that of a call.
            raise Refused(NO_TOKEN, f"the token endpoint gave no token: {error}") from None
        return _token_of(status, body, now)

    def _asked(self, path: str, query: str) -> Outgoing:
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
        if self.auth == "post":
            form |= {"client_id": self.client_id, "client_secret": self.secret}
        else:
            # RFC 6749, section 2.3.1: both are encoded as in a form before they become Basic.
            login = basic(quote(self.client_id, safe=""), quote(self.secret, safe=""))
            headers.append(("Authorization", login))
        return Outgoing("POST", path, query, tuple(headers), urlencode(form).encode())


def _token_of(status: int, body: bytes, now: float) -> tuple[str, float]:
    """The token of an answer, and until when it is used. An end that is far away is not believed."""
    try:
        answer = json.loads(body)
        token, seconds = answer["access_token"], min(float(answer.get("expires_in", 60)), _LONGEST)
        usable = (
            status == 200 and answer.get("token_type", "").lower() == "bearer" and token == checked(token)
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        usable = False
    if not usable:
        # Without the answer, which may repeat what it was asked with.
        raise Refused(NO_TOKEN, f"the token endpoint gave no bearer token (HTTP {status})")
    return token, now + max(0.0, seconds - 30)


def basic(user: str, password: str) -> str:
    """The value of Authorization."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def checked(secret: str) -> str:
    """A secret that can be a header's value, and be found in an answer. Raises ValueError."""
    if len(secret) < SHORTEST or not _PRINTABLE.fullmatch(secret):
        raise ValueError(f"the secret is not {SHORTEST} or more printable characters of ASCII on one line")
    return secret


def credential(data: Mapping[str, Any], secrets: Mapping[str, str]) -> Credential:
    """A credential as it is declared. Raises ValueError with the reason, KeyError for what is missing."""
    name = data["secret"]
    if name not in secrets:
        raise ValueError(f"credential: the secret {name} was not handed to the relay")
    secret = checked(secrets[name])
    if "header" in data:
        return Header(data["header"], data.get("prefix", ""), secret)
    if "query" in data:
        return Query(data["query"], secret)
    if "basic" in data:
        return Basic(data["basic"], secret)
    if "oauth2" in data:
        return _oauth2(data["oauth2"], secret)
    return _hmac(data["hmac"], secret)


def _oauth2(data: Mapping[str, Any], secret: str) -> OAuth2:
    check_host(urlsplit(data["token_url"]).hostname or "")
    return OAuth2(
        data["token_url"], data["client_id"], data.get("scope", ""), secret, data.get("auth", "basic")
    )


def _hmac(data: Mapping[str, Any], secret: str) -> Hmac:
    return Hmac(
        header=data["header"],
        prefix=data.get("prefix", ""),
        algorithm=data.get("algorithm", "sha256"),
        encoding=data.get("encoding", "hex"),
        over=data["over"],
        timestamp_header=data.get("timestamp_header", ""),
        secret=secret,
    )
