# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client of one Cloudflare account.

::

    with Client(account_id=..., api_token=..., base_url=...) as client:
        for script in client.workers.list():
            print(script.name, script.etag)
        print(client.calls)
"""

from __future__ import annotations

import importlib.util
import random as _random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .budget import Budget
from .errors import ApiError, AuthenticationError, ValidationError
from .kv import KV
from .library import MISSING, httpx
from .retry import Policy
from .shapes import mapping, optional_text, text
from .transport import Api, Call
from .workers import Workers

if TYPE_CHECKING:
    import httpx as _httpx

    from .records import Records
    from .secrets_store import SecretsStore
    from .service_tokens import ServiceTokens
    from .tunnels import Tunnels
    from .vpc_services import VpcServices
    from .zones import Zones

BASE_URL = "https://api.cloudflare.com/client/v4"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Token:
    """What the API says about the token in use."""

    id: str
    status: str
    expires_on: str | None = None

    @classmethod
    def parse(cls, value: object) -> Token:
        """Read the answer of a verification."""
        data = mapping(value)
        return cls(text(data, "id"), text(data, "status"), optional_text(data, "expires_on"))


class Client:
    """Typed access to one account; thread-safe; a context manager that closes its connections.

    ``transport``, ``clock``, ``sleep`` and ``random`` are seams for tests. Without a ``budget`` calls are
    not paced. Raises :class:`~.errors.ApiError` and nothing else.
    """

    def __init__(
        self,
        *,
        account_id: str,
        api_token: str,
        base_url: str = BASE_URL,
        transport: _httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
        random: Callable[[], float] = _random.random,
        budget: Budget | None = None,
        timeout: float = 30.0,
        policy: Policy | None = None,
    ) -> None:
        if MISSING:
            raise RuntimeError(MISSING)
        self.account_id, self.base_url = account_id, base_url
        self._http = _http_client(base_url, api_token, transport, timeout)
        self._api = Api(
            self._http,
            account_id=account_id,
            api_token=api_token,
            budget=budget,
            clock=clock,
            sleep=sleep,
            random=random,
            policy=policy or Policy(),
        )
        self.workers, self.kv = Workers(self._api), KV(self._api)

    @property
    def calls(self) -> int:
        """HTTP requests sent so far, retries included."""
        return self._api.calls

    # What a rollout does not need is loaded on demand: Ansible compiles a collection in every run.

    @cached_property
    def zones(self) -> Zones:
        """The domains of the account."""
        from .zones import Zones

        return Zones(self._api)

    @cached_property
    def records(self) -> Records:
        """DNS records."""
        from .records import Records

        return Records(self._api)

    @cached_property
    def tunnels(self) -> Tunnels:
        """Tunnels and their connectors."""
        from .tunnels import Tunnels

        return Tunnels(self._api)

    @cached_property
    def vpc_services(self) -> VpcServices:
        """Private services that Workers reach through a tunnel."""
        from .vpc_services import VpcServices

        return VpcServices(self._api)

    @cached_property
    def secrets_store(self) -> SecretsStore:
        """Secrets of the account."""
        from .secrets_store import SecretsStore

        return SecretsStore(self._api)

    @cached_property
    def service_tokens(self) -> ServiceTokens:
        """Service tokens of Access."""
        from .service_tokens import ServiceTokens

        return ServiceTokens(self._api)

    def verify_token(self) -> Token:
        """Ask whether the token is good; a token of the account itself is asked for at its own place."""
        mine = Call("the API token", "GET", "/user/tokens/verify")
        owned = Call("the API token", "GET", "tokens/verify")
        try:
            return self._api.result(mine, Token.parse)
        except (AuthenticationError, ValidationError) as error:
            refused: ApiError = error
        try:
            return self._api.result(owned, Token.parse)
        except ApiError:
            raise refused from None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client(account_id={self.account_id!r}, base_url={self.base_url!r}, calls={self.calls})"


def _http_client(
    base_url: str, api_token: str, transport: _httpx.BaseTransport | None, timeout: float
) -> _httpx.Client:
    parts = urlsplit(base_url)
    return httpx.Client(
        base_url=base_url.rstrip("/") + "/",
        headers={"authorization": f"Bearer {api_token}", "user-agent": "adsengineer.orchestrator"},
        transport=transport,
        timeout=timeout,
        follow_redirects=False,
        http2=parts.scheme == "https" and importlib.util.find_spec("h2") is not None,
        # Reading the certificate store takes 20 ms, wasted on the plain connection to an embedded edge.
        verify=parts.scheme == "https",
        # A proxy of the environment is for the outside world.
        trust_env=parts.hostname not in _LOOPBACK,
        limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
    )


__all__ = ["BASE_URL", "Client", "Token"]
