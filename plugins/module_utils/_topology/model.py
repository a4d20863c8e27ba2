# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology as objects: which planes and control planes there are, and what each is called.

Everything here is pure and expects data that passed the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .layers import Merged, merge
from .problem import KeyPath
from .relays import Relay, instances, relay_of
from .secret_schema import SECRET_KINDS

_HOSTNAME = "{tenant}-{region}.{zone}"
_FRONT_HOSTNAME = "{tenant}.{zone}"


@dataclass(frozen=True)
class Front:
    """The Worker that stands before a tenant's regions and routes by geography."""

    worker: str
    hostname: str
    zone: str
    url: str

    def variables(self) -> dict[str, Any]:
        return {"worker": self.worker, "hostname": self.hostname, "zone": self.zone, "url": self.url}


@dataclass(frozen=True)
class Plane:
    """One tenant in one region. C(path) is the key path that declares it."""

    name: str
    tenant: str
    region: str
    environment: str
    canary: bool
    hostname: str
    zone: str
    url: str
    connect_to: str | None
    placement: Mapping[str, str] | None
    jurisdiction: str | None
    continents: tuple[str, ...]
    countries: tuple[str, ...]
    front: Front | None
    relay: Relay | None
    config: bool
    settings: Mapping[str, Any]
    secrets: Mapping[str, Any]
    documents: Mapping[str, Any]
    origins: Mapping[str, str]
    path: KeyPath

    @property
    def worker(self) -> str:
        return f"{self.name}-gateway"

    @property
    def kv_namespace(self) -> str | None:
        return f"{self.name}-config" if self.config else None

    @property
    def groups(self) -> tuple[str, ...]:
        return (
            "edge",
            group("tenant", self.tenant),
            group("region", self.region),
            group("environment", self.environment),
        )

    def variables(self) -> dict[str, Any]:
        """The host variable C(plane): JSON types only."""
        return {
            "name": self.name,
            "tenant": self.tenant,
            "region": self.region,
            "environment": self.environment,
            "canary": self.canary,
            "worker": self.worker,
            "hostname": self.hostname,
            "zone": self.zone,
            "url": self.url,
            "connect_to": self.connect_to,
            "kv_namespace": self.kv_namespace,
            "placement": dict(self.placement) if self.placement else None,
            "jurisdiction": self.jurisdiction,
            "continents": list(self.continents),
            "countries": list(self.countries),
            "front": self.front.variables() if self.front else None,
            "relay": self.relay.variables() if self.relay else None,
            "settings": self.settings,
            "secrets": self.secrets,
            "documents": self.documents,
        }


@dataclass(frozen=True)
class ControlPlane:
    """A host that runs the orchestrator service."""

    name: str
    host: str
    environment: str
    user: str | None
    port: int | None
    relays: tuple[Mapping[str, Any], ...]

    @property
    def groups(self) -> tuple[str, ...]:
        return ("control_plane", group("environment", self.environment))

    def variables(self) -> dict[str, Any]:
        """The host variables: C(control_plane), and how Ansible reaches it."""
        connection = {"ansible_host": self.host, "ansible_user": self.user, "ansible_port": self.port}
        known = {key: value for key, value in connection.items() if value is not None}
        return {"control_plane": self._facts(), **known}

    def _facts(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "host": self.host,
            "environment": self.environment,
            "user": self.user,
            "port": self.port,
            "relays": list(self.relays),
        }


@dataclass(frozen=True)
class Topology:
    name: str
    planes: tuple[Plane, ...]
    control_planes: tuple[ControlPlane, ...]
    origins: bool | None
    trust_templates: bool | tuple[str, ...]
    configuration: Mapping[str, Any]

    def groups(self) -> dict[str, list[str]]:
        """The names of the hosts of each group; C(edge) and C(control_plane) are there even when empty."""
        groups: dict[str, list[str]] = {"edge": [], "control_plane": []}
        hosts: tuple[Plane | ControlPlane, ...] = (*self.planes, *self.control_planes)
        for host in hosts:
            for name in host.groups:
                groups.setdefault(name, []).append(host.name)
        return groups


def group(kind: str, name: str) -> str:
    """The inventory group of a tenant, region or environment. Names have no underscore: no two meet."""
    return f"{kind}_{name.replace('-', '_')}"


def build(data: Mapping[str, Any]) -> Topology:
    """The topology that schema-valid data describes."""
    trust = data.get("trust_templates", False)
    planes = tuple(_planes(data))
    return Topology(
        name=data["name"],
        planes=planes,
        control_planes=tuple(
            _control_plane(name, value, planes) for name, value in (data.get("control_planes") or {}).items()
        ),
        origins=data.get("origins"),
        trust_templates=trust if isinstance(trust, bool) else tuple(trust),
        configuration=data.get("configuration", {}),
    )


def _planes(data: Mapping[str, Any]) -> Iterator[Plane]:
    for name, tenant in data["tenants"].items():
        front = _front(data, name, tenant["environment"])
        regions = tenant["regions"]
        for index, region in enumerate(regions):
            own = (regions[region] or {}) if isinstance(regions, dict) else {}
            step = region if isinstance(regions, dict) else index
            yield _plane(data, name, region, own, front, ("tenants", name, "regions", step))


def _plane(
    data: Mapping[str, Any],
    tenant: str,
    region: str,
    own: Mapping[str, Any],
    front: Front | None,
    path: KeyPath,
) -> Plane:
    edge, where = data["edge"], data["regions"][region] or {}
    home = data["tenants"][tenant]["environment"]
    environment = own.get("environment", home)
    zone, zone_from = _zone(data, environment)
    hostname = own.get("hostname") or fill(
        edge.get("hostname", _HOSTNAME), tenant=tenant, region=region, environment=environment, zone=zone
    )
    here = f"tenants.{tenant}.regions.{region}"
    settings = _layered("settings", data, tenant, region, environment, own)
    secrets = _layered("secrets", data, tenant, region, environment, own)
    documents = _layered("documents", data, tenant, region, environment, own)
    return Plane(
        name=f"{tenant}-{region}",
        tenant=tenant,
        region=region,
        environment=environment,
        canary=where.get("canary", False),
        hostname=hostname,
        zone=zone,
        url=_url(edge, hostname),
        connect_to=edge.get("connect_to"),
        placement=where.get("placement"),
        jurisdiction=where.get("jurisdiction"),
        continents=tuple(where.get("continents", ())),
        countries=tuple(where.get("countries", ())),
        # Visitors of a tenant's front must not meet a plane of another environment.
        front=front if environment == home else None,
        relay=relay_of(data, tenant, region, environment, own),
        config=edge.get("config", True),
        settings=settings.value,
        secrets={name: _secret(name, item) for name, item in secrets.value.items()},
        documents=documents.value,
        origins={
            "environment": here if "environment" in own else f"tenants.{tenant}",
            "hostname": here if "hostname" in own else "edge",
            "zone": zone_from,
            **{"settings." + ".".join(key): layer for key, layer in settings.origins.items()},
            **{"secrets." + ".".join(key): layer for key, layer in secrets.origins.items()},
            **{"documents." + ".".join(key): layer for key, layer in documents.origins.items()},
        },
        path=path,
    )


def _secret(name: str, declared: Mapping[str, Any]) -> dict[str, Any]:
    """A secret with what need not be written: it is bound, from the secret of the same name in small."""
    return {"kind": SECRET_KINDS[0], "from": name.lower(), **declared}


def _layered(
    key: str, data: Mapping[str, Any], tenant: str, region: str, environment: str, own: Mapping[str, Any]
) -> Merged:
    layers = (
        ("defaults", data.get("defaults")),
        (f"environments.{environment}", data["environments"][environment]),
        (f"regions.{region}", data["regions"][region]),
        (f"tenants.{tenant}", data["tenants"][tenant]),
        (f"tenants.{tenant}.regions.{region}", own),
    )
    return merge((f"{name}.{key}", (layer or {}).get(key)) for name, layer in layers)


def _front(data: Mapping[str, Any], tenant: str, environment: str) -> Front | None:
    edge = data["edge"]
    if not edge.get("front", False):
        return None
    zone, _origin = _zone(data, environment)
    pattern = edge.get("front_hostname", _FRONT_HOSTNAME)
    hostname = fill(pattern, tenant=tenant, environment=environment, zone=zone)
    return Front(worker=f"{tenant}-front", hostname=hostname, zone=zone, url=_url(edge, hostname))


def _zone(data: Mapping[str, Any], environment: str) -> tuple[str, str]:
    own = (data["environments"][environment] or {}).get("zone")
    return (own, f"environments.{environment}") if own else (data["edge"]["zone"], "edge")


def _url(edge: Mapping[str, Any], hostname: str) -> str:
    port = edge.get("port")
    return f"{edge.get('scheme', 'https')}://{hostname}" + (f":{port}" if port else "")


def _control_plane(name: str, value: Mapping[str, Any], planes: tuple[Plane, ...]) -> ControlPlane:
    relays = tuple(instances((plane.variables() for plane in planes if plane.relay), name))
    return ControlPlane(
        name, value["host"], value["environment"], value.get("user"), value.get("port"), relays
    )


def fill(pattern: str, **names: str) -> str:
    """The pattern with its placeholders filled in. Names hold no braces, so the order does not matter."""
    for key, name in names.items():
        pattern = pattern.replace("{" + key + "}", name)
    return pattern


__all__ = ["ControlPlane", "Front", "Plane", "Topology", "build", "group"]
