# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation shared by everything that talks to Cloudflare's API."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of the connection, and what all these modules have in common."""

    DOCUMENTATION = r"""
options:
  api_token:
    description:
      - The API token. It is sent to O(base_url) and is in no result, message or diff.
      - If it is not set, the environment variable E(CLOUDFLARE_API_TOKEN) is used, from the task's or play's
        C(environment) first, then from the environment of Ansible itself.
    type: str
    required: true
  account_id:
    description:
      - The id of the account.
      - If it is not set, the environment variable E(CLOUDFLARE_ACCOUNT_ID) is used.
    type: str
    required: true
  base_url:
    description:
      - Where the API is. It must begin with V(https://); V(http://) is accepted for the loopback addresses
        of an embedded edge.
      - If it is not set, the environment variable E(CLOUDFLARE_BASE_URL) is used.
    type: str
    default: https://api.cloudflare.com/client/v4
  timeout:
    description:
      - How many seconds to wait for a connection and for each part of an answer.
    type: float
    default: 30.0
  call_budget:
    description:
      - How many calls all processes of this user on this machine may make with one token in five minutes.
        The API's own limit is V(1200); a call over the budget waits. V(0) turns the pacing off.
      - If it is not set, the environment variable E(CLOUDFLARE_CALL_BUDGET) is used.
    type: int
    default: 1200
requirements:
  - httpx >= 0.27 for the Python that runs Ansible
notes:
  - It runs on the controller, whatever host the task is for, so that no secret reaches the disk of a target.
  - The options of the connection can be set for many tasks at once with C(module_defaults) and the action
    group C(adsengineer.orchestrator.cloudflare).
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell what would change without changing it.
  diff_mode:
    description: Shows what changes, or would change, with C(--diff). Values of secrets are never shown.
  idempotent:
    description: Run again in the same state, it changes nothing.
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - It only reads.
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
  idempotent:
    support: full
"""

    PLANES = r"""
options:
  planes:
    description:
      - The planes, in the shape of the host variable C(plane) that the inventory plugin makes. If it is not
        set, the planes are those of the play's hosts.
    type: list
    elements: dict
"""
