# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of rollout_plan; its work is in plugins/action/rollout_plan.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout_plan
version_added: 0.1.0
short_description: Plan a rollout of Workers to many planes
description:
  - Compares the declared state of all planes with the account and answers what has to be done, in waves. It
    writes nothing.
  - Three to five calls tell unchanged Workers by the thousand. Only Workers that are not as the last rollout
    left them are read one by one.
  - One task works on all planes of the play; it runs once, whatever the number of hosts.
  - A hostname that belongs to another Worker, a bundle that the platform would refuse, and a Worker that
    somebody else deployed stop it.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.declared_secrets
  - adsengineer.orchestrator.cloudflare.planes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
    details:
      - It changes nothing; RV(ignore:changed) says whether there is something to do.
options:
  topology:
    description:
      - The name of the topology; the account register is kept under it.
    type: str
    default: default
  release:
    description:
      - The label of the release. An empty label keeps the recorded one where nothing else differs from the
        register, and is derived from the gateway's bundle otherwise.
    type: str
    default: ""
  gateway_bundle:
    description:
      - The path of the gateway's main module, an ES module with a default export.
    type: path
    required: true
  gateway_modules:
    description:
      - Further modules of the gateway, as a mapping of the names that they are imported by to their paths.
    type: dict
    default: {}
  front_bundle:
    description:
      - The path of the front's main module. If it is not set, fronts are left as they are.
    type: path
  compatibility_date:
    description:
      - The compatibility date of the Workers.
    type: str
    required: true
  compatibility_flags:
    description:
      - The compatibility flags of the Workers.
    type: list
    elements: str
    default: []
  variables:
    description:
      - Variables bound to every gateway. Text becomes C(plain_text), anything else C(json).
    type: dict
    default: {}
  services:
    description:
      - Service bindings of every gateway, as a mapping of names to Workers.
    type: dict
    default: {}
  secrets:
    description:
      - Secrets by Worker, each a mapping of names to values. Only keyed digests of them enter the plan.
    type: dict
    default: {}
  undeclared_secrets:
    description:
      - What to do about secrets that a Worker has and nobody declares. V(keep) hands them on to the new
        version and tells their names, V(remove) leaves them out.
    type: str
    choices: [keep, remove]
    default: keep
    version_added: 0.2.0
  secrets_store:
    description:
      - The id of the account's Secrets Store, as M(adsengineer.orchestrator.stored_secrets) answers it.
        Needed outside of check mode when planes declare secrets that belong there.
    type: str
    default: ""
    version_added: 0.2.0
  digest_key:
    description:
      - The key of these digests. If it is not set, O(api_token) is used, and a new token then shows Workers
        with secrets as changed once.
    type: str
  canary_steps:
    description:
      - The percentages of the first wave that has candidates.
    type: list
    elements: int
    default: [10, 50, 100]
  later_steps:
    description:
      - The percentages of the later waves.
    type: list
    elements: int
    default: [100]
  later_direct:
    description:
      - Whether candidates of later waves are uploaded straight to 100 percent, with one call each and
        without pairs of probes.
    type: bool
    default: false
  drift:
    description:
      - What to do about Workers that somebody else deployed since the last rollout. V(stop) names them and
        fails, V(take_over) rolls over them.
    type: str
    choices: [stop, take_over]
    default: stop
  probes:
    description:
      - The probes of O(adsengineer.orchestrator.worker_gate#module:probes). If they are set, a plan is
        refused that moves a kind of Workers for which there is none.
    type: list
    elements: dict
    suboptions:
      method:
        description: The method.
        type: str
        default: GET
      path:
        description: The path with its query.
        type: str
        required: true
      status:
        description: The expected status.
        type: int
        default: 200
      headers:
        description: Headers to send.
        type: dict
        default: {}
      body:
        description: The body to send.
        type: str
      json:
        description: Members that the JSON object of the answer must have.
        type: dict
        default: {}
      kinds:
        description: The kinds of Workers to send it to.
        type: list
        elements: str
        choices: [gateway, front]
        default: [gateway, front]
  gate:
    description:
      - When the gates of the rollout will decide. Refused here, before the first write, if they could not.
    type: dict
    version_added: 0.2.0
    suboptions:
      alpha:
        description:
          - How often, at most, a release that is not worse is called worse, over the whole rollout.
        type: float
        default: 0.01
      beta:
        description:
          - How often, at most, a candidate that fails O(gate.tolerance) more often is called fine.
        type: float
        default: 0.05
      tolerance:
        description:
          - How much more often than the running version a candidate may fail.
        type: float
        default: 0.02
      pairs:
        description:
          - The least number of new pairs.
        type: int
        default: 20
      cap:
        description:
          - After how many pairs it stays undecided. The cap is extended once by the same number.
        type: int
        default: 1000
      patience:
        description:
          - How many seconds the versions of a step may take to show up, 0 to 3600.
        type: float
        default: 15.0
  status_dest:
    description:
      - The file that M(adsengineer.orchestrator.plane_status) writes afterwards. One that can't be written is
        refused here, before anything else is.
    type: path
    version_added: 0.2.0
seealso:
  - module: adsengineer.orchestrator.worker_version
  - module: adsengineer.orchestrator.rollout_record
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Plan a release for the planes of the play
  adsengineer.orchestrator.rollout_plan:
    topology: production
    release: "2026-11-23"
    gateway_bundle: dist/gateway.js
    front_bundle: dist/front.js
    compatibility_date: "2026-10-01"
  register: plan

- name: Show what would be done
  ansible.builtin.debug:
    msg: "{{ plan.summary }}"
"""

RETURN = r"""
relayed:
  description:
    - Whether planes of the run have relayed secrets, which M(adsengineer.orchestrator.sealed_secrets)
      delivers.
  returned: success
  type: bool
  version_added: 0.2.0
rollout:
  description: The id of the rollout.
  returned: success
  type: str
  sample: 20261123T211751Z-92e1
release:
  description: The release with the hashes of its modules.
  returned: success
  type: dict
waves:
  description: The waves in their order, each with its C(name), C(steps) and the C(units) that need work.
  returned: success
  type: list
  elements: dict
counts:
  description: How many Workers each action has.
  returned: success
  type: dict
  sample:
    unchanged: 996
    update: 4
unchanged:
  description: How many Workers are unchanged.
  returned: success
  type: int
  sample: 996
summary:
  description: The plan as a table for people.
  returned: success
  type: str
table:
  description: The plan as lines of a table.
  returned: when Workers have drifted
  type: list
  elements: str
notes:
  description: What an undo could not put back, and what is left out of this run.
  returned: success
  type: list
  elements: str
register_namespace:
  description: The id of the KV namespace of the account register, if it exists.
  returned: success
  type: str
api_calls:
  description: How many HTTP requests the task sent to the API.
  returned: always
  type: int
  sample: 4
"""
