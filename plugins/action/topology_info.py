# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a topology file on the controller, with the library of the inventory plugin."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils._config.files import Store, StoreError
from ..module_utils._config.merge import ABSENT, changes
from ..module_utils._topology import (
    JSONSCHEMA_MISSING,
    Plane,
    Topology,
    TopologyError,
    choose,
    find_topologies,
    read_topology,
    settings_report,
)


class ActionModule(ActionBase):
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    SPEC: ClassVar[dict[str, dict[str, Any]]] = {
        "path": {"type": "path"},
        "planes": {"type": "list", "elements": "str"},
        "origins": {"type": "bool", "default": False},
        "show": {"type": "bool", "default": False},
        "directory": {"type": "path"},
    }

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validation, args = self.validate_argument_spec(argument_spec=self.SPEC)
        if JSONSCHEMA_MISSING:
            raise AnsibleActionFail(JSONSCHEMA_MISSING)
        path = self._path(args["path"], task_vars or {})
        try:
            topology = read_topology(path)
        except TopologyError as error:
            return {**result, "failed": True, "msg": str(error), "errors": error.as_dicts()}
        planes = _selected(topology, args["planes"])
        if args["show"]:
            try:
                reports = [settings_report(plane, _over(plane, args["directory"])) for plane in planes]
            except StoreError as error:
                raise AnsibleActionFail(str(error)) from None
            self._display.display("\n\n".join(["", *reports, ""]))
        return {**result, "changed": False, "path": path, **_facts(topology, planes, args["origins"])}

    def _path(self, path: str | None, task_vars: dict[str, Any]) -> str:
        if path:
            return str(self._loader.path_dwim(path))
        found = find_topologies(task_vars.get("ansible_inventory_sources") or ())
        if len(found) == 1:
            return str(found[0])
        listed = ", ".join(map(str, found)) or "none"
        raise AnsibleActionFail(
            f"Without 'path' the inventory of this run must hold exactly one topology file, found: {listed}"
        )


def _over(plane: Plane, directory: str | None) -> list[tuple[tuple[str, ...], Any, str]]:
    """What holds instead of the declaration: it came from the edge, or from a revision that was restored."""
    if not directory:
        return []
    state = Store(Path(directory)).read(plane.name)
    declared = {"gateway": plane.settings, **plane.documents}
    made = changes(declared, state.effective(declared))
    return [
        (item.path, None if item.after is ABSENT else item.after, state.origin(item.path)) for item in made
    ]


def _selected(topology: Topology, names: Iterable[str] | None) -> tuple[Plane, ...]:
    if names is None:
        return topology.planes
    wanted, known = set(names), [plane.name for plane in topology.planes]
    for name in sorted(wanted.difference(known)):
        raise AnsibleActionFail(f"The topology {topology.name} has no plane '{name}'; {choose(name, known)}")
    return tuple(plane for plane in topology.planes if plane.name in wanted)


def _facts(topology: Topology, planes: Iterable[Plane], origins: bool) -> dict[str, Any]:
    connection = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = [*planes, *topology.control_planes]
    hostvars: dict[str, Any] = {plane.name: {"plane": plane.variables(), **connection} for plane in planes}
    hostvars |= {control_plane.name: control_plane.variables() for control_plane in topology.control_planes}
    names = set(hostvars)
    facts = {
        "name": topology.name,
        "hosts": [{"name": host.name, "groups": list(host.groups)} for host in hosts],
        "groups": {
            group: [name for name in members if name in names] for group, members in topology.groups().items()
        },
        "hostvars": hostvars,
    }
    return {**facts, "origins": {plane.name: dict(plane.origins) for plane in planes}} if origins else facts
