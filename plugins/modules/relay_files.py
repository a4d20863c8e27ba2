# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of relay_files; its work is in plugins/action/relay_files.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: relay_files
version_added: 0.2.0
short_description: Bring the secrets of a tenant's relay to its host
description:
  - Reads the secrets that connectors name from the store on the controller, makes the keys of the relay and
    its planes that are missing, and writes all of it to one file of the host, with mode 0600, over standard
    input.
  - Every write is in the ledger before it is made, with the host and a keyed digest.
  - Returns the relay's public configuration, in which each plane has its public keys.
  - The role P(adsengineer.orchestrator.relay#role) does this for each tenant.
extends_documentation_fragment:
  - adsengineer.orchestrator.secrets
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - It shows a keyed digest in place of the content.
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
  planes:
    description:
      - The planes by name, each with its C(region) and its C(connectors), as the topology has them.
    type: dict
    required: true
  listen:
    description:
      - Where the relay listens, C(127.0.0.1:PORT) or C(unix:PATH).
    type: str
    required: true
  authority:
    description:
      - The host, and the port unless it is that of the scheme, by which planes reach the relay. They sign it.
    type: str
    required: true
  path:
    description:
      - The file of the host.
    type: path
    required: true
  overlap:
    description:
      - For how many days a key that was rotated is accepted beside the new one.
    type: int
    default: 7
notes:
  - The connection has to be able to carry standard input (ssh, docker or local, with sudo or doas).
seealso:
  - module: adsengineer.orchestrator.secret
  - plugin: adsengineer.orchestrator.relay
    plugin_type: lookup
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Bring the secrets of acme's relay
  adsengineer.orchestrator.relay_files:
    tenant: acme
    environment: production
    planes:
      acme-eu:
        region: eu
        connectors:
          stripe:
            host: api.stripe.com
            methods: [GET]
            path: /v1/charges/{id}
            credential: {header: Authorization, prefix: "Bearer ", secret: stripe_key}
    listen: 127.0.0.1:8801
    authority: relay-acme.example.com
    path: /etc/adsengineer/relay/acme/secrets.json
  register: relay
  become: true

- name: Rotate the key of a plane; the relay accepts both until the overlap ends
  adsengineer.orchestrator.secret:
    tenant: acme
    environment: production
    name: relay_signing.eu
    state: rotated
    generate: hex
    length: 64
"""

RETURN = r"""
config:
  description: The relay's public configuration, to be written beside the secrets.
  returned: success
  type: dict
made:
  description: The names of the keys that were made in the store, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [relay_references, relay_signing.eu]
"""
