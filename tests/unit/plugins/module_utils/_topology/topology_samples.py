# SPDX-License-Identifier: GPL-3.0-or-later
"""A small valid topology, and ways to spoil it."""

from __future__ import annotations

from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology import (
    Topology,
    TopologyError,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology.load import parse_document
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology.validate import validate

GOOD = """\
plugin: adsengineer.orchestrator.topology
name: sample
edge: {zone: example.com}
environments:
  production: {settings: {log_level: warn}}
  staging: {zone: example.net}
regions:
  eu: {canary: true}
  us: {}
tenants:
  acme:
    environment: production
    regions: [eu, us]
  globex:
    environment: production
    regions:
      us: {settings: {max_batch: 7}}
"""


def read(text: str) -> Topology:
    return validate(parse_document(text, "t.yml"))


def spoiled(old: str, new: str) -> str:
    """The sample with one line replaced; the line must be there."""
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def errors(text: str) -> list[str]:
    """The problems of a topology as they are printed, without the file's name; empty when it has none."""
    try:
        read(text)
    except TopologyError as error:
        return [str(problem) for problem in error.problems]
    return []
