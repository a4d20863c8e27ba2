# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VPC services: origins behind a tunnel that a Worker binds without a hostname of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .pages import numbered
from .shapes import mapping, text
from .transport import Api, Call, segment

_ROOT = "connectivity/directory/services"
_FIELDS = ("name", "type", "host", "http_port", "https_port", "tcp_port", "app_protocol", "tls_settings")


@dataclass(frozen=True, slots=True)
class VpcService:
    """A service; ``body`` holds what can be declared."""

    id: str
    name: str
    body: Mapping[str, Any]

    @classmethod
    def parse(cls, value: object) -> VpcService:
        """Read one service."""
        data = mapping(value)
        body = {field: data[field] for field in _FIELDS if data.get(field) is not None}
        return cls(text(data, "service_id"), text(data, "name"), body)


class VpcServices:
    """Calls on the VPC services of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self) -> tuple[VpcService, ...]:
        """All services; one call for each 1000, the most there can be."""
        call = Call("VPC services", "GET", _ROOT)
        items = numbered(self._api, call, 1000)
        return tuple(self._api.parsed(call, item, VpcService.parse) for item in items)

    def find(self, name: str) -> VpcService | None:
        """The service of a name."""
        return next((service for service in self.list() if service.name == name), None)

    def create(self, body: Mapping[str, Any]) -> VpcService:
        """Make a service."""
        name = str(body["name"])
        call = Call(f"VPC service '{name}'", "POST", _ROOT, json=dict(body), again=False)
        return self._api.confirmed(call, VpcService.parse, lambda: self.find(name))

    def replace(self, service: VpcService, body: Mapping[str, Any]) -> VpcService:
        """Replace a service; Workers that bind it use the new one at once."""
        return self._api.result(self._call(service, "PUT", json=dict(body)), VpcService.parse)

    def delete(self, service: VpcService) -> None:
        """Delete a service."""
        self._api.delete(self._call(service, "DELETE"))

    def _call(self, service: VpcService, method: str, **more: Any) -> Call:
        return Call(f"VPC service '{service.name}'", method, f"{_ROOT}/{segment(service.id)}", **more)


__all__ = ["VpcService", "VpcServices"]
