# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of vpc_service; the work is done on the controller by plugins/action/vpc_service.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vpc_service
version_added: 0.2.0
short_description: Declare an origin behind a tunnel that Workers can bind
description:
  - Makes a Workers VPC service, which a Worker reaches by a binding of type C(vpc_service) and nobody
    else by any name.
  - Its tunnel must be served by cloudflared 2025.7.0 or newer over QUIC.
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
      - The name of the service, unique in the account.
    type: str
    required: true
  state:
    description:
      - V(present) makes the service. V(absent) deletes it.
    type: str
    default: present
    choices: [present, absent]
  type:
    description:
      - What the origin speaks.
    type: str
    default: http
    choices: [http, tcp]
  tunnel:
    description:
      - The name or id of the tunnel. It is required when O(state=present).
    type: str
  ipv4:
    description:
      - The address of the origin as the host of the tunnel sees it. One of O(ipv4), O(ipv6) and
        O(hostname) is required when O(state=present).
    type: str
  ipv6:
    description:
      - The address of the origin as the host of the tunnel sees it.
    type: str
  hostname:
    description:
      - A name that is resolved on the other side of the tunnel.
    type: str
  resolver_ips:
    description:
      - The name servers to ask for O(hostname).
    type: list
    elements: str
  http_port:
    description:
      - The port for HTTP. The port of the URL that the Worker fetches is ignored.
    type: int
  https_port:
    description:
      - The port for HTTPS.
    type: int
  tcp_port:
    description:
      - The port for O(type=tcp).
    type: int
  app_protocol:
    description:
      - What is spoken over O(type=tcp).
    type: str
    choices: [postgresql, mysql]
  tls_verification:
    description:
      - How the certificate of the origin is checked. A certificate of a private CA passes only V(disabled).
      - If it is not set, it is V(verify_full).
    type: str
    choices: [verify_full, verify_ca, disabled]
seealso:
  - module: adsengineer.orchestrator.tunnel
  - module: adsengineer.orchestrator.worker
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Let Workers reach the orchestrator of a control plane
  adsengineer.orchestrator.vpc_service:
    name: cp-eu-orchestrator
    tunnel: cp-eu
    ipv4: 127.0.0.1
    http_port: 8080
"""

RETURN = r"""
service:
  description: The service. Its id is null in check mode when it does not exist yet, and when it is gone.
  returned: success
  type: dict
  sample:
    id: 0191dce4-9ab4-7fce-b660-8e5dec5172da
    name: cp-eu-orchestrator
actions:
  description: What was changed, or would be in check mode, one sentence each.
  returned: success
  type: list
  elements: str
  sample: [create VPC service cp-eu-orchestrator]
api_calls:
  description: How many HTTP requests the task sent.
  returned: always
  type: int
  sample: 3
"""
