# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that one part of a topology uses and another declares.

Works on data that the schema has complaints about, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .explain import choose
from .load import Document
from .problem import KeyPath, Problem, shown


def reference_problems(document: Document) -> Iterator[Problem]:
    """Unknown regions and environments, and not exactly one canary region."""
    data = _mapping(document.data)
    yield from _canaries(document, _mapping(data.get("regions")))
    for kind in ("tenants", "control_planes"):
        for name, value in _mapping(data.get(kind)).items():
            yield from _environment(document, (kind, name, "environment"), _mapping(value).get("environment"))
    for name, tenant in _mapping(data.get("tenants")).items():
        yield from _regions(document, ("tenants", name, "regions"), _mapping(tenant).get("regions"))


def _canaries(document: Document, regions: Mapping[str, Any]) -> Iterator[Problem]:
    canaries = [name for name, region in regions.items() if _mapping(region).get("canary") is True]
    if regions and not canaries:
        remedy = "write canary: true in the region where new releases begin"
        yield document.problem(("regions",), "no region is the canary", remedy, key=True)
    for name in canaries[1:]:
        message = f"{shown(name)} is a second canary region, {shown(canaries[0])} is one already"
        yield document.problem(("regions", name, "canary"), message, "keep canary: true in one of them")


def _regions(document: Document, path: KeyPath, regions: Any) -> Iterator[Problem]:
    known = _mapping(_mapping(document.data).get("regions"))
    if isinstance(regions, list):
        for index, name in enumerate(regions):
            if isinstance(name, str) and name not in known:
                yield _unknown(document, (*path, index), "region", name, known)
    for name, own in _mapping(regions).items():
        if name not in known:
            yield _unknown(document, (*path, name), "region", name, known, key=True)
        yield from _environment(document, (*path, name, "environment"), _mapping(own).get("environment"))


def _environment(document: Document, path: KeyPath, name: Any) -> Iterator[Problem]:
    known = _mapping(_mapping(document.data).get("environments"))
    if isinstance(name, str) and name not in known:
        yield _unknown(document, path, "environment", name, known)


def _unknown(
    document: Document, path: KeyPath, kind: str, name: str, known: Mapping[str, Any], *, key: bool = False
) -> Problem:
    message = f"{kind} {shown(name)} is not declared under {kind}s"
    return document.problem(path, message, choose(name, known), key=key)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


__all__ = ["reference_problems"]
