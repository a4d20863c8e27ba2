# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of secret_info; its work is in plugins/action/secret_info.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_info
version_added: 0.2.0
short_description: Tell versions, ages and uses of secrets, never their values
description:
  - Opens every vault file of the store, or one, and checks each against the ledger, which is checked whole.
extends_documentation_fragment:
  - adsengineer.orchestrator.secrets
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.cloudflare.info_module
options:
  tenant:
    description:
      - The tenant, together with O(environment). All of them when not set.
    type: str
  environment:
    description:
      - The environment.
    type: str
  planes:
    description:
      - The planes that RV(secrets[].uses) is about, in the shape of the host variable C(plane). If it is not
        set, those of the play's hosts, which may be none.
    type: list
    elements: dict
seealso:
  - module: adsengineer.orchestrator.secret
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Which secrets should have been rotated?
  adsengineer.orchestrator.secret_info:
  register: found

- name: Fail when there are any
  ansible.builtin.assert:
    that: found.secrets | selectattr('stale') | length == 0
"""

RETURN = r"""
secrets:
  description: The secrets, by tenant, environment and name.
  returned: success
  type: list
  elements: dict
  contains:
    tenant:
      description: The tenant.
      type: str
    environment:
      description: The environment.
      type: str
    name:
      description: The name.
      type: str
    version:
      description: The current version.
      type: int
    rotate_after:
      description: After how many days it is stale, V(0) for never.
      type: int
    uses:
      description:
        - Where the planes use it, as C(PLANE.BINDING (KIND)). What a relay uses for a plane is
          C(PLANE.CONNECTOR (resident)), and its own keys are C(PLANE (relay)).
      type: list
      elements: str
      sample: [acme-eu.STRIPE_KEY (bound)]
    stale:
      description: Whether the current version is older than that.
      type: bool
    versions:
      description:
        - The kept versions, oldest first, each with C(version), C(current), C(created), C(age_days), C(by),
          C(why) and C(fingerprint), a keyed digest.
      type: list
      elements: dict
anchor:
  description:
    - The newest entry of the ledger, C(NUMBER HASH). Kept elsewhere, it shows later whether the ledger was
      written anew.
  returned: success
  type: str
"""
