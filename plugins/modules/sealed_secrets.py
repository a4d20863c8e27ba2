# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of sealed_secrets; its work is in plugins/action/sealed_secrets.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: sealed_secrets
version_added: 0.2.0
short_description: Keys and envelopes of relayed secrets
description:
  - A relayed secret is sealed on the controller to the key of one plane's gateway (HPKE, RFC 9180) and
    signed, and travels through the plane's KV namespace. Who reads the namespace sees only that it is there.
  - V(keyed) makes a key pair for each plane that declares relayed secrets and has none. V(rotated) makes a
    new one; the one before stays in the ring, so that what was sealed to it still opens. A new ring is a
    bound secret, so it reaches the Worker by the next rollout.
  - V(delivered) writes the envelopes that are not there yet, or hold another value, version or key.
  - One task works on all planes of the play; it runs once, whatever the number of hosts.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.declared_secrets
  - adsengineer.orchestrator.cloudflare.planes
  - adsengineer.orchestrator.secrets.why
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - An envelope has nothing to show. RV(planes) names the planes with new ones.
  idempotent:
    support: partial
    details:
      - V(rotated) makes another key each time.
requirements:
  - cryptography >= 47 for the Python that runs Ansible
options:
  state:
    description:
      - What should be the case.
    type: str
    choices: [keyed, rotated, delivered]
    required: true
seealso:
  - module: adsengineer.orchestrator.secret
  - module: adsengineer.orchestrator.rollout_plan
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Deliver what was rotated
  adsengineer.orchestrator.sealed_secrets:
    state: delivered
  run_once: true

- name: Turn the keys of every plane of the play
  adsengineer.orchestrator.sealed_secrets:
    state: rotated
    why: yearly
  run_once: true
"""

RETURN = r"""
planes:
  description: The planes for which a key was made or envelopes were delivered.
  returned: success
  type: list
  elements: str
  sample: [acme-eu]
api_calls:
  description: How many calls were made to the API.
  returned: always
  type: int
"""
