# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired state: one :class:`Unit` for each Worker that the planes of a run need.

Everything here is pure. Secret values enter only as keyed digests, made by :func:`secret_digests`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .._canonical import canonical
from .bundle import Bundle

GATEWAY, FRONT = "gateway", "front"
TAG, TAG_LENGTH = "fp:", 32
#: Names of the declared secrets of a kind; the gateway tells by them which it has.
_SHOWN = ("BOUND", "RELAYED", "STORED")
_RESERVED = ("CONFIG", "VERSION", "TENANT", "REGION", "ENVIRONMENT", "RELEASE", "ROUTES", *_SHOWN)

Json = dict[str, Any]


class FleetError(Exception):
    """The declared fleet contradicts itself; the text names the places."""


@dataclass(frozen=True, slots=True)
class Release:
    """What is rolled out: code, settings of the Worker, names and digests of its secrets.

    ``pins`` say for which of the secrets which version of the store stands; ``kept`` are those whose values
    are known to the Worker alone, ``relayed`` those that reach it sealed, past its versions. ``stored`` are
    names in the account's Secrets Store, whose id is ``secrets_store``.
    """

    label: str
    gateway: Bundle
    front: Bundle | None
    compatibility_date: str
    compatibility_flags: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    pins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    kept: Mapping[str, Sequence[str]] = field(default_factory=dict)
    relayed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    stored: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    secrets_store: str = ""

    def bundle(self, kind: str) -> Bundle:
        found = self.gateway if kind == GATEWAY else self.front
        if found is None:
            raise FleetError(f"The release has no bundle of kind '{kind}'.")
        return found


@dataclass(frozen=True, slots=True)
class Unit:
    """One Worker as it should be. ``bindings`` name KV namespaces by title: their ids may not be known yet.

    ``document`` is the canonical JSON of the plane's settings, or None where there is no KV namespace.
    """

    script: str
    kind: str
    tenant: str
    region: str
    canary: bool
    hostname: str
    zone: str
    url: str
    connect_to: str | None
    namespace: str | None
    placement: Json | None
    bindings: tuple[Json, ...]
    document: str | None
    fingerprint: str
    secrets: tuple[str, ...] = ()
    pins: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """The version annotation that says which desired state a version was made for."""
        return version_tag(self.fingerprint)

    @property
    def document_sha256(self) -> str:
        return "" if self.document is None else hashlib.sha256(self.document.encode()).hexdigest()

    def as_dict(self) -> Json:
        return asdict(self) | {
            "bindings": [dict(item) for item in self.bindings],
            "secrets": list(self.secrets),
            "kept": list(self.kept),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Unit:
        fields = {name: value[name] for name in cls.__slots__}
        return cls(**fields | {name: tuple(value[name]) for name in ("bindings", "secrets", "kept")})


def units(
    planes: Sequence[Mapping[str, Any]], release: Release, fronts: Iterable[str] = ()
) -> tuple[Unit, ...]:
    """The gateways of ``planes`` in their order, then the fronts of the tenants named by ``fronts``.

    Raises :class:`FleetError` on two planes with one hostname or script, and on names of secrets,
    variables or services that collide.
    """
    _check_names(release, planes)
    gateways = [_gateway(plane, release) for plane in planes]
    found = (*gateways, *_fronts(planes, release, frozenset(fronts)))
    _check_unique(found)
    return found


def fingerprint(desired: Mapping[str, Any]) -> str:
    """One hash for a desired state; equal states have equal hashes on every machine."""
    return hashlib.sha256(canonical(desired)).hexdigest()


def version_tag(print_: str) -> str:
    return TAG + print_[:TAG_LENGTH]


def secret_digests(secrets: Mapping[str, Mapping[str, str]], key: str) -> dict[str, dict[str, str]]:
    """Answer keyed digests for secret values, bound to Worker and name: equal values look different.

    A fleet needs a thousand of them at once, so a secret key stands where the module C(worker), which has one
    Worker and no key, stretches the values.
    """
    return {
        script: {name: _keyed(key, f"{script}\0{name}\0{value}") for name, value in values.items()}
        for script, values in secrets.items()
    }


def _keyed(key: str, text: str) -> str:
    return hmac.new(f"release secrets\0{key}".encode(), text.encode(), hashlib.sha256).hexdigest()


def _gateway(plane: Mapping[str, Any], release: Release) -> Unit:
    namespace = plane.get("kv_namespace")
    bindings: list[Json] = []
    if namespace:
        bindings.append({"name": "CONFIG", "type": "kv_namespace", "namespace": namespace})
    bindings.append({"name": "VERSION", "type": "version_metadata"})
    texts = {"TENANT": plane["tenant"], "REGION": plane["region"], "ENVIRONMENT": plane["environment"]}
    bindings += [_variable(name, text) for name, text in (texts | {"RELEASE": release.label}).items()]
    bindings += [_variable(name, value) for name, value in release.variables.items()]
    bindings += [_service(name, script) for name, script in release.services.items()]
    stored = [_stored(plane, name, item, release) for name, item in _of_store(plane).items()]
    shown = (
        _versions(plane, release),
        list(release.relayed.get(plane["worker"], ())),
        sorted(item["name"] for item in stored),
    )
    bindings += stored + [_variable(name, value) for name, value in zip(_SHOWN, shown, strict=True) if value]
    common = {name: plane[name] for name in ("tenant", "region", "canary", "hostname", "zone", "url")}
    return _unit(
        release,
        common
        | {
            "script": plane["worker"],
            "kind": GATEWAY,
            "connect_to": plane.get("connect_to"),
            "namespace": namespace or None,
            "placement": plane.get("placement") or None,
            "bindings": tuple(bindings),
            "document": canonical(plane.get("settings") or {}).decode() if namespace else None,
        },
    )


def _fronts(planes: Sequence[Mapping[str, Any]], release: Release, tenants: frozenset[str]) -> list[Unit]:
    by_tenant: dict[str, list[Mapping[str, Any]]] = {}
    for plane in planes:
        if plane.get("front") and plane["tenant"] in tenants:
            by_tenant.setdefault(plane["tenant"], []).append(plane)
    return [_front(own, release) for own in by_tenant.values()]


def _front(planes: list[Mapping[str, Any]], release: Release) -> Unit:
    first = planes[0]
    routes = {"regions": [_route(plane, planes) for plane in planes], "default": first["region"]}
    bindings = [_service(_binding(plane["region"]), plane["worker"]) for plane in planes]
    bindings += [
        {"name": "ROUTES", "type": "json", "json": routes},
        {"name": "VERSION", "type": "version_metadata"},
    ]
    bindings += [_variable("TENANT", first["tenant"]), _variable("RELEASE", release.label)]
    front = first["front"]
    fields = {
        "script": front["worker"],
        "kind": FRONT,
        "tenant": first["tenant"],
        "region": "",
        "canary": False,
        "hostname": front["hostname"],
        "zone": front.get("zone") or first["zone"],
        "url": front["url"],
        "connect_to": first.get("connect_to"),
        "namespace": None,
        "placement": None,
        "bindings": tuple(bindings),
        "document": None,
    }
    return _unit(release, fields)


def _unit(release: Release, fields: Json) -> Unit:
    script = fields["script"]
    digests, kept = release.secrets.get(script, {}), tuple(release.kept.get(script, ()))
    desired = {
        "format": 1,
        "code": release.bundle(fields["kind"]).digest(),
        "compatibility": [release.compatibility_date, *release.compatibility_flags],
        "bindings": sorted(fields["bindings"], key=lambda item: str(item["name"])),
        "placement": fields["placement"],
        "secrets": {**digests, **dict.fromkeys(kept, "kept")},
    }
    return Unit(
        **fields,
        fingerprint=fingerprint(desired),
        secrets=tuple(sorted(digests)),
        pins=release.pins.get(script, {}),
        kept=kept,
    )


def _route(plane: Mapping[str, Any], siblings: Sequence[Mapping[str, Any]]) -> Json:
    places = {name: list(plane.get(name) or []) for name in ("continents", "countries")}
    return (
        {"name": plane["region"], "binding": _binding(plane["region"])} | places | _fallback(plane, siblings)
    )


def _fallback(plane: Mapping[str, Any], siblings: Sequence[Mapping[str, Any]]) -> Json:
    """Which regions may stand in: a jurisdiction's only for each other; without one, all may."""
    wanted = plane.get("jurisdiction")
    if not wanted:
        return {}
    others = [other for other in siblings if other["region"] != plane["region"]]
    return {"fallback": [other["region"] for other in others if other.get("jurisdiction") == wanted]}


def _binding(region: str) -> str:
    return f"GATEWAY_{region.upper().replace('-', '_')}"


def _versions(plane: Mapping[str, Any], release: Release) -> dict[str, int]:
    """The versions of the bound secrets that the plane declares; not those of keys that go along."""
    pins = release.pins.get(plane["worker"], {})
    declared = plane.get("secrets") or {}
    return {name: int(pin.rpartition("@")[2]) for name, pin in sorted(pins.items()) if name in declared}


def _of_store(plane: Mapping[str, Any]) -> dict[str, Any]:
    """The declared secrets that are bindings to a Secrets Store."""
    declared = plane.get("secrets") or {}
    return {name: item for name, item in declared.items() if item["kind"] == "secrets_store"}


def _stored(plane: Mapping[str, Any], name: str, item: Mapping[str, Any], release: Release) -> Json:
    """A secret of the account's Secrets Store: the Worker fetches the value itself."""
    ours = release.stored.get(plane["worker"], {}).get(name)
    if not item.get("store") and ours is None:
        raise FleetError(
            f"The secret {name} of {plane['worker']} has no name in the Secrets Store: bring it there with "
            "the module stored_secrets, or set store in the topology to the id of the one that has it."
        )
    return {
        "name": name,
        "type": "secrets_store_secret",
        "store_id": item.get("store") or release.secrets_store,
        "secret_name": ours or item["from"],
    }


def _service(name: str, script: str) -> Json:
    return {"name": name, "type": "service", "service": script}


def _variable(name: str, value: object) -> Json:
    if isinstance(value, str):
        return {"name": name, "type": "plain_text", "text": value}
    return {"name": name, "type": "json", "json": value}


def _check_names(release: Release, planes: Iterable[Mapping[str, Any]]) -> None:
    stored = [_of_store(plane) for plane in planes]
    every = (*release.secrets.values(), *release.kept.values(), *release.relayed.values(), *stored)
    secret_names = {name for values in every for name in values}
    sources = {
        "variables": set(release.variables),
        "services": set(release.services),
        "secrets": secret_names,
    }
    seen = dict.fromkeys(_RESERVED, "the rollout itself")
    for source, names in sources.items():
        for name in sorted(names):
            if name in seen or name.startswith("GATEWAY_"):
                owner = seen.get(name, "the rollout itself")
                raise FleetError(f"The name '{name}' in {source} is taken by {owner}: choose another name.")
            seen[name] = source


def _check_unique(found: Sequence[Unit]) -> None:
    for what in ("script", "hostname"):
        owners: dict[str, str] = {}
        for unit in found:
            value = getattr(unit, what)
            if value in owners:
                raise FleetError(f"{owners[value]} and {unit.script} both have the {what} '{value}'.")
            owners[value] = unit.script


__all__ = [
    "FRONT",
    "GATEWAY",
    "TAG",
    "FleetError",
    "Release",
    "Unit",
    "fingerprint",
    "secret_digests",
    "units",
    "version_tag",
]
