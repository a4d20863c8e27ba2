# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends requests: counts and paces them, retries what is safe, and reads back what is not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from .._redact import Redactor
from .answer import Envelope, Garbled, read, refusal
from .budget import Budget
from .errors import (
    ApiError,
    Conflict,
    Facts,
    NotFound,
    RateLimited,
    ServerError,
    UnexpectedAnswer,
    UnknownOutcome,
    Unreachable,
)
from .library import httpx
from .retry import Policy, exhausted_for, retry_after
from .shapes import Odd
from .upload import Form

if TYPE_CHECKING:
    import httpx as _httpx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API. ``path`` is relative to the account unless it starts with a slash.

    ``again`` says that making the call twice does the same as making it once.
    """

    resource: str
    method: str
    path: str
    params: Mapping[str, str | int] | None = None
    json: Any = field(default=None, repr=False)
    files: Form | None = field(default=None, repr=False)
    again: bool = True
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class _Lost:
    """No usable answer: ``sent`` tells whether the request may have had its effect."""

    sent: bool
    text: str


class Api:
    """The calls of one account over one connection pool; safe to use from many threads."""

    def __init__(
        self,
        http: _httpx.Client,
        *,
        account_id: str,
        api_token: str,
        budget: Budget | None,
        clock: Callable[[], float],
        sleep: Callable[[float], object],
        random: Callable[[], float],
        policy: Policy,
    ) -> None:
        self._http, self._account, self._token = http, account_id, api_token
        self._budget, self._clock, self._sleep = budget, clock, sleep
        self._random, self._policy = random, policy
        self._count = 0
        self._lock = threading.Lock()

    @property
    def calls(self) -> int:
        """HTTP requests sent so far."""
        return self._count

    def send(self, call: Call) -> Envelope:
        """Make a call and answer its envelope."""
        facts, redactor = self._facts(call), self._redactor(call)
        return self._exchange(call, lambda response, _tries: read(response, facts, redactor))

    def send_raw(self, call: Call) -> bytes:
        """Make a call whose success is not enveloped and answer the body."""
        facts, redactor = self._facts(call), self._redactor(call)

        def parse(response: _httpx.Response, _tries: int) -> bytes:
            if response.is_success:
                return response.content
            raise refusal(response, facts, redactor)

        return self._exchange(call, parse)

    def delete(self, call: Call) -> None:
        """Delete something; that it is gone already counts as done when an earlier answer was lost."""
        facts, redactor = self._facts(call), self._redactor(call)

        def parse(response: _httpx.Response, tries: int) -> None:
            if response.status_code == 404 and tries:
                return
            read(response, facts, redactor)

        self._exchange(call, parse)

    def result(self, call: Call, parse: Callable[[Any], T]) -> T:
        """Make a call and answer its result, read by ``parse``."""
        return self.parsed(call, self.send(call).result, parse)

    def parsed(self, call: Call, value: object, parse: Callable[[Any], T]) -> T:
        """Read a part of an answer; a wrong shape becomes a typed error."""
        try:
            return parse(value)
        except Odd as odd:
            text = str(odd)
        raise UnexpectedAnswer(replace(self._facts(call), messages=(text,), remedy=_SHAPE))

    def confirmed(self, call: Call, parse: Callable[[Any], T], confirm: Callable[[], T | None]) -> T:
        """Make a call that must not happen twice.

        When its outcome is unknown, ``confirm`` reads back whether it happened and answers the result if
        so; only when it did not, the call is made again.
        """
        failures = 0
        while True:
            try:
                return self.result(call, parse)
            except (UnknownOutcome, UnexpectedAnswer, Conflict) as error:
                lost = error
            if not _doubtful(lost, failures):
                raise lost
            self._sleep(self._policy.jitter(failures, self._random))
            failures += 1
            found = self._read_back(call, lost, confirm)
            if found is not None:
                return found
            if failures >= self._policy.attempts or isinstance(lost, Conflict):
                raise lost

    def _read_back(self, call: Call, lost: ApiError, confirm: Callable[[], T | None]) -> T | None:
        try:
            return confirm()
        except NotFound:
            return None
        except ApiError as error:
            text = self._redactor(call).clean(f"reading back failed too: {error}", 600)
        raise UnknownOutcome(replace(lost.facts, messages=(*lost.messages, text), remedy=_READ))

    def _exchange(self, call: Call, parse: Callable[[_httpx.Response, int], T]) -> T:
        failures = throttles = 0
        while True:
            came = self._once(call)
            if not isinstance(came, _Lost):
                if came.status_code == 429:
                    self._wait_out(call, came, throttles)
                    throttles += 1
                    continue
                if came.status_code < 500 and came.status_code != 408:
                    try:
                        return parse(came, failures)
                    except Garbled as error:
                        text = str(error)
                    came = _Lost(True, text)
            failures += 1
            if self._over(call, came, failures):
                raise self._failure(call, came)
            self._sleep(self._policy.jitter(failures - 1, self._random))

    def _over(self, call: Call, came: _httpx.Response | _Lost, failures: int) -> bool:
        """Whether another try is pointless or not allowed."""
        harmless = call.again or (isinstance(came, _Lost) and not came.sent)
        return failures >= self._policy.attempts or not harmless

    def _failure(self, call: Call, came: _httpx.Response | _Lost) -> Exception:
        facts = self._facts(call)
        if not isinstance(came, _Lost):
            error = refusal(came, facts, self._redactor(call))
            if call.again:
                return (
                    error if isinstance(error, ServerError | UnexpectedAnswer) else ServerError(error.facts)
                )
            return UnknownOutcome(replace(error.facts, remedy=_READ))
        said = replace(facts, messages=(came.text,))
        if not came.sent or call.method == "GET":
            return Unreachable(replace(said, remedy=_CONNECT))
        return UnknownOutcome(replace(said, remedy=_READ))

    def _wait_out(self, call: Call, response: _httpx.Response, throttles: int) -> None:
        """Wait as long as a 429 asks for, all processes of this token with us, or raise."""
        asked = retry_after(response.headers, self._clock())
        pause = asked if asked is not None else max(1.0, self._policy.jitter(throttles + 1, self._random))
        if throttles >= self._policy.throttled or pause > self._policy.longest:
            error = refusal(response, self._facts(call), self._redactor(call))
            raise RateLimited(
                replace(error.facts, messages=(f"the API asks for {pause:.0f} s", *error.messages))
            )
        if self._budget and asked:
            self._budget.block(asked)
        else:
            self._sleep(pause)

    def _once(self, call: Call) -> _httpx.Response | _Lost:
        """Send one request. No exception of the HTTP library, which holds the request, leaves here."""
        if self._budget:
            self._budget.acquire()
        with self._lock:
            self._count += 1
        try:
            request = self._http.build_request(
                call.method, self._url(call.path), params=call.params, json=call.json, files=call.files
            )
            request.read()  # as one piece: a form would go out in a packet for each of its parts
            response = self._http.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            return _Lost(False, self._redactor(call).clean(f"{type(error).__name__}: {error}", 200))
        except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL) as error:
            return _Lost(True, self._redactor(call).clean(f"{type(error).__name__}: {error}", 200))
        if self._budget and (pause := exhausted_for(response.headers)):
            self._budget.block(pause)
        return response

    def _url(self, path: str) -> str:
        return path.lstrip("/") if path.startswith("/") else f"accounts/{segment(self._account)}/{path}"

    def _facts(self, call: Call) -> Facts:
        path = call.path if call.path.startswith("/") else f"/accounts/{{account_id}}/{call.path}"
        return Facts(call.resource, call.method, path)

    def _redactor(self, call: Call) -> Redactor:
        return Redactor((self._token, *call.secrets))


_SHAPE = "Check the base URL; if it is right, the API has changed: update the collection."
_CONNECT = "Check the base URL, DNS, the proxy and the firewall of the machine that runs Ansible."
_READ = "Run again: the present state is read first, and only what is missing is done."


def _doubtful(error: ApiError, failures: int) -> bool:
    """Whether the call may have happened in spite of the error."""
    if isinstance(error, Conflict):
        return failures > 0  # the earlier, lost attempt may be what it conflicts with
    return isinstance(error, UnknownOutcome) or error.status is None or error.status < 300


def segment(value: str) -> str:
    """A value as one segment of a path."""
    return quote(value, safe="")


__all__ = ["Api", "Call", "segment"]
