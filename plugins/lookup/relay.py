# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the gateways of planes need to call their relay, made on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
name: relay
version_added: 0.2.0
short_description: The secret binding RELAY of gateways
author:
  - adsengineer.orchestrator contributors (@adsengineer)
description:
  - For each plane whose tenant declares connectors, makes the text of the gateway's binding C(RELAY). It
    holds the URL of the relay, the plane's signing key as a JWK, and a sealed reference for each connector.
  - The same until a key, a connector or the period of the references changes.
  - The role P(adsengineer.orchestrator.edge#role) uses it by itself.
extends_documentation_fragment:
  - adsengineer.orchestrator.secrets.lookup
options:
  _terms:
    description:
      - The variables C(plane) of planes. Those of the play's hosts when there are none.
    type: list
    elements: dict
  unreadable:
    description:
      - What to do when the secrets of a tenant can't be read. With V(skip) its planes are left out, as in a
        status, which needs no passwords.
    type: str
    choices: [fail, skip]
    default: fail
seealso:
  - module: adsengineer.orchestrator.relay_files
"""

EXAMPLES = r"""
---
- name: Roll out by hand what the role edge adds by itself
  ansible.builtin.include_role:
    name: adsengineer.orchestrator.edge
  vars:
    edge_secrets: "{{ lookup('adsengineer.orchestrator.relay', hostvars['acme-eu'].plane) }}"
"""

RETURN = r"""
_raw:
  description:
    - One mapping of Workers to their secrets, which is empty when no plane has a relay.
  type: list
  elements: dict
"""

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ..plugin_utils._controller import plain
from ..plugin_utils._planes import planes_of_play


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """One mapping of Workers to bindings."""
        self.set_options(var_options=variables, direct=kwargs)
        planes = [plain(plane) for plane in terms or planes_of_play(variables or {}) if plane.get("relay")]
        if not planes:
            return [{}]
        # Imported where it is needed: every run asks, and few fleets have a relay.
        from ..plugin_utils._relay_bindings import Unreadable, bindings

        try:
            return [
                bindings(
                    planes,
                    self._loader,
                    *map(self.get_option, ("directory", "ledger", "passwords", "unreadable")),
                )
            ]
        except Unreadable as error:
            raise AnsibleError(str(error)) from None
