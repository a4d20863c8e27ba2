# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access service tokens: how a program shows itself to an application behind Access."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .pages import numbered
from .shapes import mapping, optional_text, text
from .transport import Api, Call, segment

_ROOT = "access/service_tokens"


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """A service token. The secret is known only from the answer to creation and rotation."""

    id: str
    name: str
    client_id: str
    duration: str
    enabled: bool
    expires_at: str | None
    client_secret: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, value: object) -> ServiceToken:
        """Read one service token."""
        data = mapping(value)
        return cls(
            id=text(data, "id"),
            name=text(data, "name"),
            client_id=text(data, "client_id"),
            duration=optional_text(data, "duration") or "",
            enabled=data.get("enabled") is not False,
            expires_at=optional_text(data, "expires_at"),
            client_secret=optional_text(data, "client_secret"),
        )


class ServiceTokens:
    """Calls on the service tokens of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self) -> tuple[ServiceToken, ...]:
        """All service tokens; an account has at most 50."""
        call = Call("Access service tokens", "GET", _ROOT)
        items = numbered(self._api, call, 1000)
        return tuple(self._api.parsed(call, item, ServiceToken.parse) for item in items)

    def create(self, name: str, duration: str) -> ServiceToken:
        """Make a service token.

        Names need not be unique and the secret is shown once, so a lost answer can't be read back: the
        call is not repeated and ends as UnknownOutcome.
        """
        body = {"name": name, "duration": duration}
        call = Call(f"Access service token '{name}'", "POST", _ROOT, json=body, again=False)
        return self._api.result(call, ServiceToken.parse)

    def update(self, token: ServiceToken, duration: str, enabled: bool) -> ServiceToken:
        """Change how long it is valid, and whether it is accepted."""
        body = {"name": token.name, "duration": duration, "enabled": enabled}
        return self._api.result(self._call(token, "PUT", json=body), ServiceToken.parse)

    def rotate(self, token: ServiceToken, previous_expires_at: str) -> ServiceToken:
        """Give it another secret; the one before is accepted until then (RFC 3339)."""
        body = {"previous_client_secret_expires_at": previous_expires_at}
        call = self._call(token, "POST", "/rotate", json=body, again=False)
        return self._api.result(call, ServiceToken.parse)

    def refresh(self, token: ServiceToken) -> ServiceToken:
        """Let its validity begin anew."""
        return self._api.result(self._call(token, "POST", "/refresh"), ServiceToken.parse)

    def delete(self, token: ServiceToken) -> None:
        """Delete a service token."""
        self._api.delete(self._call(token, "DELETE"))

    def _call(self, token: ServiceToken, method: str, tail: str = "", **more: Any) -> Call:
        resource = f"Access service token '{token.name}'"
        return Call(resource, method, f"{_ROOT}/{segment(token.id)}{tail}", **more)


__all__ = ["ServiceToken", "ServiceTokens"]
