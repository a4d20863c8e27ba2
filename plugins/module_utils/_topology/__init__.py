# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology: one YAML file that declares tenants, regions, environments and control planes.

C(read_topology) turns a file into frozen objects or raises C(TopologyError), which holds every problem
at once. C(DOCUMENT) is the JSON Schema of the config document that each plane gets.
"""

from __future__ import annotations

from .explain import JSONSCHEMA_MISSING, choose
from .find import find_topologies, is_topology
from .layers import Merged, merge
from .model import ControlPlane, Front, Plane, Topology
from .problem import Problem, TopologyError
from .report import settings_report
from .schema import DOCUMENT, PLUGIN, TOPOLOGY
from .schemas import Schemas, read_schemas, told
from .validate import read_topology, schema_folder

__all__ = [
    "DOCUMENT",
    "JSONSCHEMA_MISSING",
    "PLUGIN",
    "TOPOLOGY",
    "ControlPlane",
    "Front",
    "Merged",
    "Plane",
    "Problem",
    "Schemas",
    "Topology",
    "TopologyError",
    "choose",
    "find_topologies",
    "is_topology",
    "merge",
    "read_schemas",
    "read_topology",
    "schema_folder",
    "settings_report",
    "told",
]
