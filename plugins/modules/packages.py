# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: packages
version_added: 0.2.0
short_description: Install Debian packages, also after an interrupted run
description:
  - Installs packages without those that are only recommended. Upgrades are left to unattended-upgrades.
  - Finishes first what an interrupted run has left, and reads new package lists where there are none, where
    they are older than a day, or where they don't know a package.
  - Says in one line what stands in the way, such as a full disk, an unreachable server, or another program
    that installs.
  - Unlike M(ansible.builtin.apt) it asks dpkg alone, so that an unchanged host costs no second.
extends_documentation_fragment:
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
      - The packages.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(absent) removes them, and leaves their settings.
    type: str
    choices: [present, absent]
    default: present
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Install what the service needs
  adsengineer.orchestrator.packages:
    name: [nodejs, npm]
"""

RETURN = r"""
packages:
  description: Those that were installed or removed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [npm]
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import packages

DPKG = Path("/var/lib/dpkg")
LISTS = Path("/var/lib/apt/lists")
SPEC: dict[str, Any] = {
    "name": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "APT_LISTCHANGES_FRONTEND": "none",
    "LC_ALL": "C.UTF-8",
    "NEEDRESTART_SUSPEND": "1",
}


def work(module: AnsibleModule) -> dict[str, Any]:
    names, present = module.params["name"], module.params["state"] == "present"

    def run(argv: Sequence[str]) -> tuple[int, str]:
        status, out, error = module.run_command(list(argv), environ_update=ENVIRONMENT)
        return status, f"{out}\n{error}".strip()

    found = packages.known(names, run)
    due = packages.missing(names, found) if present else packages.there(names, found)
    if due and not module.check_mode:
        if present:
            packages.install(due, run, root=DPKG, lists=LISTS)
        else:
            packages.remove(due, run, DPKG)
    listed = "".join(f"{name}\n" for name in due)
    before, after = ("", listed) if present else (listed, "")
    header = {"before_header": "packages", "after_header": "packages"}
    return {
        "changed": bool(due),
        "packages": due,
        "diff": [header | {"before": before, "after": after}],
    }


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    if os.geteuid() != 0:
        module.fail_json(msg="Only root can install packages. Run the task with become: true.")
    try:
        result = work(module)
    except packages.PackagesError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
