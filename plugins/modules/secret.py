# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of secret; its work is in plugins/action/secret.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secret
version_added: 0.2.0
short_description: Put, rotate, roll back or remove a secret of a tenant
description:
  - Keeps secrets in files of ansible-vault, one for each tenant and environment, which the stock
    C(ansible-vault) reads and writes.
  - A file holds for whom it is, and its own number; the ledger has the newest one. So a file that was moved,
    relabelled, rolled back or edited is refused, with the reason.
  - A file is written by a temporary file and a rename, after the entry in the ledger. A process that is
    killed leaves the old file or the new one.
extends_documentation_fragment:
  - adsengineer.orchestrator.secrets
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.secrets.why
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Values are told apart by a keyed digest.
  idempotent:
    support: partial
    details:
      - With O(state=rotated) every run makes a new version.
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
  name:
    description:
      - The name of the secret, up to 63 letters, digits, C(_), C(.) and C(-) with a letter first.
    type: str
    required: true
  state:
    description:
      - With V(present) the secret has the value given by O(value) or O(value_file); an equal one changes
        nothing. With O(generate) a value is made once. Without any of them only O(rotate_after) is changed.
      - With V(rotated) another value becomes current.
      - The steps of a rotation, each of which is safe to repeat. With V(staged) another version is there and
        not in use; one that is staged already stays. With V(switched) it is in use, and the one before is
        kept. With V(revoked) every version that is not in use is forgotten.
      - With V(current) the kept version O(version) becomes current again.
      - With V(absent) the secret is removed with all its versions.
    type: str
    choices: [present, rotated, staged, switched, revoked, current, absent]
    default: present
  value:
    description:
      - The value. Better is O(value_file), or a prompt as in the examples. An empty one is refused, as is the
        word C(None), which a prompt of Ansible answers where there is no terminal.
    type: str
  value_file:
    description:
      - A file on the controller with the value; one line break at its end does not count.
      - Standard input comes as V(/dev/fd/3) when the playbook is started with C(3<&0), since Ansible gives
        its own standard input to nobody.
    type: path
  generate:
    description:
      - Make a random value of these characters.
    type: str
    choices: [alphanumeric, hex, printable]
  length:
    description:
      - How many characters O(generate) makes, V(16) to V(4096).
    type: int
    default: 40
  version:
    description:
      - Which version O(state=current) goes back to.
    type: int
  keep:
    description:
      - How many versions are kept, V(1) to V(100). Applied when a new one is put.
    type: int
    default: 5
  rotate_after:
    description:
      - After how many days a version is stale, up to V(36500), V(0) for never.
    type: int
seealso:
  - module: adsengineer.orchestrator.secret_info
  - plugin: adsengineer.orchestrator.secret
    plugin_type: lookup
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Make a signing key once
  adsengineer.orchestrator.secret:
    tenant: acme
    environment: production
    name: signing_key
    generate: hex
    rotate_after: 90
    why: first release

- name: Put a key that somebody types, in a playbook of its own
  hosts: localhost
  gather_facts: false
  vars_prompt:
    - name: typed
      prompt: The key of Stripe
      confirm: true
      unsafe: true
      default: ""
  tasks:
    - name: Put it
      adsengineer.orchestrator.secret:
        tenant: acme
        environment: production
        name: stripe_key
        value: "{{ typed }}"

- name: Go back to the version before
  adsengineer.orchestrator.secret:
    tenant: acme
    environment: production
    name: signing_key
    state: current
    version: 3
    why: the provider refuses version 4
"""

RETURN = r"""
change:
  description: What was done, V(put), V(settings), V(current), V(removed) or V(none).
  returned: success
  type: str
version:
  description: The current version, V(0) after a removal.
  returned: success
  type: int
"""
