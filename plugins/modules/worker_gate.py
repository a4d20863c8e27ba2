# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of worker_gate; its work is in plugins/action/worker_gate.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: worker_gate
version_added: 0.1.0
short_description: Decide by probes whether a candidate is worse than the running version
description:
  - First every plane must answer every probe as the right version. Then pairs of probes are sent, one to the
    candidate and one to the running version in random order, until the evidence decides.
  - The evidence is an e-process, so that it may be looked at after every pair. It answers V(worse), V(fine)
    or V(undecided), and fails unless it is fine.
  - At 100 percent only the first part is done, because the running version is no longer deployed.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.declared_secrets
requirements:
  - httpx >= 0.27 for the Python that runs Ansible
notes:
  - It runs on the controller, once for all planes of the play, and needs neither token nor account.
attributes:
  check_mode:
    support: partial
    details:
      - In check mode there is no candidate, so nothing is probed.
  diff_mode:
    support: none
    details:
      - It changes nothing.
  idempotent:
    support: full
    details:
      - It changes nothing.
options:
  moves:
    description:
      - What the earlier tasks of this rollout returned as RV(ignore:moves).
    type: list
    elements: dict
    required: true
  wave:
    description:
      - The name of the wave to judge.
    type: str
    required: true
  percentage:
    description:
      - The percentage at which the candidates are.
    type: int
    default: 100
  rollout:
    description:
      - The id of the rollout, from RV(adsengineer.orchestrator.rollout_plan#module:rollout).
    type: str
    required: true
  probes:
    description:
      - The requests to send, and what is expected. C(x-probe) is sent with each of them.
    type: list
    elements: dict
    required: true
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
  evidence:
    description:
      - What the gates before this one returned as RV(evidence). Evidence against a release counts over the
        whole rollout, evidence for it in its wave.
    type: dict
    default: {}
  alpha:
    description:
      - How often, at most, a release that is not worse is called worse, over the whole rollout.
    type: float
    default: 0.01
  beta:
    description:
      - How often, at most, a candidate that fails O(tolerance) more often is called fine.
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
  planes:
    description:
      - The planes whose declared secrets must not be shown, in the shape of the host variable C(plane). If it
        is not set, the planes are those of the play's hosts.
    type: list
    elements: dict
    version_added: 0.2.0
  secrets:
    description:
      - Workers and their secrets, as in O(adsengineer.orchestrator.rollout_plan#module:secrets). They are
        masked in what an answer is told to have said.
    type: dict
    default: {}
    version_added: 0.2.0
  probe_timeout:
    description:
      - How many seconds one probe may take.
    type: float
    default: 10.0
  undecided:
    description:
      - What an undecided gate does. V(rollback) fails, V(accept) goes on.
    type: str
    choices: [rollback, accept]
    default: rollback
seealso:
  - module: adsengineer.orchestrator.worker_deployment
  - module: adsengineer.orchestrator.worker_rollback
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Judge the candidates before any visitor meets them
  adsengineer.orchestrator.worker_gate:
    moves: "{{ state.moves }}"
    wave: canary eu
    percentage: 0
    rollout: "{{ plan.rollout }}"
    probes:
      - path: /healthz
        json: {status: ok}
      - method: POST
        path: /v1/events
        status: 202
        headers: {content-type: application/json}
        body: '{"type":"impression","id":"probe","time":"2026-01-01T00:00:00Z"}'
"""

RETURN = r"""
verdict:
  description: V(worse), V(fine) or V(undecided).
  returned: always
  type: str
  sample: fine
pairs:
  description:
    - How many pairs only the candidate failed (plus), both or neither (zero), only the running
      version (minus), and how many were void.
  returned: always
  type: dict
  sample: {plus: 0, zero: 192, minus: 0, void: 0}
worse:
  description: The evidence that the candidate is worse, and its limit.
  returned: always
  type: dict
  sample: {evidence: 1.0, limit: 100.0}
fine:
  description: The evidence that it is fine, and its limit.
  returned: always
  type: dict
  sample: {evidence: 24.9, limit: 20.0}
excludes:
  description: The failure rate that so many clean pairs would rule out, about 3/n.
  returned: always
  type: float
  sample: 0.0155
checks:
  description: How many hard checks were made.
  returned: always
  type: int
  sample: 4
failure:
  description: The request that failed, or null.
  returned: always
  type: dict
  contains:
    probe:
      description: The method and path.
      type: str
      returned: always
    worker:
      description: The Worker that was asked.
      type: str
      returned: always
    url:
      description: The address of its plane.
      type: str
      returned: always
    version:
      description: The version that was asked for; null where it was the deployed one.
      type: str
      returned: always
    expected:
      description: What was expected of the answer.
      type: str
      returned: always
    came:
      description: What came, shortened and without what looks like a secret.
      type: str
      returned: always
evidence:
  description: The counts of all gates of the rollout so far, for the next gate.
  returned: always
  type: dict
api_calls:
  description: Always V(0), because probes are requests to Workers and not to the API.
  returned: always
  type: int
  sample: 0
"""
