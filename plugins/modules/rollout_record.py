# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of rollout_record; its work is in plugins/action/rollout_record.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_record
version_added: 0.1.0
short_description: Record in the account what a rollout left
description:
  - Writes the account register, a key for each Worker in the KV namespace C(adsengineer-orchestrator). With
    it the next plan tells unchanged Workers without a call for each, and the accepted version of a Worker
    from one that a killed rollout left there.
  - A lost register costs calls. Only a rollout that was killed before it was lost is then taken for accepted.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The register is for machines; the plan shows what differs.
  idempotent:
    support: full
options:
  topology:
    description:
      - The name of the topology.
    type: str
    default: default
  rollout:
    description:
      - The id of the rollout, from RV(adsengineer.orchestrator.rollout_plan#module:rollout).
    type: str
    default: ""
  moves:
    description:
      - What the earlier tasks of this rollout returned as RV(ignore:moves).
    type: list
    elements: dict
    default: []
  failed_wave:
    description:
      - The wave whose gate failed. Then only what stands after the undo is recorded.
    type: str
  undone:
    description:
      - With O(failed_wave), the Workers that were put back, from
        RV(adsengineer.orchestrator.worker_rollback#module:undone). The others are read by the next plan. If
        it is not set, all were.
    type: list
    elements: str
  stands:
    description:
      - Workers and the version that was given all their traffic by hand, from
        RV(adsengineer.orchestrator.worker_rollback#module:undone). It counts as accepted, so that a later
        rollout which fails, or is killed, goes back to it.
    type: dict
    default: {}
    version_added: 0.2.0
  register_namespace:
    description:
      - The id of the register's namespace. If it is not set, the namespace is made or looked up.
    type: str
seealso:
  - module: adsengineer.orchestrator.rollout_plan
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Record what was accepted
  adsengineer.orchestrator.rollout_record:
    topology: production
    rollout: "{{ plan.rollout }}"
    moves: "{{ state.moves }}"
    register_namespace: "{{ plan.register_namespace or omit }}"
"""

RETURN = r"""
recorded:
  description: The Workers that were recorded.
  returned: success, outside check mode
  type: list
  elements: str
api_calls:
  description: How many HTTP requests the task sent to the API.
  returned: always
  type: int
  sample: 3
"""
