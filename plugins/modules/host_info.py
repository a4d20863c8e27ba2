# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
version_added: 0.2.0
short_description: Tell what a role must know before it changes how a host is reached
description:
  - Tells the release of the host, whether it is a container, and by which SSH login Ansible came, so that a
    role can refuse what would lock that login out.
  - The login is found among the ancestors of the module's process, so it is right after C(sudo), too.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - It changes nothing.
  idempotent:
    support: full
options:
  allow_users:
    description:
      - Patterns as of C(AllowUsers) of C(sshd_config) to hold the login to. Empty means everybody.
    type: list
    elements: str
    default: []
  networks:
    description:
      - Networks to hold the client's address to. Empty means everywhere.
    type: list
    elements: str
    default: []
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Look at the host and at the way by which Ansible reached it
  adsengineer.orchestrator.host_info:
    allow_users: [admin, "backup@192.0.2.0/24"]
  register: host

- name: Refuse what would lock us out
  ansible.builtin.assert:
    that: host.login.allowed
"""

RETURN = r"""
distribution:
  description: The ID of C(/etc/os-release).
  returned: success
  type: str
  sample: debian
version:
  description: The VERSION_ID of C(/etc/os-release).
  returned: success
  type: str
  sample: "12"
codename:
  description: The VERSION_CODENAME of C(/etc/os-release).
  returned: success
  type: str
  sample: bookworm
container:
  description: Whether the host is a container, and so shares its kernel with others.
  returned: success
  type: bool
  sample: false
docker:
  description: Whether a Docker engine is installed.
  returned: success
  type: bool
  sample: false
sshd_ports:
  description: The ports that sshd is configured to listen on.
  returned: success
  type: list
  elements: int
  sample: [22]
login:
  description:
    - The login by which Ansible came.
    - C(ssh) tells whether it came by SSH; when not, the other items are empty, and nothing is refused.
    - C(authorized_keys) is how many public keys could let this user in.
    - C(allowed) and C(inside) tell whether O(allow_users) and O(networks) let it in.
  returned: success
  type: dict
  sample:
    ssh: true
    user: admin
    address: 192.0.2.7
    port: 22
    authorized_keys: 1
    allowed: true
    inside: true
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import facts

SPEC: dict[str, Any] = {
    "allow_users": {"type": "list", "elements": "str", "default": []},
    "networks": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    found = facts.gather(os.getpid(), module.params["allow_users"], module.params["networks"])
    module.exit_json(changed=False, **found)


if __name__ == "__main__":
    main()
