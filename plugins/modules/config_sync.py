# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of config_sync; its work is in plugins/action/config_sync.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: config_sync
version_added: 0.2.0
short_description: Synchronise config documents with the edge, both ways
description:
  - Merges three sides of every key, what was synchronised last, what is declared now, and what stands at the
    edge. A key that one side changed takes that side's value. A key that both changed is a conflict.
  - The edge makes proposals under C(edit/NAME) in a plane's KV namespace. They are checked by the schemas,
    are never rendered as templates, and keys that O(approval) names wait for O(approve).
  - A revision is written with its values first and its head last, so that a Worker sees one whole revision or
    the former. An unchanged namespace costs one list call for each 1000 keys.
  - One call works on all planes of the play. A plane that somebody has to decide about is left as it is,
    the others are synchronised, and the task fails.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(state=restored) every run makes a new revision, unless the documents are those already.
options:
  state:
    description:
      - With V(synced) both sides are merged.
      - With V(restored) the documents of O(revision) become the newest revision. What is restored holds until
        the declaration of that key changes.
    type: str
    choices: [synced, restored]
    default: synced
  directory:
    description:
      - The folder of the states on the controller, one file a plane. Keep it in git, beside the inventory.
      - If it is not set, the environment variable E(ADSENGINEER_CONFIGURATION) is used.
    type: path
    default: configuration
  ledger:
    description:
      - The ledger on the controller, in which every run is written before it changes something.
      - If it is not set, the environment variable E(ADSENGINEER_LEDGER) is used.
    type: path
    default: ledger.jsonl
  planes:
    description:
      - The planes, each with C(name), C(kv_namespace), C(settings) and C(documents).
      - If it is not set, the variable C(plane) of the play's hosts is used.
    type: list
    elements: dict
  schemas:
    description:
      - A folder of JSON Schemas. C(flags.json) there is for the document C(flags) and for C(flags/...).
    type: path
  policies:
    description:
      - Who wins a conflict, by patterns of key paths such as C(gateway.labels.*); the first that fits counts.
      - V(fail) leaves the plane as it is, V(control_plane) and V(edge) take that side, V(newest) takes the
        side that was changed in the knowledge of the newer revision, and fails when both knew the same.
    type: dict
    default: {}
  resolve:
    description:
      - Policies for this run alone, which go before O(policies).
    type: dict
    default: {}
  approval:
    description:
      - Patterns of keys that the edge can't change without O(approve), beside C(gateway.cors_origins).
    type: list
    elements: str
    default: []
  approve:
    description:
      - Patterns of keys whose change at the edge is approved in this run.
    type: list
    elements: str
    default: []
  forget:
    description:
      - Key paths whose values came from the edge and shall be as declared again.
    type: list
    elements: str
    default: []
  revision:
    description:
      - Which revision O(state=restored) brings back.
    type: int
  revisions:
    description:
      - The same for planes that go back to different ones, as a mapping of planes to revisions. Other planes
        stay as they are.
    type: dict
  why:
    description:
      - The reason, for the history and the ledger.
    type: str
    default: ""
seealso:
  - module: adsengineer.orchestrator.kv_namespace
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Synchronise all planes of the play
  adsengineer.orchestrator.config_sync:
    directory: "{{ inventory_dir }}/configuration"
    policies:
      gateway.labels.*: edge
    why: the spring campaign
  run_once: true

- name: Settle one conflict, and approve one change of the edge
  adsengineer.orchestrator.config_sync:
    resolve:
      gateway.sample_rate: edge
    approve:
      - gateway.cors_origins
  run_once: true

- name: Go back
  adsengineer.orchestrator.config_sync:
    state: restored
    revision: 7
    why: the sampling was wrong
  run_once: true
"""

RETURN = r"""
planes:
  description: What was done on each plane that needed something.
  returned: always
  type: dict
  contains:
    before:
      description: The revision that was synchronised last.
      type: int
    revision:
      description: The revision now.
      type: int
    changes:
      description: Keys of the edge that changed, with what is absent left out.
      type: list
      elements: dict
    conflicts:
      description: Keys that both sides changed, where the other side comes from, and the policy.
      type: list
      elements: dict
    edits:
      description: Proposals of the edge and what became of them.
      type: list
      elements: dict
    blocked:
      description: Why nothing was written.
      type: list
      elements: str
unchanged:
  description: How many planes needed nothing.
  returned: always
  type: int
stopped:
  description: Planes that somebody has to decide about.
  returned: always
  type: list
  elements: str
summary:
  description: The same for people.
  returned: always
  type: str
api_calls:
  description: How many requests were made.
  returned: always
  type: int
"""
