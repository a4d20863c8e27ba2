# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of worker_info; the work is done on the controller by plugins/action/worker_info.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: worker_info
version_added: 0.1.0
short_description: Read Cloudflare Workers
description:
  - Lists all Workers of an account in one call, or describes one Worker with its deployments, versions,
    bindings and hostnames.
  - Values of secrets can't be read from the platform, so none are returned.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.cloudflare.info_module
options:
  name:
    description:
      - The name of one Worker to describe. If it is not set, all Workers are listed.
    type: str
  deployable:
    description:
      - Whether RV(workers[].versions) holds every version that can still be deployed, instead of the newest
        ones.
    type: bool
    default: false
seealso:
  - module: adsengineer.orchestrator.worker
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: List all Workers
  adsengineer.orchestrator.worker_info:
  register: all_workers

- name: Describe one Worker
  adsengineer.orchestrator.worker_info:
    name: acme-eu-gateway
    deployable: true
  register: gateway

- name: Show the version that serves
  ansible.builtin.debug:
    msg: "{{ gateway.workers[0].active[0].id }}"
"""

RETURN = r"""
workers:
  description:
    - The Workers found. The list is empty when O(name) does not exist.
    - The entries of the list of all Workers carry C(name), C(tag), C(etag), C(tags), C(created_on),
      C(modified_on), C(handlers) and C(compatibility_date).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the Worker.
      type: str
    etag:
      description: The platform's own hash of the content. Returned only in the list of all Workers.
      type: str
    tags:
      description: The labels of the Worker. Returned only in the list of all Workers.
      type: list
      elements: str
    modified_on:
      description: When the Worker was changed last. Returned only in the list of all Workers.
      type: str
    deployments:
      description: The deployments, the active one first. Returned only when O(name) is set.
      type: list
      elements: dict
    versions:
      description: The versions, the newest first. Returned only when O(name) is set.
      type: list
      elements: dict
    active:
      description: The versions that serve now, with their bindings. Returned only when O(name) is set.
      type: list
      elements: dict
    hostnames:
      description: The custom domains of the Worker. Returned only when O(name) is set.
      type: list
      elements: str
api_calls:
  description: How many HTTP requests the task sent.
  returned: always
  type: int
  sample: 1
"""
