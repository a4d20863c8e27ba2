# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to third parties: each name is resolved once, and only an address that was checked is connected to.

httpcore alone, below httpx: it follows no redirects, keeps no cookies and reads no proxies from the
environment, so none of that has to be turned off.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore

from .addresses import AddressRefused, Network, check_all
from .credentials import Outgoing
from .refusal import ANSWER_TOO_LARGE, REDIRECTED, TARGET, TIMED_OUT, UNREACHABLE, UNREADABLE, Refused

Resolve = Callable[[str, int], Awaitable[list[str]]]
_KEPT_FOR = 15.0


@dataclass(frozen=True)
class Answer:
    """What a third party answered; names of headers are lower-case."""

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)


async def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, as the host's resolver orders them."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise AddressRefused("the name can't be resolved") from None
    return [str(item[4][0]) for item in found]


class Checked(httpcore.AsyncNetworkBackend):
    """Connects to addresses that a connector may lead to."""

    def __init__(self, opened: Sequence[Network], resolve: Resolve = resolve) -> None:
        self._opened, self._resolve, self._inner = opened, resolve, httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = check_all(await self._resolve(host, port), self._opened)
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(self, *_args: Any, **_options: Any) -> httpcore.AsyncNetworkStream:
        raise AddressRefused("sockets of this host are no third parties")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Outbound:
    """The connections of one connector."""

    def __init__(self, opened: Sequence[Network], resolve: Resolve = resolve) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            # The host's own list of authorities.
            ssl_context=ssl.create_default_context(),
            max_connections=32,
            max_keepalive_connections=8,
            keepalive_expiry=_KEPT_FOR,
            network_backend=Checked(opened, resolve),
        )

    async def send(
        self, scheme: str, host: str, port: int, request: Outgoing, most: int, seconds: float
    ) -> Answer:
        """Send one request. Raises Refused, and never repeats anything."""
        target = request.path + (f"?{request.query}" if request.query else "")
        url = httpcore.URL(scheme=scheme, host=host, port=port, target=target)
        try:
            async with asyncio.timeout(seconds):
                return await self._sent(url, request, most)
        except (TimeoutError, httpcore.TimeoutException):
            raise Refused(TIMED_OUT, f"the third party did not answer within {seconds:.3g} s") from None
        except AddressRefused as error:
            raise Refused(TARGET, f"{host}: {error}") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise Refused(UNREACHABLE, f"{host} can't be reached ({type(error).__name__})") from None

    async def close(self) -> None:
        await self._pool.aclose()

    async def _sent(self, url: httpcore.URL, request: Outgoing, most: int) -> Answer:
        fields = (*request.headers, ("Accept-Encoding", "identity"), ("User-Agent", "adsengineer-relay"))
        # Bytes as they came: httpcore takes text of ASCII only.
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        async with self._pool.stream(request.method, url, headers=raw, content=request.body) as got:
            headers = tuple(
                (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in got.headers
            )
            if 300 <= got.status < 400 and got.status != 304:
                raise Refused(
                    REDIRECTED, f"the third party redirects (HTTP {got.status}), and none is followed"
                )
            if got.status < 200:
                raise Refused(UNREADABLE, f"the third party changes the protocol (HTTP {got.status})")
            if any(name == "content-encoding" and value.lower() != "identity" for name, value in headers):
                # Nothing can be found in it, so nothing could be kept out of it.
                raise Refused(UNREADABLE, "the answer is compressed, which was not asked for")
            return Answer(got.status, headers, await _read(got, most))


async def _read(response: httpcore.Response, most: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > most:
            raise Refused(ANSWER_TOO_LARGE, f"the answer is larger than {most} bytes")
    return bytes(body)
