# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of worker; the work is done on the controller by plugins/action/worker.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: worker
version_added: 0.1.0
short_description: Declare one Cloudflare Worker
description:
  - Uploads a Worker and gives it all the traffic at once, attaches its hostnames, and keeps it so.
  - What is declared is all there is. Bindings are replaced as a whole, so a binding or secret that the task
    does not name is gone after an update, unless O(keep_secrets) is set.
  - A fingerprint of the declaration is kept in the annotation C(workers/tag) of the version. Two calls tell
    that nothing has changed. A version that somebody else uploaded carries another annotation and is
    replaced.
  - To move many Workers in waves that are watched and undone, use the playbooks of this collection instead.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description:
      - The name of the Worker, unique in the account.
    type: str
    required: true
  state:
    description:
      - V(present) makes or updates the Worker. V(absent) detaches its hostnames and deletes it.
    type: str
    default: present
    choices: [present, absent]
  src:
    description:
      - A module, or a folder of modules, on the controller. A relative path is looked up in C(files) of the
        role or play first.
      - In a folder, files ending in C(.js), C(.mjs), C(.wasm), C(.txt), C(.html), C(.sql), C(.bin), C(.py)
        or C(.map) are uploaded under their path in the folder, and others are left out.
      - This or O(content) is required when O(state=present).
    type: path
  content:
    description:
      - The text of the only module.
    type: str
  main_module:
    description:
      - The name of the module that answers requests.
      - If it is not set, it is the name of the file in O(src), and V(index.js) for a folder and for
        O(content).
    type: str
  compatibility_date:
    description:
      - The date, as C(YYYY-MM-DD), whose behaviour of the platform the Worker expects.
      - It is required when O(state=present), because the platform would take the oldest date otherwise.
    type: str
  compatibility_flags:
    description:
      - Single behaviours to turn on or off.
    type: list
    elements: str
    default: []
  placement:
    description:
      - Where the Worker prefers to run, such as C(mode=smart) or C(region=aws:eu-central-1).
    type: dict
  vars:
    description:
      - Variables by name. Text becomes a text binding, and any other value a JSON binding.
    type: dict
    default: {}
  secrets:
    description:
      - Secrets by name. They travel inside the upload and are in no result, message or diff.
      - The fingerprint covers them by way of a slow function, so a changed secret updates the Worker.
      - Each value must be text.
    type: dict
    default: {}
  keep_secrets:
    description:
      - Whether secrets that the Worker has and O(secrets) does not name stay.
    type: bool
    default: false
  kv_namespaces:
    description:
      - KV namespaces by binding name. Each value is the title of a namespace, which must exist. See
        M(adsengineer.orchestrator.kv_namespace).
    type: dict
    default: {}
  services:
    description:
      - Other Workers by binding name. Each value is the name of a Worker.
    type: dict
    default: {}
  version_metadata:
    description:
      - The name of a binding that tells the Worker its own version.
    type: str
  bindings:
    description:
      - Any other bindings, as the API takes them, each with C(name) and C(type).
      - Values of secrets belong into O(secrets), where they are protected from being shown.
    type: list
    elements: dict
    default: []
  hostnames:
    description:
      - The hostnames that the Worker answers, as custom domains. Others that it has are detached.
      - If it is not set, hostnames are left as they are.
      - A hostname of another Worker is refused before anything is changed.
    type: list
    elements: str
  zone:
    description:
      - The zone of the hostnames. If it is not set, the zone with the longest fitting name is looked up.
    type: str
  workers_dev:
    description:
      - Whether the Worker, and each of its versions, has an address on C(workers.dev).
      - If it is not set, this is left as it is.
    type: bool
  tags:
    description:
      - Labels of the Worker. If it is not set, they are left as they are.
    type: list
    elements: str
  message:
    description:
      - A note that is kept with a new version. It is no part of the fingerprint.
    type: str
    default: ""
  force:
    description:
      - Whether O(state=absent) also removes bindings of other Workers to this one, and its Durable Objects
        with their data.
    type: bool
    default: false
seealso:
  - module: adsengineer.orchestrator.worker_info
  - module: adsengineer.orchestrator.kv_namespace
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Deploy a Worker of one file
  adsengineer.orchestrator.worker:
    name: hello
    src: hello.js
    compatibility_date: "2026-08-01"

- name: Deploy a Worker with bindings and a hostname
  adsengineer.orchestrator.worker:
    name: acme-eu-gateway
    src: workers/gateway
    main_module: gateway.js
    compatibility_date: "2026-08-01"
    vars:
      TENANT: acme
      LIMITS:
        batch: 100
    secrets:
      SIGNING_KEY: "{{ acme_signing_key }}"
    kv_namespaces:
      CONFIG: acme-eu-config
    services:
      SINK: acme-sink
    version_metadata: VERSION
    placement:
      region: aws:eu-central-1
    hostnames:
      - acme-eu.example.com
  register: gateway

- name: Remove a Worker
  adsengineer.orchestrator.worker:
    name: hello
    state: absent
"""

RETURN = r"""
worker:
  description: The Worker after the task.
  returned: success and O(state=present)
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    fingerprint:
      description: The digest of the declaration, in hex.
      type: str
    version_id:
      description: The version that serves; in check mode the one that served before.
      type: str
    etag:
      description: The platform's own hash of the content.
      type: str
    startup_time_ms:
      description: How long the Worker took to start, in milliseconds. Known only after an upload.
      type: int
    hostnames:
      description: The declared hostnames.
      type: list
      elements: str
  sample:
    name: hello
    fingerprint: 4e1243bd22c66e76c2ba9eddc1f91394e57f9f8300f2ce9ebd10b2a4c4a0d8c1
    version_id: 18f97339-c287-4872-9bdd-e2135c07ec12
    etag: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    startup_time_ms: 3
    hostnames: []
actions:
  description: What was changed, or would be in check mode, one sentence each.
  returned: always, unless it failed before the first change
  type: list
  elements: str
  sample: [update Worker hello]
api_calls:
  description: How many HTTP requests the task sent.
  returned: always
  type: int
  sample: 2
error:
  description: What the API refused.
  returned: when the API refused a call
  type: dict
  sample:
    kind: ValidationError
    resource: Worker 'hello'
    endpoint: PUT /accounts/{account_id}/workers/scripts/hello
    status: 400
    codes: [10021]
    messages: ["Uncaught SyntaxError: Unexpected token at index.js:3"]
    remedy: The Worker does not compile, start or find one of its bindings; the message names the place.
    ray: null
"""
