# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of backup_record; its work is in plugins/action/backup_record.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_record
version_added: 0.2.0
short_description: Record snapshots of a host in the ledger, and miss those that were deleted
description:
  - Writes each snapshot that the ledger does not have yet into it, on the controller.
  - Fails when the ledger has a newer snapshot of the host than the repository. Retention never drops
    the newest, so somebody deleted it, or an old repository was put back.
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The ledger only grows; RV(recorded) tells by what.
  idempotent:
    support: full
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
options:
  host:
    description:
      - The name under which the host's snapshots are saved.
    type: str
    required: true
  snapshots:
    description:
      - The snapshots that the repository has, as C(adsengineer-backup snapshots) prints them.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: Its id.
        type: str
        required: true
      sequence:
        description: Its number among the backups of the host.
        type: int
        required: true
      generation:
        description: The generation of its parts.
        type: str
        default: ""
  ledger:
    description:
      - The ledger on the controller.
      - If it is not set, the environment variable E(ADSENGINEER_LEDGER) is used.
    type: path
    default: ledger.jsonl
seealso:
  - module: adsengineer.orchestrator.ledger_info
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Ask which snapshots there are
  ansible.builtin.command: adsengineer-backup snapshots
  register: saved
  changed_when: false

- name: Record them off the host
  adsengineer.orchestrator.backup_record:
    host: "{{ inventory_hostname }}"
    snapshots: "{{ saved.stdout | from_json }}"
"""

RETURN = r"""
recorded:
  description: The ids that were written into the ledger, or would be in check mode.
  returned: success
  type: list
  elements: str
missing:
  description: The newest snapshot of the ledger, when the repository has only older ones.
  returned: when a snapshot is missing
  type: str
"""
