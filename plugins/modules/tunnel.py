# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of tunnel; the work is done on the controller by plugins/action/tunnel.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tunnel
version_added: 0.2.0
short_description: Declare a Cloudflare Tunnel, what it serves and its token file
description:
  - Makes a tunnel that is configured by the API, declares its ingress rules, and routes their hostnames to it
    by proxied DNS records.
  - Writes the token, with which cloudflared serves the tunnel, to a file of the target that only its
    owner can read. The token is in no result, message, argument, environment variable or temporary file.
  - Everything is compared with what is there, and written only where it differs.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - The rules and routes are shown, never the token.
  idempotent:
    support: partial
    details:
      - With O(rotate_secret=true) every run rotates.
options:
  name:
    description:
      - The name of the tunnel, unique in the account.
    type: str
    required: true
  state:
    description:
      - V(present) makes the tunnel. V(absent) removes its routes in every zone that the token sees, and
        deletes it.
    type: str
    default: present
    choices: [present, absent]
  ingress:
    description:
      - What the tunnel serves, the first rule that matches wins. If it is not set, rules and routes are
        left as they are.
    type: list
    elements: dict
    suboptions:
      hostname:
        description:
          - The public hostname; V(*.example.com) stands for all names below.
        type: str
        required: true
      path:
        description:
          - A regular expression that the path must match. If it is not set, every path does.
        type: str
      service:
        description:
          - Where the origin listens, seen from the host that runs cloudflared, such as
            V(http://127.0.0.1:8080), V(unix:/run/app.sock) or V(http_status:404).
        type: str
        required: true
      origin_request:
        description:
          - Settings of the connection to the origin in the API's own names, such as C(httpHostHeader) or
            C(connectTimeout). Durations are whole seconds.
        type: dict
  fallback:
    description:
      - The service for requests that no rule matches.
    type: str
    default: http_status:404
  origin_request:
    description:
      - Settings of the connection to all origins, as in O(ingress[].origin_request).
    type: dict
  dns:
    description:
      - Whether the hostnames of O(ingress) are routed to the tunnel, and hostnames of the same zones that
        lead to it without being declared are removed.
      - A record that leads to anything but a tunnel is never touched. It is refused before anything changes.
    type: bool
    default: true
  token_file:
    description:
      - An absolute path on the target. The file gets mode V(0600) and belongs to the user of the task, as
        does its folder (mode V(0700)) when it is missing.
      - It takes a connection with pipelining, such as ssh, docker or local.
    type: path
  rotate_secret:
    description:
      - Whether the tunnel gets another secret, and so another token.
    type: bool
    default: false
  close_connections:
    description:
      - Whether a rotation closes the connections that were made with the old secret. Otherwise they stay
        until their cloudflared stops.
      - Restart cloudflared on every host of the tunnel after a rotation. Until then it can't connect anew.
    type: bool
    default: true
  force:
    description:
      - Whether V(absent) deletes a tunnel that is being served, and whether V(present) takes over hostnames
        that lead to another tunnel.
    type: bool
    default: false
seealso:
  - module: adsengineer.orchestrator.tunnel_info
  - module: adsengineer.orchestrator.vpc_service
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Serve the console of this host, and give it the token
  adsengineer.orchestrator.tunnel:
    name: cp-eu
    ingress:
      - hostname: console.example.com
        service: http://127.0.0.1:8080
    token_file: /etc/cloudflared/token
  become: true

- name: Rotate the secret and close what was connected with the old one
  adsengineer.orchestrator.tunnel:
    name: cp-eu
    token_file: /etc/cloudflared/token
    rotate_secret: true
  become: true

- name: Delete a tunnel with its routes
  adsengineer.orchestrator.tunnel:
    name: cp-eu
    state: absent
"""

RETURN = r"""
tunnel:
  description: The tunnel. Its id and target are null in check mode when it does not exist yet.
  returned: success and O(state=present)
  type: dict
  sample:
    id: f70ff985-a4ef-4643-bbbc-4a0ed4fc8415
    name: cp-eu
    status: healthy
    target: f70ff985-a4ef-4643-bbbc-4a0ed4fc8415.cfargotunnel.com
hostnames:
  description: The declared hostnames that lead to the tunnel, or would in check mode.
  returned: success
  type: list
  elements: str
  sample: [console.example.com]
actions:
  description: What was changed, or would be in check mode, one sentence each.
  returned: success
  type: list
  elements: str
  sample: [create tunnel cp-eu, route console.example.com to the tunnel]
api_calls:
  description: How many HTTP requests the task sent.
  returned: always
  type: int
  sample: 5
"""
