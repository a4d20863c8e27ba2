# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tunnels: the way from the edge to an origin that opens no port."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .pages import numbered
from .shapes import integer, mapping, optional_text, sequence, text
from .transport import Api, Call, segment

_ROOT = "cfd_tunnel"
DOMAIN = "cfargotunnel.com"


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A tunnel. ``token`` is known only from the answer to creation and rotation, and is in no repr."""

    id: str
    name: str
    status: str
    remote: bool
    created_at: str = ""
    token: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, value: object) -> Tunnel:
        """Read one tunnel."""
        data = mapping(value)
        remote = data.get("remote_config") is True or data.get("config_src") == "cloudflare"
        return cls(
            id=text(data, "id"),
            name=text(data, "name"),
            status=optional_text(data, "status") or "inactive",
            remote=remote,
            created_at=optional_text(data, "created_at") or "",
            token=optional_text(data, "token"),
        )

    @property
    def target(self) -> str:
        """What a CNAME must hold to lead to this tunnel."""
        return f"{self.id}.{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the connectors are told to serve; ``config`` has ``ingress`` and ``originRequest``."""

    config: Mapping[str, Any]
    version: int

    @classmethod
    def parse(cls, value: object) -> Configuration:
        """Read a configuration; a tunnel that never had one has an empty one."""
        data = mapping(value)
        return cls(dict(mapping(data.get("config"))), integer(data, "version") or 0)


@dataclass(frozen=True, slots=True)
class Connector:
    """A cloudflared that serves a tunnel, with the places it is connected to."""

    id: str
    version: str
    config_version: int | None
    run_at: str
    places: tuple[str, ...]

    @classmethod
    def parse(cls, value: object) -> Connector:
        """Read one connector."""
        data = mapping(value)
        connections = [mapping(item) for item in sequence(data.get("conns"))]
        held = [item for item in connections if item.get("is_pending_reconnect") is not True]
        return cls(
            id=text(data, "id"),
            version=optional_text(data, "version") or "",
            config_version=integer(data, "config_version"),
            run_at=optional_text(data, "run_at") or "",
            places=tuple(optional_text(item, "colo_name") or "" for item in held),
        )


class Tunnels:
    """Calls on the tunnels of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, name: str | None = None) -> tuple[Tunnel, ...]:
        """The tunnels that are not deleted, or the one of that name; one call for each 1000."""
        params = {"is_deleted": "false"} | ({"name": name} if name else {})
        call = Call(f"tunnel '{name}'" if name else "tunnels", "GET", _ROOT, params=params)
        return tuple(self._api.parsed(call, item, Tunnel.parse) for item in numbered(self._api, call, 1000))

    def find(self, name: str) -> Tunnel | None:
        """The tunnel of a name."""
        return next((tunnel for tunnel in self.list(name) if tunnel.name == name), None)

    def create(self, name: str) -> Tunnel:
        """Make a tunnel that is configured by the API. Raises Conflict when the name is taken."""
        body = {"name": name, "config_src": "cloudflare"}
        call = Call(f"tunnel '{name}'", "POST", _ROOT, json=body, again=False)
        return self._api.confirmed(call, Tunnel.parse, lambda: self.find(name))

    def rotate(self, tunnel: Tunnel, secret: str) -> Tunnel:
        """Give a tunnel another secret (base64 of 32 bytes); what is connected stays connected."""
        body = {"tunnel_secret": secret}
        call = self._call(tunnel, "PATCH", json=body, secrets=(secret,))
        return self._api.result(call, Tunnel.parse)

    def delete(self, tunnel: Tunnel, force: bool = False) -> None:
        """Delete a tunnel; ``force`` also drops its connections."""
        self._api.delete(self._call(tunnel, "DELETE", params={"cascade": "true"} if force else None))

    def token(self, tunnel: Tunnel) -> str:
        """The token with which a connector serves the tunnel: a secret."""
        return self._api.result(self._call(tunnel, "GET", "/token"), _token)

    def configuration(self, tunnel: Tunnel) -> Configuration:
        """What the connectors serve."""
        return self._api.result(self._call(tunnel, "GET", "/configurations"), Configuration.parse)

    def configure(self, tunnel: Tunnel, config: Mapping[str, Any]) -> Configuration:
        """Replace what the connectors serve; they have it within seconds."""
        call = self._call(tunnel, "PUT", "/configurations", json={"config": dict(config)})
        return self._api.result(call, Configuration.parse)

    def connectors(self, tunnel: Tunnel) -> tuple[Connector, ...]:
        """Who serves the tunnel now."""
        call = self._call(tunnel, "GET", "/connections")
        return self._api.result(call, lambda value: tuple(map(Connector.parse, sequence(value))))

    def disconnect(self, tunnel: Tunnel) -> None:
        """Close every connection; a connector with the present token comes back by itself."""
        self._api.delete(self._call(tunnel, "DELETE", "/connections"))

    def _call(self, tunnel: Tunnel, method: str, tail: str = "", **more: Any) -> Call:
        return Call(f"tunnel '{tunnel.name}'", method, f"{_ROOT}/{segment(tunnel.id)}{tail}", **more)


def _token(value: object) -> str:
    return text({"token": value}, "token")


__all__ = ["DOMAIN", "Configuration", "Connector", "Tunnel", "Tunnels"]
