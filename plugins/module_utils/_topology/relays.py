# SPDX-License-Identifier: GPL-3.0-or-later
"""Relays and their connectors: what a plane may ask its tenant's relay for, and what is wrong with that."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .explain import choose
from .load import Document
from .problem import KeyPath, Problem, shown

KINDS = ("header", "query", "basic", "oauth2", "hmac")
_REFERENCE_DAYS = 90


@dataclass(frozen=True)
class Relay:
    """The relay of a plane's tenant, with the connectors that the plane may use."""

    url: str
    listen: str
    control_plane: str | None
    reference_days: int
    connectors: Mapping[str, Any]

    @property
    def authority(self) -> str:
        """What planes sign as C(@authority) (RFC 9421, section 2.2.3): without the scheme's own port."""
        url = urlsplit(self.url)
        return str(url.hostname) if url.port == 443 else url.netloc

    def variables(self) -> dict[str, Any]:
        return {**vars(self), "authority": self.authority}


def relay_of(
    data: Mapping[str, Any], tenant: str, region: str, environment: str, own: Mapping[str, Any]
) -> Relay | None:
    """The relay of a plane; None without connectors, or in another environment than its tenant's."""
    about = data["tenants"][tenant]
    declared = about.get("relay")
    if not declared or environment != about["environment"]:
        return None
    connectors = _merged(data, region, about, own)
    if not connectors:
        return None
    listen = declared.get("listen", f"unix:/run/adsengineer-relay-{tenant}/relay.sock")
    days = declared.get("reference_days", _REFERENCE_DAYS)
    return Relay(declared["url"], listen, declared.get("control_plane"), days, connectors)


def instances(planes: Iterable[Mapping[str, Any]], control_plane: str | None) -> list[dict[str, Any]]:
    """The relays that a control plane runs, or those of none: one for each tenant, with its planes.

    ``planes`` are the variables C(plane).
    """
    found: dict[str, dict[str, Any]] = {}
    for plane in planes:
        relay = plane.get("relay")
        if not relay or relay["control_plane"] != control_plane:
            continue
        about = found.setdefault(
            plane["tenant"],
            {
                "tenant": plane["tenant"],
                "environment": plane["environment"],
                "listen": relay["listen"],
                "authority": relay["authority"],
                "planes": {},
            },
        )
        about["planes"][plane["name"]] = {"region": plane["region"], "connectors": relay["connectors"]}
    return list(found.values())


def relay_problems(document: Document) -> Iterator[Problem]:
    """Connectors without a relay, relays on no control plane, credentials of no kind or of two."""
    data = _mapping(document.data)
    layers = [(path, connectors) for path, connectors in _layers(data) if connectors]
    for path, connectors in layers:
        for name, connector in connectors.items():
            yield from _connector(document, (*path, name), _mapping(connector))
    shared = any(path[0] != "tenants" for path, _connectors in layers)
    connected = set() if shared else {path[1] for path, _connectors in layers}
    for name, tenant in _mapping(data.get("tenants")).items():
        yield from _tenant(document, data, name, _mapping(tenant), name in connected)


def _tenant(
    document: Document, data: Mapping[str, Any], name: str, tenant: Mapping[str, Any], connected: bool
) -> Iterator[Problem]:
    path: KeyPath = ("tenants", name, "relay")
    relay, known = _mapping(tenant.get("relay")), _mapping(data.get("control_planes"))
    if connected and not relay:
        message = f"tenant {shown(name)} has connectors and no relay"
        yield document.problem(path[:2], message, "add relay: {url: https://relay.example.com}", key=True)
    named = relay.get("control_plane")
    if not isinstance(named, str):
        return
    path = (*path, "control_plane")
    if named not in known:
        message = f"control plane {shown(named)} is not declared under control_planes"
        yield document.problem(path, message, choose(named, known))
    elif _mapping(known[named]).get("environment") != tenant.get("environment"):
        message = f"control plane {shown(named)} is in another environment than tenant {shown(name)}"
        yield document.problem(path, message, "name one of the tenant's own environment")


def _connector(document: Document, path: KeyPath, connector: Mapping[str, Any]) -> Iterator[Problem]:
    credential = _mapping(connector.get("credential"))
    kinds = [kind for kind in KINDS if kind in credential]
    if credential and len(kinds) != 1:
        message = f"the credential has {' and '.join(kinds) or 'no kind'}"
        yield document.problem(
            (*path, "credential"), message, f"use exactly one of {', '.join(KINDS)}", key=True
        )
    networks = connector.get("networks")
    for index, text in enumerate(networks if isinstance(networks, list) else ()):
        yield from _network(document, (*path, "networks", index), text)
    if connector.get("scheme") == "http" and not networks:
        message = "http would show the secret to everybody on the way"
        yield document.problem((*path, "scheme"), message, "use https, or declare networks that are your own")


def _network(document: Document, path: KeyPath, text: Any) -> Iterator[Problem]:
    try:
        ipaddress.ip_network(text)
    except (ValueError, TypeError):
        message = f"{shown(text)} is no network"
        yield document.problem(path, message, "use one such as 10.0.0.0/8, without bits of a host")


def _layers(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Every mapping of connectors, and where it stands."""
    yield ("defaults", "connectors"), _mapping(_mapping(data.get("defaults")).get("connectors"))
    for kind in ("environments", "regions", "tenants"):
        for name, value in _mapping(data.get(kind)).items():
            yield (kind, name, "connectors"), _mapping(_mapping(value).get("connectors"))
            if kind != "tenants":
                continue
            for region, own in _mapping(_mapping(value).get("regions")).items():
                yield (kind, name, "regions", region, "connectors"), _mapping(_mapping(own).get("connectors"))


def _merged(
    data: Mapping[str, Any], region: str, tenant: Mapping[str, Any], own: Mapping[str, Any]
) -> dict[str, Any]:
    """The connectors of all layers, each whole from the strongest one: two halves would be a third."""
    layers = (
        data.get("defaults"),
        data["environments"][tenant["environment"]],
        data["regions"][region],
        tenant,
        own,
    )
    found: dict[str, Any] = {}
    for layer in layers:
        found |= (layer or {}).get("connectors") or {}
    return {name: connector for name, connector in found.items() if connector is not None}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


__all__ = ["Relay", "instances", "relay_of", "relay_problems"]
