# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Typed errors of the API.

::

    ApiError
      NotFound              404, or a code that says the thing is missing
      AuthenticationError   the token is wrong, expired or disabled
      PermissionDenied      the token is good but lacks a permission
      RateLimited           429 for longer than the client is ready to wait
      ValidationError       the request was understood and refused
      Conflict              the state there forbids it: duplicate title, newer version
      UnexpectedAnswer      HTML, truncated JSON, a shape the API does not document
      ServerError           5xx until the retries were used up
      Unreachable           no connection, so nothing was sent
      UnknownOutcome        sent, but no answer: it may or may not have happened
      PartialWrite          some keys of a bulk call were not written

No error holds the request, its body, or an exception of the HTTP library.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a failed call, free of secrets."""

    resource: str
    method: str
    endpoint: str
    status: int | None = None
    codes: tuple[int, ...] = ()
    messages: tuple[str, ...] = ()
    remedy: str = ""
    ray: str | None = None


class ApiError(Exception):
    """A call failed. ``str()`` is one sentence or two: what, where, what came, what to do."""

    what = "failed"

    def __init__(self, facts: Facts) -> None:
        super().__init__(facts)
        self.facts = facts
        self.resource, self.method, self.endpoint = facts.resource, facts.method, facts.endpoint
        self.status, self.codes, self.messages = facts.status, facts.codes, facts.messages
        self.remedy, self.ray = facts.remedy, facts.ray

    def __str__(self) -> str:
        status = f"HTTP {self.status}" if self.status else ""
        codes = f"code {', '.join(map(str, self.codes))}" if self.codes else ""
        where = ", ".join(part for part in (f"{self.method} {self.endpoint}", status, codes) if part)
        said = f": {'; '.join(self.messages).rstrip('.')}" if self.messages else ""
        ray = f" (ray {self.ray})" if self.ray else ""
        return f"{self.resource}: {self.what} ({where}){said}.{ray} {self.remedy}".strip()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def as_dict(self) -> dict[str, object]:
        """The fields that a task's result shows as ``error``."""
        return {
            "kind": type(self).__name__,
            "resource": self.resource,
            "endpoint": f"{self.method} {self.endpoint}",
            "status": self.status,
            "codes": list(self.codes),
            "messages": list(self.messages),
            "remedy": self.remedy,
            "ray": self.ray,
        }


class NotFound(ApiError):
    """The thing does not exist."""

    what = "not found"


class AuthenticationError(ApiError):
    """The token was not accepted."""

    what = "the API token was not accepted"


class PermissionDenied(ApiError):
    """The token lacks a permission."""

    what = "the API token lacks a permission"


class RateLimited(ApiError):
    """The API asked for a longer pause than the client is ready to make."""

    what = "too many calls"


class ValidationError(ApiError):
    """The API refused the request."""

    what = "refused"


class Conflict(ApiError):
    """The state on the other side forbids the request."""

    what = "in conflict with what is there"


class UnexpectedAnswer(ApiError):
    """The answer was not one of the API's."""

    what = "the answer is not one of the API's"


class ServerError(ApiError):
    """The API failed on its own side."""

    what = "the API failed"


class Unreachable(ApiError):
    """No connection could be made: nothing was sent."""

    what = "the API could not be reached"


class UnknownOutcome(ApiError):
    """The request was sent and no answer came."""

    what = "it is not known whether this happened"


class PartialWrite(ApiError):
    """A bulk call left some keys out; ``keys`` names them."""

    what = "not all keys were written"

    def __init__(self, facts: Facts, keys: tuple[str, ...] = ()) -> None:
        super().__init__(facts)
        self.keys = keys


__all__ = [
    "ApiError",
    "AuthenticationError",
    "Conflict",
    "Facts",
    "NotFound",
    "PartialWrite",
    "PermissionDenied",
    "RateLimited",
    "ServerError",
    "UnexpectedAnswer",
    "UnknownOutcome",
    "Unreachable",
    "ValidationError",
]
