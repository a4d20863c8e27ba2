# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""DNS records, as far as hostnames of tunnels need them: CNAMEs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .pages import numbered
from .shapes import mapping, optional_text, text
from .transport import Api, Call, segment
from .zones import Zone

COMMENT = "adsengineer.orchestrator"


@dataclass(frozen=True, slots=True)
class Record:
    """A DNS record of any type; ``content`` is empty where the type has none."""

    id: str
    name: str
    type: str
    content: str
    proxied: bool

    @classmethod
    def parse(cls, value: object) -> Record:
        """Read one record."""
        data = mapping(value)
        return cls(
            id=text(data, "id"),
            name=text(data, "name"),
            type=text(data, "type"),
            content=optional_text(data, "content") or "",
            proxied=data.get("proxied") is True,
        )


class Records:
    """Calls on the DNS records of zones."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def leading_to(self, zone: Zone, content: str) -> tuple[Record, ...]:
        """The CNAMEs of a zone that lead to a name."""
        return self._list(zone, {"type": "CNAME", "content": content})

    def named(self, zone: Zone, name: str) -> tuple[Record, ...]:
        """The records of a name, of every type."""
        return self._list(zone, {"name": name})

    def create(self, zone: Zone, name: str, content: str) -> Record:
        """Make a proxied CNAME."""
        call = self._call(zone, name, "POST", json=_body(name, content), again=False)
        return self._api.confirmed(call, Record.parse, lambda: self._same(zone, name, content))

    def update(self, zone: Zone, record: Record, content: str) -> Record:
        """Let a CNAME lead elsewhere."""
        call = self._call(
            zone, record.name, "PUT", f"/{segment(record.id)}", json=_body(record.name, content)
        )
        return self._api.result(call, Record.parse)

    def delete(self, zone: Zone, record: Record) -> None:
        """Delete a record."""
        self._api.delete(self._call(zone, record.name, "DELETE", f"/{segment(record.id)}"))

    def _same(self, zone: Zone, name: str, content: str) -> Record | None:
        return next((item for item in self.named(zone, name) if item.content == content), None)

    def _list(self, zone: Zone, params: dict[str, str]) -> tuple[Record, ...]:
        call = Call(
            f"DNS records of {zone.name}", "GET", f"/zones/{segment(zone.id)}/dns_records", params=params
        )
        return tuple(self._api.parsed(call, item, Record.parse) for item in numbered(self._api, call, 1000))

    def _call(self, zone: Zone, name: str, method: str, tail: str = "", **more: Any) -> Call:
        path = f"/zones/{segment(zone.id)}/dns_records{tail}"
        return Call(f"DNS record '{name}'", method, path, **more)


def _body(name: str, content: str) -> dict[str, object]:
    return {"type": "CNAME", "name": name, "content": content, "proxied": True, "ttl": 1, "comment": COMMENT}


__all__ = ["COMMENT", "Record", "Records"]
