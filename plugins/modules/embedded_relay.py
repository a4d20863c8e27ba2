# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documentation of embedded_relay; its work is in plugins/action/embedded_relay.py, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: embedded_relay
version_added: 0.2.0
short_description: Run the relays of tenants beside the embedded edge
description:
  - Of the planes' relays, runs those that have no C(control_plane) and listen on C(127.0.0.1), each as a
    process of its own under the PM2 of the embedded edge's run directory. Relays that are no longer declared
    are ended.
  - Makes the keys of a relay and its planes that are missing in the store, and writes the secrets that
    connectors name to C(relay/TENANT/secrets.json) of the run directory, with mode 0600. Every write is in
    the ledger before it is made.
  - A relay is restarted when its secrets, its connectors or its code are others than those it runs with. It
    has to serve within 30 seconds, or the end of its log is in the error.
  - All of them run as one user, so this is for trying things out. The role
    P(adsengineer.orchestrator.relay#role) runs relays on a control plane, apart from each other.
extends_documentation_fragment:
  - adsengineer.orchestrator.secrets
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.cloudflare.planes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - There is nothing to compare but whether they run with what is declared.
  idempotent:
    support: full
options:
  dir:
    description:
      - The run directory of an embedded edge that is installed. A relative path begins at the folder where
        Ansible was started.
    type: path
    default: .run
  started_with:
    description: In whose words remedies are told, those of a checkout's Makefile or those of the playbooks.
    type: str
    choices: [ansible-playbook, make]
    default: ansible-playbook
notes:
  - The relays end with the embedded edge, by O(adsengineer.orchestrator.embedded_edge#module:state=stopped).
seealso:
  - module: adsengineer.orchestrator.embedded_edge
  - module: adsengineer.orchestrator.relay_files
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Run the relays of all planes of the play
  adsengineer.orchestrator.embedded_relay:
  run_once: true
"""

RETURN = r"""
started:
  description: The tenants whose relays were started anew, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [acme]
ended:
  description: The tenants whose relays were ended, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: []
"""
