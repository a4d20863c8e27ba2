# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of worker_rollback; its work is in plugins/action/worker_rollback.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: worker_rollback
version_added: 0.1.0
short_description: Put Workers back to an earlier version
description:
  - Undoes a rollout by its O(moves), or goes back by hand to the previous version or to one named.
  - All Workers go at once, one call each; it never stops half-way and tells for each what was undone and what
    was not.
  - By hand, it reads all deployments first and says what it does not restore before it writes. Data in KV
    with the config documents, settings of the script, routes and hostnames stay as they are.
  - The front of a tenant goes back with its gateways when the same rollout deployed it and all of the
    tenant's planes are in the run.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.cloudflare.planes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - V(previous) goes one rollout back each time. A named version that serves already is left alone.
options:
  moves:
    description:
      - What the earlier tasks of this rollout returned as RV(ignore:moves).
    type: list
    elements: dict
  rollout:
    description:
      - The id of the rollout, from RV(adsengineer.orchestrator.rollout_plan#module:rollout).
    type: str
  interrupted:
    description:
      - The wave in which a task ended without a result, so that O(moves) lacks what it did. Every candidate
        of this wave is taken for deployed.
    type: dict
  to:
    description:
      - V(previous), or the id of a version when there is one plane in the run.
      - V(previous) takes back the newest rollout that deployed any of the run's planes. Each of its planes
        goes to the version which that rollout replaced there; planes that it never reached, or that somebody
        else has deployed since, stay and are told.
    type: str
  workers:
    description:
      - A mapping of Workers to the id of the version to go back to, or V(previous).
    type: dict
  force:
    description:
      - Whether to deploy a version although the Worker's secrets have changed since. An undo by O(moves)
        always does, because it brings back the matching secrets.
    type: bool
    default: false
  status_dest:
    description:
      - The file that M(adsengineer.orchestrator.plane_status) writes afterwards. One that can't be written is
        refused here, before anything else is.
    type: path
    version_added: 0.2.0
seealso:
  - module: adsengineer.orchestrator.worker_deployment
  - module: adsengineer.orchestrator.rollout_record
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Put every plane of the play back to the version before
  adsengineer.orchestrator.worker_rollback:
    to: previous

- name: Go back to a certain version
  adsengineer.orchestrator.worker_rollback:
    workers:
      acme-eu-gateway: 1155951a-87de-4a67-8e4d-adf1df55ab92
"""

RETURN = r"""
undone:
  description: The Workers that were put back, or would be in check mode, and their versions now.
  returned: always
  type: dict
  sample:
    acme-eu-gateway: 1155951a-87de-4a67-8e4d-adf1df55ab92
errors:
  description: The errors by Worker.
  returned: always
  type: dict
notes:
  description: What was not restored.
  returned: always
  type: list
  elements: str
summary:
  description: The outcome for people, a line for each Worker.
  returned: always
  type: str
api_calls:
  description: How many HTTP requests the task sent to the API.
  returned: always
  type: int
  sample: 2
"""
