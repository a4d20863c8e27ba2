# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the connectors of a tunnel on a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: tunnel_connectors
version_added: 0.2.0
short_description: Run cloudflared on a host, one or several at a time
description:
  - Starts, restarts and stops instances of C(cloudflared@.service), each named after the port of its metrics.
  - One instance is waited for, until it is connected to the edge, before the next is restarted.
  - An instance that was started with other inputs is restarted, also when an earlier run was killed before.
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
  ports:
    description:
      - The ports on loopback for metrics, one for each instance. Instances on other ports are stopped.
    type: list
    elements: int
    required: true
  inputs:
    description:
      - Files whose change calls for a restart, such as the unit, the program and the token.
    type: list
    elements: path
    default: []
  state_directory:
    description:
      - Where digests of the inputs are kept.
    type: path
    default: /var/lib/adsengineer/cloudflared
  timeout:
    description:
      - How many seconds an instance may take to connect.
    type: int
    default: 30
seealso:
  - module: adsengineer.orchestrator.tunnel
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Run two connectors, so that one is always there
  adsengineer.orchestrator.tunnel_connectors:
    ports: [20241, 20242]
    inputs:
      - /etc/systemd/system/cloudflared@.service
      - /usr/local/bin/cloudflared
      - /etc/cloudflared/token
  become: true
"""

RETURN = r"""
connectors:
  description: What C(/ready) of each instance says.
  returned: success
  type: list
  elements: dict
  sample:
    - port: 20241
      connections: 4
      connector: 1bedc50d-42b3-473c-b108-ff3d10c0d925
actions:
  description: What was changed, or would be in check mode, one sentence each.
  returned: success
  type: list
  elements: str
  sample: [restart cloudflared@20241.service]
"""

import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import connectors

SPEC: dict[str, Any] = {
    "ports": {"type": "list", "elements": "int", "required": True},
    "inputs": {"type": "list", "elements": "path", "default": []},
    "state_directory": {"type": "path", "default": "/var/lib/adsengineer/cloudflared"},
    "timeout": {"type": "int", "default": 30},
}
MOST = 25


def wrong(ports: list[int]) -> str:
    """What is wrong with the ports, or nothing."""
    if len(ports) > MOST:
        return f"ports has {len(ports)} entries: a tunnel has at most {MOST} connectors."
    if len(set(ports)) != len(ports):
        return f"ports names {next(port for port in ports if ports.count(port) > 1)} twice: keep one."
    odd = [port for port in ports if not 1023 < port < 65536]
    return f"ports has {odd[0]}: give ports from 1024 to 65535." if odd else ""


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    params = module.params
    if os.geteuid() != 0:
        module.fail_json(msg="Only root can start services. Run the task with become: true.")
    problem = wrong(params["ports"])
    if problem:
        module.fail_json(msg=problem)
    brought = connectors.Connectors(
        [Path(path) for path in params["inputs"]],
        Path(params["state_directory"]),
        timeout=params["timeout"],
        check=module.check_mode,
        run=connectors.run,
        ask=connectors.ask,
    )
    try:
        outcome = brought.converge(params["ports"])
    except connectors.ConnectorError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}. Make room or correct it, and run again.")
    module.exit_json(
        changed=bool(outcome.actions),
        actions=outcome.actions,
        connectors=outcome.connectors,
        diff={"prepared": "".join(f"{action}\n" for action in outcome.actions)},
    )


if __name__ == "__main__":
    main()
