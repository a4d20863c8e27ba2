# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of secret_vault; its work is in plugins/action/secret_vault.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_vault
version_added: 0.2.0
short_description: Take over a vault file that was edited by hand, or give it a new password
description:
  - Works on the whole file of a tenant and environment.
extends_documentation_fragment:
  - adsengineer.orchestrator.secrets
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.secrets.why
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - A file is taken over or encrypted as a whole.
  idempotent:
    support: full
options:
  tenant:
    description:
      - The tenant.
    type: str
    required: true
  environment:
    description:
      - The environment.
    type: str
    required: true
  state:
    description:
      - With V(adopted) the file is believed as it is now, say after C(ansible-vault edit), and the ledger
        says so. The file must still be for this tenant and environment.
      - With V(resealed) it is encrypted with the password in O(new_password_file). Killed in between, it
        opens by the old one or the new one; run again, it goes on.
    type: str
    choices: [adopted, resealed]
    required: true
  new_password_file:
    description:
      - A file on the controller with the new password of the vault id.
    type: path
seealso:
  - module: adsengineer.orchestrator.secret
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Take over what was edited by hand
  adsengineer.orchestrator.secret_vault:
    tenant: acme
    environment: production
    state: adopted
    why: corrected a typing error

- name: Give the file a new password
  adsengineer.orchestrator.secret_vault:
    tenant: acme
    environment: production
    state: resealed
    new_password_file: ~/.vault/acme-production.new
"""

RETURN = r"""
generation:
  description: The number of the file, which grows with every write.
  returned: success
  type: int
"""
