# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is wrong with a topology, found in one go."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from .explain import schema_problems
from .load import Document, read_document
from .model import Topology, build
from .naming import naming_problems
from .problem import KeyPath, Problem, TopologyError
from .references import reference_problems
from .relays import relay_problems
from .schemas import document_problems, read_schemas
from .shapes import NAME

_LAYERS = ("settings", "secrets", "documents", "connectors")
_EDGE_KEYS = ("zone", "scheme", "port", "front", "hostname", "front_hostname")


def read_topology(path: str | Path) -> Topology:
    """The topology of a file, or TopologyError with every problem that it has."""
    return validate(read_document(path))


def validate(document: Document) -> Topology:
    """The topology of a document, or TopologyError with every problem that it has."""
    problems = [
        *document.faults,
        *schema_problems(document),
        *reference_problems(document),
        *relay_problems(document),
    ]
    if problems:
        sound = _sound(document.data, {problem.path for problem in problems})
        extra = naming_problems(document, build(sound)) if sound else ()
        raise TopologyError(document.file, [*problems, *extra])
    topology = build(document.data)
    problems = [*naming_problems(document, topology), *_documents(document, topology)]
    if problems:
        raise TopologyError(document.file, problems)
    return topology


def schema_folder(file: str | Path, topology: Topology) -> str:
    """The folder of the user's schemas, beside the topology unless absolute; empty without one."""
    named = topology.configuration.get("schemas")
    return str(Path(file).absolute().parent / named) if named else ""


def _documents(document: Document, topology: Topology) -> list[Problem]:
    folder = schema_folder(document.file, topology)
    if not folder and not any(plane.documents for plane in topology.planes):
        return []
    return list(document_problems(document, topology.planes, read_schemas(folder)))


def _sound(data: Any, faults: set[KeyPath]) -> dict[str, Any] | None:
    """The data without faulty entries and without layers, so that names are checked in the rest.

    None when what is common to all names is faulty itself.
    """
    if () in faults or ("edge",) in faults or any(("edge", key) in faults for key in _EDGE_KEYS):
        return None
    bad = {path[:2] for path in faults if not _in_layer(path)}
    kept: dict[str, Any] = {"name": "", "edge": data["edge"]}
    for kind in ("environments", "control_planes", "tenants"):
        entries = _entries(data, kind)
        kept[kind] = {name: _bare(value) for name, value in entries.items() if (kind, name) not in bad}
    kept["regions"] = {name: {} for name in _entries(data, "regions") if re.search(NAME["pattern"], name)}
    kept["tenants"] = {name: tenant for name, tenant in kept["tenants"].items() if _complete(tenant, kept)}
    return kept


def _entries(data: dict[str, Any], kind: str) -> dict[str, Any]:
    entries = data.get(kind)
    return entries if isinstance(entries, dict) else {}


def _in_layer(path: KeyPath) -> bool:
    below = path[2:3] + (path[4:5] if path[0] == "tenants" else ())
    return any(key in below for key in _LAYERS)


def _bare(entry: dict[str, Any] | None) -> dict[str, Any]:
    bare = {key: value for key, value in (entry or {}).items() if key not in _LAYERS}
    if isinstance(bare.get("regions"), dict):
        bare["regions"] = {name: _bare(own) for name, own in bare["regions"].items()}
    return bare


def _complete(tenant: dict[str, Any], kept: dict[str, Any]) -> bool:
    regions = tenant["regions"]
    own = regions.values() if isinstance(regions, dict) else ()
    environments = {tenant["environment"], *(value["environment"] for value in own if "environment" in value)}
    return set(regions) <= set(kept["regions"]) and environments <= set(kept["environments"])


__all__ = ["read_topology", "schema_folder", "validate"]
