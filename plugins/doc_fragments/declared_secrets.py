# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation shared by what takes the values of declared secrets from the store."""

from __future__ import annotations


class ModuleDocFragment:
    """Where the store is."""

    DOCUMENTATION = r"""
options:
  secrets_directory:
    description:
      - The folder of the vault files on the controller, from which the values of secrets come that the planes
        declare. The task itself never carries a value.
      - If it is not set, the environment variable E(ADSENGINEER_SECRETS) is used.
    type: path
    default: secrets
    version_added: 0.2.0
  secrets_ledger:
    description:
      - The ledger on the controller, by which the vault files are checked.
      - If it is not set, the environment variable E(ADSENGINEER_LEDGER) is used.
    type: path
    default: ledger.jsonl
    version_added: 0.2.0
  secrets_passwords:
    description:
      - A folder on the controller with files of passwords, each named by its vault id, for the vault ids of
        which Ansible was given none.
      - If it is not set, the environment variable E(ADSENGINEER_PASSWORDS) is used.
    type: path
    version_added: 0.2.0
"""
