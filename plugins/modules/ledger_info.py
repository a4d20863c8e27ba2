# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of ledger_info; its work is in plugins/action/ledger_info.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ledger_info
version_added: 0.2.0
short_description: Check the ledger and tell its entries
description:
  - Fails with the place when an entry was edited, removed or cut off.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.cloudflare.info_module
options:
  ledger:
    description:
      - The ledger on the controller.
      - If it is not set, the environment variable E(ADSENGINEER_LEDGER) is used.
    type: path
    default: ledger.jsonl
  anchor:
    description:
      - An RV(anchor) from before, kept elsewhere. A ledger that was written anew since does not hold it.
    type: str
  last:
    description:
      - How many of the newest entries to return, V(0) for all.
    type: int
    default: 20
seealso:
  - module: adsengineer.orchestrator.secret
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Is the ledger whole?
  adsengineer.orchestrator.ledger_info:
    anchor: "{{ kept_anchor }}"
"""

RETURN = r"""
entries:
  description: The newest entries, oldest first.
  returned: success
  type: list
  elements: dict
count:
  description: How many there are.
  returned: success
  type: int
anchor:
  description: The newest entry, C(NUMBER HASH).
  returned: success
  type: str
"""
