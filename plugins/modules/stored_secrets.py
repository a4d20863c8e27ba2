# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of stored_secrets; its work is in plugins/action/stored_secrets.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stored_secrets
version_added: 0.2.0
short_description: Declared secrets in the account's Secrets Store
description:
  - Brings the secrets of the kind C(secrets_store) that planes declare from the store of secrets to the
    Secrets Store of the account, from which Workers read them by C(await env.NAME.get()).
  - Each version has a name of its own there, C(TENANT__ENVIRONMENT__NAME__VERSION), to which the rollout
    binds the gateways. So a rotated secret is a new version of a Worker, and undoing a release brings the
    secret of that version back.
  - Secrets that do not come from the vault file of the tenant are never changed or removed. Their comment
    tells, by a digest that only the vault's own key can make.
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
      - A value has nothing to show. RV(secrets) names what was put or removed.
  idempotent:
    support: full
options:
  state:
    description:
      - With V(present), every declared secret stands there in its current version. A store is made where the
        account has none.
      - With V(pruned), versions that the vault file has forgotten are removed. Versions that it keeps stay,
        for the sake of an undo, as do those that are newer than any that it had. A name that it does not know
        is undeclared. Only tenants that are in the run with all of their planes are looked at.
    type: str
    choices: [present, pruned]
    required: true
  undeclared:
    description:
      - With O(state=pruned), what to do about secrets of these tenants that are in the vault file and that no
        plane declares as C(secrets_store) any more.
    type: str
    choices: [keep, remove]
    default: keep
seealso:
  - module: adsengineer.orchestrator.secret
  - module: adsengineer.orchestrator.rollout_plan
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Bring what is declared
  adsengineer.orchestrator.stored_secrets:
    state: present
  run_once: true

- name: Remove everything of ours that nobody declares
  adsengineer.orchestrator.stored_secrets:
    state: pruned
    undeclared: remove
  run_once: true
"""

RETURN = r"""
store:
  description: The id of the Secrets Store. Empty where the account has none, as in check mode.
  returned: success
  type: str
secrets:
  description: The names, in the Secrets Store, of the secrets that were put or removed.
  returned: success
  type: list
  elements: str
  sample: [acme__production__partner_key__1]
leftover:
  description: Whether V(pruned) has something to remove.
  returned: success
  type: bool
undeclared:
  description: The names of those that stay although nobody declares them.
  returned: success
  type: list
  elements: str
api_calls:
  description: How many calls were made to the API.
  returned: always
  type: int
"""
