#!/usr/bin/python
# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pm2_process_info
short_description: Tells what PM2 supervises and what is declared
version_added: 0.2.0
author:
  - adsengineer.orchestrator contributors (@adsengineer)
description:
  - Lists the processes that run and those that the declared file names. It never returns environments.
  - A PM2 that does not answer is no failure; RV(running) tells it. It is never started by asking.
requirements:
  - PM2, as the role P(adsengineer.orchestrator.pm2#role) leaves it
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.cloudflare.info_module
options:
  names:
    description: Names of the processes to return. All of them when not set.
    type: list
    elements: str
  timeout:
    description: How many seconds PM2 may take to answer.
    type: float
    default: 30
  file:
    description: The declared file.
    type: path
    default: /etc/adsengineer/pm2.json
  home:
    description: PM2's home.
    type: path
    default: /var/lib/adsengineer/pm2
  executable:
    description: The command that speaks to PM2.
    type: path
    default: /usr/local/lib/adsengineer/pm2/pm2
seealso:
  - module: adsengineer.orchestrator.pm2_process
"""

EXAMPLES = r"""
---
- name: Ask PM2
  adsengineer.orchestrator.pm2_process_info:
  register: pm2

- name: Stop unless everything declared runs as declared
  ansible.builtin.assert:
    that:
      - pm2.running
      - pm2.processes | rejectattr('current') | length == 0
"""

RETURN = r"""
running:
  description: Whether PM2 answers.
  returned: success
  type: bool
  sample: true
processes:
  description: The processes by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
    declared:
      description: Whether the declared file names it.
      type: bool
    current:
      description: Whether it runs, as often as declared, from the present declaration.
      type: bool
    status:
      description: PM2's word for its instances, V(mixed) when they differ, V(absent) when there are none.
      type: str
    instances:
      description: Each instance. C(started) is in seconds since 1970, C(memory) in bytes.
      type: list
      elements: dict
  sample:
    - name: hello
      declared: true
      current: true
      status: online
      instances:
        - id: 3
          pid: 4711
          status: online
          mode: cluster
          restarts: 0
          started: 1795477615
          memory: 50786304
          cpu: 0.0
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2 import Problem
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2_client import Pm2
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2_declared import read_declared
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2_plan import summary

SPEC = {
    "names": {"type": "list", "elements": "str"},
    "timeout": {"type": "float", "default": 30},
    "file": {"type": "path", "default": "/etc/adsengineer/pm2.json"},
    "home": {"type": "path", "default": "/var/lib/adsengineer/pm2"},
    "executable": {"type": "path", "default": "/usr/local/lib/adsengineer/pm2/pm2"},
}


def ask(params: dict[str, Any]) -> dict[str, Any]:
    """What runs and what is declared."""
    file = Path(params["file"])
    declared = read_declared(file.read_text(encoding="utf-8") if file.exists() else "", params["file"])
    pm2 = Pm2(params["home"], params["executable"], params["timeout"])
    running = not pm2.missing() and pm2.answers()
    found = summary(pm2.list() if running else [], declared)
    if params["names"] is not None:
        found = [process for process in found if process["name"] in params["names"]]
    return {"running": running, "processes": found}


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    try:
        result = ask(module.params)
    except Problem as problem:
        module.fail_json(msg=str(problem))
    except OSError as error:
        place = error.filename or module.params["file"]
        module.fail_json(msg=f"{place}: {error.strerror}. Run the task as root.")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
