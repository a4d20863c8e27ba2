# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of worker_deployment; the work is in plugins/action/worker_deployment.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: worker_deployment
version_added: 0.1.0
short_description: Give the candidates of a wave a percentage of the traffic
description:
  - Deploys the candidate and the running version of every Worker of a wave, concurrently, one call each. At
    V(100) the running version leaves the deployment.
  - Zero percent is useful; the candidate then answers only requests that ask for it, which is how it is
    probed before any visitor meets it.
  - It never stops half-way, and collects every error.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - Candidates that are at the percentage by O(moves) are left alone.
options:
  moves:
    description:
      - What the earlier tasks of this rollout returned as RV(ignore:moves).
    type: list
    elements: dict
    required: true
  wave:
    description:
      - The name of the wave.
    type: str
    required: true
  percentage:
    description:
      - The percentage of the candidates, V(0) to V(100).
    type: int
    required: true
  rollout:
    description:
      - The id of the rollout, from RV(adsengineer.orchestrator.rollout_plan#module:rollout).
    type: str
    required: true
seealso:
  - module: adsengineer.orchestrator.worker_version
  - module: adsengineer.orchestrator.worker_gate
  - module: adsengineer.orchestrator.worker_rollback
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Show the candidates to a tenth of the visitors
  adsengineer.orchestrator.worker_deployment:
    moves: "{{ state.moves }}"
    wave: canary eu
    percentage: 10
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
      description: The version that was uploaded.
      type: str
      returned: always
    share:
      description: The percentage of the candidate; null while it was not deployed.
      type: int
      returned: always
api_calls:
  description: How many HTTP requests the task sent to the API.
  returned: always
  type: int
  sample: 2
"""
