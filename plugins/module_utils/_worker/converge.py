# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Brings one Worker to its declared state with as few calls as possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._cloudflare.client import Client
from .._cloudflare.errors import NotFound
from .._cloudflare.models import Deployment, Domain, Script, Subdomain, Version
from .declared import Declared, public, tag_of


@dataclass(frozen=True, slots=True)
class Actual:
    """What is there. A field that the declaration leaves alone is not read and stays None."""

    deployment: Deployment | None = None
    version: Version | None = None
    domains: tuple[Domain, ...] | None = None
    tags: tuple[str, ...] | None = None
    subdomain: Subdomain | None = None

    @property
    def exists(self) -> bool:
        """Whether the Worker exists and serves something."""
        return self.deployment is not None


@dataclass(frozen=True, slots=True)
class Step:
    """One change: how it reads, and how it is made."""

    text: str
    run: Callable[[], object]


class Taken(Exception):
    """A declared hostname belongs to another Worker."""


def read(client: Client, declared: Declared) -> Actual:
    """Read what the declaration speaks of: two calls, and one each for hostnames, tags and workers_dev."""
    deployment = active(client, declared.name)
    domains = client.workers.domains() if declared.hostnames is not None else None
    if deployment is None:
        return Actual(domains=domains)
    sole = deployment.sole_version
    return Actual(
        deployment=deployment,
        version=client.workers.version(declared.name, sole or deployment.versions[0][0]),
        domains=domains,
        tags=_tags(client, declared.name) if declared.tags is not None else None,
        subdomain=client.workers.subdomain(declared.name) if declared.workers_dev is not None else None,
    )


def active(client: Client, name: str) -> Deployment | None:
    """The active deployment, or None when the Worker does not exist."""
    try:
        return client.workers.active(name)
    except NotFound:
        return None


def plan(client: Client, declared: Declared, actual: Actual, uploaded: list[Script]) -> list[Step]:
    """The steps from what is there to what is declared; ``uploaded`` receives the upload's answer."""
    return [
        *_upload(client, declared, actual, uploaded),
        *_labels(client, declared, actual),
        *_workers_dev(client, declared, actual),
        *_hostnames(client, declared, actual),
    ]


def shown(declared: Declared) -> dict[str, Any]:
    """The declared state as a diff shows it: no secret values."""
    upload = declared.upload
    return _shape(
        fingerprint=tag_of(declared.fingerprint),
        traffic="all to one version",
        bindings=_bindings(upload.all_bindings()),
        compatibility_date=upload.compatibility_date,
        compatibility_flags=sorted(upload.compatibility_flags),
        hostnames=None if declared.hostnames is None else sorted(declared.hostnames),
        tags=None if declared.tags is None else sorted(declared.tags),
        workers_dev=declared.workers_dev,
    )


def shown_actual(actual: Actual, name: str) -> dict[str, Any]:
    """What is there as a diff shows it."""
    if not actual.exists or actual.version is None or actual.deployment is None:
        return {}
    version = actual.version
    sole = actual.deployment.sole_version
    mine = (
        None
        if actual.domains is None
        else sorted(item.hostname for item in actual.domains if item.service == name)
    )
    return _shape(
        fingerprint=version.tag,
        traffic="all to one version" if sole else "split between two versions",
        bindings=_bindings(version.bindings),
        compatibility_date=version.compatibility_date,
        compatibility_flags=sorted(version.compatibility_flags),
        hostnames=mine,
        tags=None if actual.tags is None else sorted(actual.tags),
        workers_dev=None if actual.subdomain is None else actual.subdomain.enabled,
    )


def _upload(client: Client, declared: Declared, actual: Actual, uploaded: list[Script]) -> list[Step]:
    wanted = tag_of(declared.fingerprint)
    same = actual.version is not None and actual.version.tag == wanted
    if same and actual.deployment is not None and actual.deployment.sole_version:
        return []
    upload = replace(declared.upload, tag=wanted, tags=declared.tags)
    verb = "update" if actual.exists else "create"
    return [
        Step(
            f"{verb} Worker {declared.name}",
            lambda: uploaded.append(client.workers.put(declared.name, upload)),
        )
    ]


def _labels(client: Client, declared: Declared, actual: Actual) -> list[Step]:
    # A new Worker gets its tags with the upload.
    if declared.tags is None or not actual.exists or set(declared.tags) == set(actual.tags or ()):
        return []
    changes = {"tags": sorted(declared.tags)}
    return [
        Step(
            f"set the tags of {declared.name}",
            lambda: client.workers.patch_script_settings(declared.name, changes),
        )
    ]


def _workers_dev(client: Client, declared: Declared, actual: Actual) -> list[Step]:
    wanted = declared.workers_dev
    if wanted is None or (actual.subdomain is not None and actual.subdomain == Subdomain(wanted, wanted)):
        return []
    verb = "on" if wanted else "off"
    return [
        Step(
            f"turn the workers.dev address of {declared.name} {verb}",
            lambda: client.workers.set_subdomain(declared.name, wanted, wanted),
        )
    ]


def _hostnames(client: Client, declared: Declared, actual: Actual) -> list[Step]:
    if declared.hostnames is None:
        return []
    owners = {item.hostname: item for item in actual.domains or ()}
    mine = {host for host, item in owners.items() if item.service == declared.name}
    for host in declared.hostnames:
        if host in owners and host not in mine:
            raise Taken(
                f"the hostname {host} belongs to the Worker {owners[host].service}: remove it there first"
            )
    wanted = dict.fromkeys(declared.hostnames)
    return [
        *(_attach(client, declared, host) for host in wanted if host not in mine),
        *(_detach(client, owners[host]) for host in sorted(mine - wanted.keys())),
    ]


def _attach(client: Client, declared: Declared, host: str) -> Step:
    def run() -> object:
        zone = declared.zone
        if zone is None:
            found = client.zones.of_hostname(host)
            zone = found.name if found else None
        return client.workers.put_domain(host, declared.name, zone)

    return Step(f"attach {host}", run)


def _detach(client: Client, domain: Domain) -> Step:
    return Step(f"detach {domain.hostname}", lambda: client.workers.delete_domain(domain.id))


def _tags(client: Client, name: str) -> tuple[str, ...]:
    return tuple(str(item) for item in client.workers.script_settings(name).get("tags") or ())


def _bindings(bindings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        str(item.get("name")): {key: value for key, value in public(item).items() if key != "name"}
        for item in bindings
    }


def _shape(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


__all__ = ["Actual", "Step", "Taken", "active", "plan", "read", "shown", "shown_actual"]
