# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of embedded_edge; the work is done on the controller by plugins/action/embedded_edge.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: embedded_edge
short_description: Install, start and stop the embedded edge
version_added: 0.1.0
description:
  - Manages the local stand-in for Cloudflare that this collection brings, an API under C(/client/v4) and
    workerd, which runs what is deployed. Everything it needs is put into one folder, the run directory.
  - Python packages, Node (only where the machine has none of version 22 or newer), PM2 and workerd are
    installed by the hashes in the lock files of the role P(adsengineer.orchestrator.embedded_edge#role).
    A stamp over the contents of those files makes a second run quick.
  - PM2 supervises it from a declared ecosystem file, with its own home in the run directory.
  - It listens on the loopback address only.
author:
  - adsengineer.orchestrator contributors (@adsengineer)
requirements:
  - Linux on x86-64 or arm64
  - Python 3.11 or newer with its venv module, for the Python that runs Ansible
notes:
  - It runs on the controller, whatever host the task is for, since what talks to the API runs there too.
  - The token of the embedded edge is in no result. It is in the files that RV(env_file) and RV(token_file)
    name, which only their owner can read.
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell what would change without changing it.
    support: full
  diff_mode:
    description: Shows what changes with C(--diff).
    support: none
    details:
      - There is nothing to compare but whether it is installed and running.
  idempotent:
    description: Run again in the same state, it changes nothing.
    support: full
options:
  state:
    description:
      - V(installed) installs what is missing. It and V(started) fail early, and name the remedy, when the
        Python that runs Ansible lacks a package that this collection imports.
      - V(started) also starts it, and restarts it when its code or an option is another one than before.
      - V(required) changes nothing. It fails, and names the remedy, when nobody answers at O(connect_to).
      - V(stopped) stops it and its PM2, with the relays beside it. What was deployed stays.
      - V(absent) stops it and removes the run directory with everything that was deployed.
    type: str
    choices: [absent, installed, required, started, stopped]
    default: started
  dir:
    description:
      - The run directory. A relative path begins at the folder where Ansible was started.
      - It is made when it is not there, open to its owner only. A folder with anything else in it is refused.
    type: path
    default: .run
  api_port:
    description:
      - The port of the API.
      - When not set, the one of last time, which the run directory remembers, and 8787 the first time.
    type: int
  http_port:
    description:
      - The port on which deployed Workers answer, told apart by the Host header.
      - When not set, the one of last time, which the run directory remembers, and 8788 the first time.
    type: int
  relay_port:
    description:
      - The port of the relay in the quickstart's own topology. Nothing listens on it here, see
        M(adsengineer.orchestrator.embedded_relay).
      - When not set, the one of last time, which the run directory remembers, and the first time the one
        after O(http_port).
      - One that no relay in O(relays) has is refused before anything is changed.
    type: int
    version_added: 0.2.0
  relays:
    description:
      - Where relays of the topology will listen on this machine, as C(127.0.0.1:PORT). When somebody else has
        one of these ports, that is refused before anything is changed.
    type: list
    elements: str
    default: []
    version_added: 0.2.0
  zones:
    description: The zones of the account.
    type: list
    elements: str
    default: [edge.localhost]
  connect_to:
    description:
      - The C(host:port) at which the planes of the topology are reached, as its C(edge.connect_to) has it.
      - A port of this machine other than O(http_port) is refused before anything is changed.
      - For O(state=required), O(http_port) of this machine when not set; an address of another machine is
        not asked.
    type: str
  started_with:
    description: In whose words remedies are told, those of a checkout's Makefile or those of the playbooks.
    type: str
    choices: [ansible-playbook, make]
    default: ansible-playbook
"""

EXAMPLES = r"""
- name: Start the embedded edge in ./.run
  adsengineer.orchestrator.embedded_edge:
    state: started

- name: Stop the play when nobody serves the planes
  adsengineer.orchestrator.embedded_edge:
    state: required
    connect_to: 127.0.0.1:8788

- name: Remove it and everything that was deployed to it
  adsengineer.orchestrator.embedded_edge:
    state: absent
"""

RETURN = r"""
dir:
  description: The run directory as an absolute path.
  returned: always
  type: str
  sample: /home/ada/demo/.run
cwd:
  description: The folder where Ansible was started.
  returned: when O(state=installed) or O(state=started)
  type: str
  sample: /home/ada/demo
env_file:
  description:
    - A file of C(export) lines that sets C(CLOUDFLARE_API_TOKEN), C(CLOUDFLARE_ACCOUNT_ID),
      C(CLOUDFLARE_BASE_URL) and C(CLOUDFLARE_API_BASE_URL), for any client that can be pointed at the
      embedded edge.
  returned: when O(state=installed) or O(state=started)
  type: str
  sample: /home/ada/demo/.run/edge.env
token_file:
  description: A file with the API token alone.
  returned: when O(state=installed) or O(state=started)
  type: str
  sample: /home/ada/demo/.run/edge.token
base_url:
  description: Where the API is.
  returned: when O(state=installed) or O(state=started)
  type: str
  sample: http://127.0.0.1:8787/client/v4
api_port:
  description: The port of the API.
  returned: when O(state=installed) or O(state=started)
  type: int
  sample: 8787
relay_port:
  description: The port of the relay in the quickstart's own topology.
  returned: when O(state=installed) or O(state=started)
  type: int
  sample: 8789
http_port:
  description: The port on which deployed Workers answer.
  returned: when O(state=installed) or O(state=started)
  type: int
  sample: 8788
"""
