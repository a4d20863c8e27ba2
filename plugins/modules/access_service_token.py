# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of access_service_token; the work is done by plugins/action/access_service_token.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: access_service_token
version_added: 0.2.0
short_description: Declare an Access service token and the file that holds its secret
description:
  - Makes, refreshes, rotates or deletes a service token, with which a program passes Cloudflare Access.
  - Its secret is shown by the API once. It goes into a file of the target that only its owner can read,
    and into no result, message, argument, environment variable or temporary file.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - The secret is never shown.
  idempotent:
    support: partial
    details:
      - With O(rotate=true) every run rotates.
options:
  name:
    description:
      - The name of the service token. The account must not have two of this name.
    type: str
    required: true
  state:
    description:
      - V(present) makes the service token. V(absent) deletes it.
    type: str
    default: present
    choices: [present, absent]
  duration:
    description:
      - How long it is valid, such as V(8760h) or V(forever).
    type: str
    default: 8760h
  enabled:
    description:
      - Whether it is accepted.
    type: bool
    default: true
  secret_file:
    description:
      - An absolute path on the target. The file gets mode V(0600) and holds JSON with C(client_id) and
        C(client_secret). It is required when the token is made or rotated.
    type: path
  rotate:
    description:
      - Whether it gets another secret.
    type: bool
    default: false
  grace:
    description:
      - For how many seconds the secret before is accepted after a rotation. The API's own default is V(0).
    type: int
    default: 3600
  refresh_before:
    description:
      - How many days before its end the token is refreshed, so that its duration begins anew.
    type: int
    default: 30
seealso:
  - module: adsengineer.orchestrator.tunnel
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Make a service token for the relay on this host
  adsengineer.orchestrator.access_service_token:
    name: relay-eu
    secret_file: /etc/adsengineer/relay-eu.json
  become: true

- name: Rotate it; the old secret works for an hour
  adsengineer.orchestrator.access_service_token:
    name: relay-eu
    secret_file: /etc/adsengineer/relay-eu.json
    rotate: true
  become: true
"""

RETURN = r"""
service_token:
  description:
    - The service token without its secret.
    - Only its name is there in check mode when it would be made.
  returned: success
  type: dict
  sample:
    id: 3c0b0c2f-2c1c-4a3a-8e7b-3a1b2c3d4e5f
    name: relay-eu
    client_id: 88bf3b6d86161464f6509f7219099e57.access
    duration: 8760h
    enabled: true
    expires_at: "2027-11-01T08:00:00Z"
actions:
  description: What was changed, or would be in check mode, one sentence each.
  returned: success
  type: list
  elements: str
  sample: [create service token relay-eu]
api_calls:
  description: How many HTTP requests the task sent.
  returned: always
  type: int
  sample: 2
"""
