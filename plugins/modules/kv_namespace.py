# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of kv_namespace; the work is done on the controller by plugins/action/kv_namespace.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kv_namespace
version_added: 0.1.0
short_description: Declare a Workers KV namespace and its keys
description:
  - Makes or deletes a KV namespace, and writes keys into it in bulk.
  - The SHA-256 of each value is kept as C(sha256) in the metadata of its key. A list of the keys shows
    which values differ, so unchanged keys cost no call of their own.
  - Other places see a write after a minute or more.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Keys are shown with their metadata, and so with the hash of their value, but without the value.
  idempotent:
    support: full
options:
  title:
    description:
      - The title of the namespace, unique in the account.
    type: str
    required: true
  state:
    description:
      - V(present) makes the namespace. V(absent) deletes it with all its keys.
    type: str
    default: present
    choices: [present, absent]
  items:
    description:
      - Keys that the namespace must hold. If it is not set, keys are left as they are.
    type: list
    elements: dict
    suboptions:
      key:
        description:
          - The name of the key.
        type: str
        required: true
      value:
        description:
          - The value. Text is stored as it is, and any other value as compact JSON with sorted keys.
        type: raw
        required: true
      metadata:
        description:
          - More metadata to keep with the key, at most 1024 bytes as JSON together with the hash.
        type: dict
        default: {}
      ttl:
        description:
          - After how many seconds the key vanishes, at least V(60). It counts from the last write; an
            unchanged key is not written again.
        type: int
  purge:
    description:
      - Whether keys that O(items) does not name are removed.
    type: bool
    default: false
seealso:
  - module: adsengineer.orchestrator.worker
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Make a namespace
  adsengineer.orchestrator.kv_namespace:
    title: acme-eu-config

- name: Keep exactly these keys
  adsengineer.orchestrator.kv_namespace:
    title: acme-eu-config
    items:
      - key: config
        value:
          accept: [click, view]
          max_batch: 50
      - key: motd
        value: Good morning
        ttl: 86400
    purge: true

- name: Delete a namespace with everything in it
  adsengineer.orchestrator.kv_namespace:
    title: acme-eu-config
    state: absent
"""

RETURN = r"""
namespace:
  description: The namespace. Its id is null in check mode when the namespace does not exist yet.
  returned: success and O(state=present)
  type: dict
  sample:
    id: 0f2ac74b498b48028cb68387c421e279
    title: acme-eu-config
written:
  description: The keys that were written, or would be in check mode.
  returned: success and O(state=present)
  type: list
  elements: str
  sample: [config]
removed:
  description: The keys that were removed, or would be in check mode.
  returned: success and O(state=present)
  type: list
  elements: str
  sample: []
actions:
  description: What was changed, or would be in check mode, one sentence each.
  returned: success
  type: list
  elements: str
  sample: [write config]
api_calls:
  description: How many HTTP requests the task sent.
  returned: always
  type: int
  sample: 2
"""
