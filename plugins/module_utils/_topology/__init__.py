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
from .validate import read_topology

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
    "Topology",
    "TopologyError",
    "choose",
    "find_topologies",
    "is_topology",
    "merge",
    "read_topology",
    "settings_report",
]
