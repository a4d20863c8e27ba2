# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zones of the account, as far as custom domains need them."""

from __future__ import annotations

from dataclasses import dataclass

from .pages import numbered
from .shapes import mapping, optional_text, text
from .transport import Api, Call


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone: a domain whose DNS the account runs."""

    id: str
    name: str
    status: str

    @classmethod
    def parse(cls, value: object) -> Zone:
        """Read one zone."""
        data = mapping(value)
        return cls(text(data, "id"), text(data, "name"), optional_text(data, "status") or "")


class Zones:
    """Read access to zones."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self, name: str | None = None) -> tuple[Zone, ...]:
        """All zones that the token sees, or the one of that name."""
        call = Call("zones", "GET", "/zones", params={"name": name} if name else None)
        return tuple(self._api.parsed(call, item, Zone.parse) for item in numbered(self._api, call, 50))

    def of_hostname(self, hostname: str) -> Zone | None:
        """The zone that a hostname belongs to: the longest name that it ends in."""
        fitting = [zone for zone in self.list() if f".{hostname}".endswith(f".{zone.name}")]
        return max(fitting, key=lambda zone: len(zone.name), default=None)


__all__ = ["Zone", "Zones"]
