# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name."""

from __future__ import annotations

DOCUMENTATION = r"""
module: topology_info
short_description: Reads a topology file and tells its planes, groups and settings
version_added: 0.1.0
author:
  - adsengineer.orchestrator contributors (@adsengineer)
description:
  - Checks a topology file as P(adsengineer.orchestrator.topology#inventory) does, and returns what that
    plugin would make of it. It fails with all errors of the file.
  - Without arguments it checks the topology of the inventory that the playbook runs with. Ansible itself
    only warns when an inventory cannot be read.
  - Runs on the controller. It reads one file and touches nothing.
  - Text of the file is never rendered as a template, also not where the file's C(trust_templates) would let
    the inventory plugin do so.
requirements:
  - jsonschema >= 4.18 on the controller
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.cloudflare.info_module
options:
  path:
    description:
      - The topology file on the controller. A relative path begins at the playbook.
      - When not set, the only topology file among the sources of the inventory is read.
    type: path
  planes:
    description: Names of the planes to return. All of them when not set.
    type: list
    elements: str
  origins:
    description: Whether to return RV(origins).
    type: bool
    default: false
  show:
    description:
      - Whether to print the effective settings of each plane and the layer that each value comes from.
    type: bool
    default: false
  directory:
    description:
      - The folder of the states of M(adsengineer.orchestrator.config_sync). With O(show) the values that came
        from the edge, or from a restored revision, are shown instead of the declared ones.
    type: path
    version_added: 0.2.0
seealso:
  - plugin: adsengineer.orchestrator.topology
    plugin_type: inventory
"""

EXAMPLES = r"""
---
- name: Stop when the topology of this inventory has errors
  adsengineer.orchestrator.topology_info:

- name: Print the settings of one plane and where they come from
  adsengineer.orchestrator.topology_info:
    path: inventories/example/topology.yml
    planes: [acme-eu]
    show: true

- name: Read a topology that is not the inventory
  adsengineer.orchestrator.topology_info:
    path: topology.yml
  register: topology

- name: Add its planes to this run
  ansible.builtin.add_host:
    name: "{{ item.name }}"
    groups: "{{ item.groups }}"
    ansible_connection: local
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
    plane: "{{ topology.hostvars[item.name].plane }}"
  loop: "{{ topology.hosts | selectattr('groups', 'contains', 'edge') }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
path:
  description: The file that was read.
  returned: success
  type: str
  sample: /srv/ads/inventories/example/topology.yml
name:
  description: The name of the topology.
  returned: success
  type: str
  sample: example
hosts:
  description: The planes, then the control planes, each with C(name) and C(groups).
  returned: success
  type: list
  elements: dict
  sample:
    - name: acme-eu
      groups: [edge, tenant_acme, region_eu, environment_production]
groups:
  description: The names of the hosts of each group.
  returned: success
  type: dict
  sample: {"edge": ["acme-eu"], "control_plane": []}
hostvars:
  description: The variables of each host, C(plane) or C(control_plane) and how Ansible connects to it.
  returned: success
  type: dict
  sample:
    acme-eu:
      ansible_connection: local
      plane: {"name": "acme-eu", "tenant": "acme", "region": "eu", "settings": {"max_batch": 200}}
origins:
  description: For each plane the layer that each of its values comes from.
  returned: when O(origins) is V(true)
  type: dict
  sample: {"acme-eu": {"settings.max_batch": "tenants.acme.settings"}}
errors:
  description:
    - Everything that is wrong with the file, in its order. The message of the failure lists the same.
  returned: failure
  type: list
  elements: dict
  sample:
    - line: 31
      column: 15
      path: tenants.acme.regions[1]
      message: region 'usa' is not declared under regions
      remedy: did you mean us?
"""
