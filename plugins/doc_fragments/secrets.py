# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation shared by everything that works on the store of secrets."""

from __future__ import annotations


class ModuleDocFragment:
    """Where the store is."""

    DOCUMENTATION = r"""
options:
  directory:
    description:
      - The folder of the vault files on the controller, C(ENVIRONMENT/TENANT.vault) in it.
      - If it is not set, the environment variable E(ADSENGINEER_SECRETS) is used.
    type: path
    default: secrets
  ledger:
    description:
      - The ledger on the controller, in which every change is written before it is made.
      - If it is not set, the environment variable E(ADSENGINEER_LEDGER) is used.
    type: path
    default: ledger.jsonl
  passwords:
    description:
      - A folder on the controller with files of passwords, each named by its vault id, for the vault ids of
        which Ansible was given none.
      - If it is not set, the environment variable E(ADSENGINEER_PASSWORDS) is used.
    type: path
    version_added: 0.2.0
notes:
  - It runs on the controller, whatever host the task is for.
  - The password of a vault file is that of the vault id C(TENANT-ENVIRONMENT), as C(--vault-id) or
    C(vault_identity_list) gives it, or O(passwords) has it. No other password is tried on it.
"""

    LOOKUP = r"""
options:
  directory:
    description:
      - The folder of the vault files on the controller.
    type: path
    default: secrets
    env:
      - name: ADSENGINEER_SECRETS
    vars:
      - name: secrets_directory
  ledger:
    description:
      - The ledger.
    type: path
    default: ledger.jsonl
    env:
      - name: ADSENGINEER_LEDGER
    vars:
      - name: secrets_ledger
  passwords:
    description:
      - A folder with files of passwords, each named by its vault id, for the vault ids of which Ansible was
        given none.
    type: path
    env:
      - name: ADSENGINEER_PASSWORDS
    vars:
      - name: secrets_passwords
"""

    WHY = r"""
options:
  why:
    description:
      - The reason, for the ledger.
    type: str
    default: ""
"""
