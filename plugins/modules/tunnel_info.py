# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of tunnel_info; the work is done on the controller by plugins/action/tunnel_info.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tunnel_info
version_added: 0.2.0
short_description: Read Cloudflare Tunnels
description:
  - Lists the tunnels of the account with their status, in one call.
  - Of a named tunnel it also reads what it serves and who serves it.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.cloudflare.info_module
options:
  name:
    description:
      - The name of one tunnel.
    type: str
seealso:
  - module: adsengineer.orchestrator.tunnel
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Wait until the API calls the tunnel healthy
  adsengineer.orchestrator.tunnel_info:
    name: cp-eu
  register: seen
  until: seen.tunnels[0].status == 'healthy'
  retries: 10
  delay: 2
"""

RETURN = r"""
tunnels:
  description:
    - The tunnels. C(config_version), C(ingress), C(hostnames) and C(connectors) are there when O(name) is
      set.
  returned: success
  type: list
  elements: dict
  sample:
    - id: f70ff985-a4ef-4643-bbbc-4a0ed4fc8415
      name: cp-eu
      status: healthy
      target: f70ff985-a4ef-4643-bbbc-4a0ed4fc8415.cfargotunnel.com
      created_at: "2026-11-01T08:00:00Z"
      config_version: 3
      ingress:
        - hostname: console.example.com
          service: http://127.0.0.1:8080
        - service: http_status:404
      hostnames: [console.example.com]
      connectors:
        - id: 1bedc50d-42b3-473c-b108-ff3d10c0d925
          version: 2026.8.2
          config_version: 3
          run_at: "2026-11-01T08:00:04Z"
          connections: 4
          places: [ams04, fra03]
api_calls:
  description: How many HTTP requests the task sent.
  returned: always
  type: int
  sample: 3
"""
