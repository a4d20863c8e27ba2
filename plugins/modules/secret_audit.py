# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of secret_audit; its work is in plugins/action/secret_audit.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_audit
version_added: 0.2.0
short_description: Which secrets are stale, unused or missing
description:
  - Compares the secrets that the planes declare with those that the store has. It never shows a value.
    Secrets of connectors, which only a relay has, are V(resident).
  - A secret is V(stale) when its current version is older than O(ignore:rotate_after) days, of the store or
    of the topology, whichever is less. It is V(half rotated) when a rotation has staged a version that is not
    in use.
  - One task works on all planes of the play; it runs once, whatever the number of hosts. What only planes
    outside of the play use is told as unused.
extends_documentation_fragment:
  - adsengineer.orchestrator.secrets
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.cloudflare.planes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - It changes nothing but the file of O(dest).
  idempotent:
    support: full
options:
  declared_only:
    description:
      - Show only secrets that planes declare, and tell of vault files that can't be opened instead of
        failing.
    type: bool
    default: false
  dest:
    description:
      - A file on the controller for RV(secrets) and RV(unread) as JSON. It is written whole or not at all.
    type: path
  fail_on:
    description:
      - Fail when a secret is in one of these states.
    type: list
    elements: str
    choices: [missing, stale, unused, half rotated]
    default: []
seealso:
  - module: adsengineer.orchestrator.secret_info
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Stop when a secret is missing or too old
  adsengineer.orchestrator.secret_audit:
    fail_on: [missing, stale]
  run_once: true
"""

RETURN = r"""
secrets:
  description: A line for each secret, with its state, version, age and uses.
  returned: always
  type: list
  elements: dict
  sample:
    - tenant: acme
      environment: production
      name: stripe_key
      state: fresh
      version: 3
      age_days: 12
      rotate_after: 90
      uses: ["acme-eu.STRIPE_KEY (bound)", "acme-eu.stripe (resident)"]
unread:
  description: The vault files that could not be opened, and why.
  returned: always
  type: dict
"""
