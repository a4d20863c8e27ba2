# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits that Cloudflare, DNS and Ansible put on the names a topology leads to."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from .load import Document
from .model import ControlPlane, Front, Plane, Topology
from .problem import KeyPath, Problem, dotted

SCRIPT_LIMIT = 63
"""Characters of a Worker's name, so that it is a valid host name label on workers.dev."""
LABEL_LIMIT = 63
HOSTNAME_LIMIT = 253
"""RFC 1035, section 2.3.4: octets of a label and of a name without its final dot."""

RESERVED = frozenset({"all", "ungrouped", "localhost", "edge"})
"""Inventory names that mean something else to Ansible or to this collection."""


@dataclass
class _Seen:
    """What is taken already, and by which key path."""

    hosts: dict[str, KeyPath]
    hostnames: dict[str, KeyPath]


def naming_problems(document: Document, topology: Topology) -> Iterator[Problem]:
    """Names that are too long, taken twice, reserved or outside their zone."""
    seen = _Seen({}, {})
    fronts: set[str] = set()
    for plane in topology.planes:
        yield from _plane(document, plane, seen)
        if plane.front and plane.tenant not in fronts:
            fronts.add(plane.tenant)
            yield from _front(document, plane.front, ("tenants", plane.tenant), seen)
    for control_plane in topology.control_planes:
        yield from _control_plane(document, control_plane, seen)


def _plane(document: Document, plane: Plane, seen: _Seen) -> Iterator[Problem]:
    yield from _once(document, plane.path, "plane", plane.name, seen.hosts)
    yield from _script(document, plane.path, plane.worker)
    path = plane.path if plane.origins["hostname"] == "edge" else (*plane.path, "hostname")
    yield from _hostname(document, path, plane.hostname, plane.zone)
    yield from _once(document, path, "host name", plane.hostname, seen.hostnames)


def _front(document: Document, front: Front, path: KeyPath, seen: _Seen) -> Iterator[Problem]:
    yield from _script(document, path, front.worker)
    yield from _hostname(document, path, front.hostname, front.zone)
    yield from _once(document, path, "host name", front.hostname, seen.hostnames)


def _control_plane(document: Document, plane: ControlPlane, seen: _Seen) -> Iterator[Problem]:
    path = ("control_planes", plane.name)
    if plane.name in RESERVED:
        yield document.problem(
            path, f"{plane.name} is a reserved inventory name", "give it another name", key=True
        )
    yield from _once(document, path, "inventory host", plane.name, seen.hosts)
    if not _address(plane.host):
        message = f"'{plane.host}' is neither a host name nor an IP address"
        yield document.problem((*path, "host"), message, "use one such as cp1.example.com or 203.0.113.10")


def _address(host: str) -> bool:
    if ":" not in host and not host.replace(".", "").isdigit():
        return not _hostname_fault(host)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _once(
    document: Document, path: KeyPath, kind: str, name: str, taken: dict[str, KeyPath]
) -> Iterator[Problem]:
    if name in taken:
        message = f"the {kind} {name} is declared twice, first by {dotted(taken[name])}"
        yield document.problem(path, message, "rename one of them", key=True)
    taken.setdefault(name, path)


def _script(document: Document, path: KeyPath, name: str) -> Iterator[Problem]:
    if len(name) > SCRIPT_LIMIT:
        message = f"the Worker's name {name} has {len(name)} characters, at most {SCRIPT_LIMIT} are allowed"
        yield document.problem(path, message, "shorten the tenant's or the region's name", key=True)


def _hostname(document: Document, path: KeyPath, hostname: str, zone: str) -> Iterator[Problem]:
    fault = _hostname_fault(hostname)
    if fault:
        yield document.problem(path, f"the host name {hostname} {fault}", "shorten or correct it", key=True)
    elif hostname != zone and not hostname.endswith(f".{zone}"):
        message = f"the host name {hostname} is outside its zone {zone}"
        yield document.problem(path, message, f"end it with .{zone}, or change the zone", key=True)


def _hostname_fault(hostname: str) -> str:
    if len(hostname) > HOSTNAME_LIMIT:
        return f"has {len(hostname)} characters, at most {HOSTNAME_LIMIT} are allowed"
    for label in hostname.split("."):
        if len(label) > LABEL_LIMIT:
            return f"has a label of {len(label)} characters, at most {LABEL_LIMIT} are allowed"
        if not label or label.startswith("-") or label.endswith("-"):
            return "has a label that is empty or begins or ends with a dash"
    return ""


__all__ = ["naming_problems"]
