# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of worker_version; its work is in plugins/action/worker_version.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: worker_version
version_added: 0.1.0
short_description: Upload one wave of a rollout
description:
  - Uploads versions of existing Workers, which get no traffic, and new Workers, which serve at once; then
    config documents and hostnames.
  - The first upload of a wave goes alone, so that a bundle that the platform refuses is refused before the
    second plane is touched.
  - The files are read and hashed again. A bundle that changed since the plan is refused.
  - One task works on all planes of the wave; it runs once, whatever the number of hosts.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.declared_secrets
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The plan shows what differs.
  idempotent:
    support: none
    details:
      - It uploads what the plan says. The plan is what finds out that nothing has changed.
options:
  wave:
    description:
      - One element of RV(adsengineer.orchestrator.rollout_plan#module:waves).
    type: dict
    required: true
  release:
    description:
      - The release, from RV(adsengineer.orchestrator.rollout_plan#module:release).
    type: dict
    required: true
  rollout:
    description:
      - The id of the rollout, from RV(adsengineer.orchestrator.rollout_plan#module:rollout).
    type: str
    required: true
  moves:
    description:
      - What the earlier tasks of this rollout returned as RV(ignore:moves).
    type: list
    elements: dict
    default: []
  secrets:
    description:
      - The same secrets as given to the plan. They become bindings of the uploaded versions.
    type: dict
    default: {}
seealso:
  - module: adsengineer.orchestrator.rollout_plan
  - module: adsengineer.orchestrator.worker_deployment
  - module: adsengineer.orchestrator.worker_gate
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Upload the first wave
  adsengineer.orchestrator.worker_version:
    wave: "{{ plan.waves[0] }}"
    release: "{{ plan.release }}"
    rollout: "{{ plan.rollout }}"
  register: state
"""

RETURN = r"""
moves:
  description:
    - What was done to each Worker of the rollout so far, for the next task. It holds versions, addresses and
      fingerprints, and no secret.
  returned: always
  type: list
  elements: dict
  contains:
    script:
      description: The Worker.
      type: str
      returned: always
    running:
      description: The version that served before, which is the way back.
      type: str
      returned: always
    candidate:
      description: The version that was uploaded; null where its id is not known.
      type: str
      returned: always
    share:
      description: The percentage of the candidate, or the one it may have; null while it was not deployed.
      type: int
      returned: always
errors:
  description: The errors by Worker.
  returned: failure
  type: dict
api_calls:
  description: How many HTTP requests the task sent to the API.
  returned: always
  type: int
  sample: 4
"""
