# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of plane_status; its work is in plugins/action/plane_status.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: plane_status
version_added: 0.1.0
short_description: Show the planes and their health
description:
  - Asks every plane of the play itself, concurrently, and shows a table. Of more than a hundred planes only
    unhealthy ones are shown.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.declared_secrets
  - adsengineer.orchestrator.cloudflare.planes
requirements:
  - httpx >= 0.27 for the Python that runs Ansible
notes:
  - It runs on the controller, once for all planes of the play, and needs neither token nor account.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The rows are in the result.
  idempotent:
    support: full
options:
  path:
    description:
      - The path that answers 200 and a JSON object with C(status) V(ok) when a plane is healthy.
    type: str
    default: /healthz
  probe_timeout:
    description:
      - How many seconds one request may take.
    type: float
    default: 10.0
  dest:
    description:
      - A file on the controller to write the rows to, as a JSON list.
    type: path
  show:
    description:
      - Whether to show the table while the task runs.
    type: bool
    default: true
  require_healthy:
    description:
      - Whether the task fails when a plane is not healthy. The rows are written and returned all the same.
        In check mode it never fails, because planes may be missing that a run would make.
    type: bool
    default: false
  secrets:
    description:
      - Workers and their secrets, as in O(adsengineer.orchestrator.rollout_plan#module:secrets). They are
        masked in what an answer is told to have said.
    type: dict
    default: {}
    version_added: 0.2.0
seealso:
  - module: adsengineer.orchestrator.worker_gate
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Show every plane of the play
  adsengineer.orchestrator.plane_status:
    dest: status.json
"""

RETURN = r"""
planes:
  description: One row for each plane.
  returned: success
  type: list
  elements: dict
  sample:
    - tenant: acme
      region: eu
      url: https://acme-eu.example.com
      version_id: 1155951a-87de-4a67-8e4d-adf1df55ab92
      healthy: true
unhealthy:
  description: How many planes are not healthy.
  returned: success
  type: int
  sample: 0
api_calls:
  description: Always V(0), because the planes themselves are asked.
  returned: always
  type: int
  sample: 0
"""
