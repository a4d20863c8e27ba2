# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory plugin: one topology file to hosts, groups and host variables."""

from __future__ import annotations

DOCUMENTATION = r"""
name: topology
short_description: Turns a topology file into planes, control planes and their groups
version_added: 0.1.0
author:
  - adsengineer.orchestrator contributors (@adsengineer)
description:
  - Reads one YAML file that declares tenants, regions, environments and control planes.
  - Every tenant in every one of its regions becomes a host C(<tenant>-<region>), a plane, in the groups
    C(edge), C(tenant_<tenant>), C(region_<region>) and C(environment_<environment>). Dashes become
    underscores in group names.
  - Each plane has one variable C(plane) with its names, its URL, the routing of its region and its
    effective settings. The group C(edge) has C(secret_kinds), the kinds of the secrets that planes declare.
  - Every control plane becomes a host in the groups C(control_plane) and C(environment_<environment>), with
    the variable C(control_plane).
  - Settings are merged from five layers. The later ones win, a V(null) removes a key, mappings merge and
    lists replace. The layers are C(defaults), C(environments.<environment>), C(regions.<region>),
    C(tenants.<tenant>) and C(tenants.<tenant>.regions.<region>).
  - The whole file is checked against a JSON Schema and for unknown or doubled names before anything is made
    of it. All errors are shown at once with file, line, column, key path, value and remedy.
  - Text of the file is never rendered as a template, except where O(trust_templates) says so.
notes:
  - Ansible only warns about an inventory that cannot be read, and goes on with no hosts. Set
    E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true), or C(any_unparsed_is_failed = true) in the section
    C([inventory]) of C(ansible.cfg), to make it stop.
requirements:
  - jsonschema >= 4.18 on the controller
options:
  plugin:
    description: Names this plugin, so that Ansible's plugin P(ansible.builtin.auto#inventory) finds it.
    type: str
    required: true
    choices: [adsengineer.orchestrator.topology]
  name:
    description:
      - The name of the topology. What is recorded in the Cloudflare account is recorded under it, so keep it.
    type: str
  origins:
    description:
      - Whether each plane gets a second variable C(plane_origins) that tells for each value which layer it
        comes from.
    type: bool
    default: false
    env:
      - name: ADSENGINEER_TOPOLOGY_ORIGINS
  trust_templates:
    description:
      - Which text of the settings Ansible may render as templates.
      - V(true) for all of it, or a list of key paths of the file, such as C(tenants.acme.settings.labels).
        A key path includes everything below it.
      - Whoever may write there can run commands on the controller. Rendered values are not checked again.
    type: raw
    default: false
  edge:
    description:
      - What all planes have in common.
      - C(zone) is the Cloudflare zone. It is the only required key.
      - C(hostname) and C(front_hostname) are patterns in which C({tenant}), C({region}), C({environment})
        and C({zone}) are filled in. They begin as C({tenant}-{region}.{zone}) and C({tenant}.{zone}). A
        front has no C({region}).
      - C(front) gives each tenant a Worker that routes to its regions by geography.
      - C(config), V(true) by default, gives each plane a KV namespace with its config document.
      - C(scheme) and C(port) make the URL. C(connect_to) is where probes connect to instead of what DNS says.
    type: dict
  configuration:
    description:
      - How documents are checked and synchronised.
      - C(schemas) is a folder of JSON Schemas, beside the topology or absolute.
      - C(policies) maps key patterns such as C(gateway.labels.*) to V(fail), V(control_plane), V(edge) or
        V(newest). C(approval) lists patterns of keys that the edge can't change without a person's word.
    type: dict
    version_added: 0.2.0
  defaults:
    description:
      - The weakest layer, with the keys C(settings), C(documents) and C(secrets), which every other layer may
        have, too.
      - C(secrets) declares by name what secrets a gateway has. Each has C(kind) (V(bound), V(relayed) or
        V(kept)), C(from) (the name of a secret of the store) and C(rotate_after) (days). No value stands in a
        topology.
    type: dict
  environments:
    description: Environments by name, each with C(zone) (instead of the one of O(edge)) and C(settings).
    type: dict
  regions:
    description:
      - Regions by name, each with C(canary) (exactly one region has it), C(continents), C(countries),
        C(placement), C(jurisdiction) and C(settings).
    type: dict
  tenants:
    description:
      - Tenants by name, each with C(environment), C(regions) and C(settings).
      - C(regions) is a list of names, or a mapping of names to C(hostname), C(environment) and C(settings).
      - A plane in another environment than its tenant's own is not behind the tenant's front.
      - C(relay) says where the tenant's relay is, and C(connectors), which may stand in every layer beside
        C(settings), which third parties it calls.
    type: dict
  control_planes:
    description: Control planes by name, each with C(host), C(environment), C(user) and C(port).
    type: dict
seealso:
  - module: adsengineer.orchestrator.topology_info
"""

EXAMPLES = r"""
# The smallest topology: one plane, acme-eu, at https://acme-eu.example.com
---
plugin: adsengineer.orchestrator.topology
name: small
edge: {zone: example.com}
environments: {production: {}}
regions: {eu: {canary: true}}
tenants: {acme: {environment: production, regions: [eu]}}

# Layers, a front for each tenant and a control plane
---
plugin: adsengineer.orchestrator.topology
name: main
edge:
  zone: example.com
  front: true
defaults:
  settings: {max_batch: 100, labels: {team: ads}}
environments:
  production:
    settings: {log_level: warn}
regions:
  eu: {canary: true, continents: [EU, AF], placement: {region: "aws:eu-central-1"}, jurisdiction: eu}
  us: {continents: [NA, SA]}
tenants:
  acme:
    environment: production
    regions:
      eu:
      us:
        hostname: acme-america.example.com
        settings: {sample_rate: 0.25}
control_planes:
  cp1: {host: 203.0.113.10, environment: production, user: admin}
"""

import gc
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.template import trust_as_template

from ..module_utils._topology import (
    JSONSCHEMA_MISSING,
    PLUGIN,
    Plane,
    Topology,
    TopologyError,
    is_topology,
    read_topology,
    schema_folder,
)


class InventoryModule(BaseInventoryPlugin):
    """Reads the file with the collection's own reader, so that no text in it is trusted as a template."""

    NAME = PLUGIN

    def verify_file(self, path: str) -> bool:
        """Whether the file is called topology*.yml (or .yaml), or says that it is for this plugin."""
        return super().verify_file(path) and is_topology(Path(path))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        if JSONSCHEMA_MISSING:
            raise AnsibleParserError(JSONSCHEMA_MISSING)
        try:
            topology = read_topology(path)
        except TopologyError as error:
            # Shown here, in one piece: Ansible prints the message of a parser error twice.
            self.display.error(str(error), wrap_text=False)
            raise AnsibleParserError(error.summary) from None
        _alone(inventory, topology)
        direct = {"plugin": PLUGIN, "trust_templates": topology.trust_templates}
        if topology.origins is not None:
            direct["origins"] = topology.origins
        self.set_options(direct=direct)
        _fill(inventory, topology, self.get_option("origins"))
        rules = {**topology.configuration, "schemas": schema_folder(path, topology)}
        inventory.set_variable("edge", "configuration_rules", _plain(rules))
        inventory.set_variable("edge", "secret_kinds", _plain(_secret_kinds(topology)))
        # What was loaded so far stays to the end, and every task is a fork: the collector need not walk it
        # again in each, nor copy its pages by that. See docs/benchmarks for what it saves.
        gc.freeze()


def _alone(inventory: Any, topology: Topology) -> None:
    """Refuse a second topology: the two would share the group edge, and with it one account register."""
    edge = inventory.groups.get("edge")
    other = edge.vars.get("edge_topology") if edge else None
    if other not in (None, topology.name):
        raise AnsibleParserError(
            f"The inventory has two topologies, '{other}' and '{topology.name}'; give each its own folder."
        )


def _fill(inventory: Any, topology: Topology, origins: bool) -> None:
    groups = topology.groups()
    for group in groups:
        inventory.add_group(group)
    # Names the register in the account that remembers what was accepted.
    inventory.set_variable("edge", "edge_topology", trust_as_template(topology.name))
    # On the group, because a variable set host by host costs time on a thousand planes.
    inventory.set_variable("edge", "ansible_connection", trust_as_template("local"))
    inventory.set_variable(
        "edge", "ansible_python_interpreter", trust_as_template("{{ ansible_playbook_python }}")
    )
    for plane in topology.planes:
        inventory.add_host(plane.name)
        inventory.set_variable(plane.name, "plane", _plane_variables(plane, topology.trust_templates))
        if origins:
            inventory.set_variable(plane.name, "plane_origins", _plain(dict(plane.origins)))
    for control_plane in topology.control_planes:
        inventory.add_host(control_plane.name)
        for name, value in control_plane.variables().items():
            inventory.set_variable(control_plane.name, name, _plain(value))
    for group, hosts in groups.items():
        for host in hosts:
            inventory.add_child(group, host)


def _secret_kinds(topology: Topology) -> list[str]:
    """The kinds of the secrets that are ours to bring: what no plane declares costs a rollout no task."""
    every = (item for plane in topology.planes for item in plane.secrets.values())
    return sorted({str(item["kind"]) for item in every if "store" not in item})


def _plane_variables(plane: Plane, trust: bool | tuple[str, ...]) -> dict[str, Any]:
    variables = plane.variables()
    settings = _marked(variables.pop("settings"), "settings", plane.origins, trust)
    return {**_plain(variables), "settings": settings}


def _plain(value: Any) -> Any:
    return _marked(value, "", {}, False)


def _marked(value: Any, path: str, origins: Mapping[str, str], trust: bool | tuple[str, ...]) -> Any:
    """The value with trust on every string that is no template, and on what O(trust_templates) names.

    Without trust, C(ansible-inventory --list) would print each string as C({"__ansible_unsafe": ...}).
    """
    if isinstance(value, str):
        plain = "{" not in value
        return _trusted(value) if plain or _may_render(path, origins, trust) else value
    if isinstance(value, dict):
        return {key: _marked(below, f"{path}.{key}", origins, trust) for key, below in value.items()}
    if isinstance(value, list):
        return [_marked(item, path, origins, trust) for item in value]
    return value


# Kept, because a thousand planes say the same few words again and again.
_trusted = cache(trust_as_template)


def _may_render(path: str, origins: Mapping[str, str], trust: bool | tuple[str, ...]) -> bool:
    return trust if isinstance(trust, bool) else _is_below(_key_path(path, origins), trust)


def _key_path(path: str, origins: Mapping[str, str]) -> str:
    """Where in the file the value at C(path) is written, such as C(defaults.settings.labels.team)."""
    return origins[path] + path.removeprefix("settings")


def _is_below(path: str, prefixes: tuple[str, ...]) -> bool:
    return any(path == prefix or path.startswith(f"{prefix}.") for prefix in prefixes)
