# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look a secret up in the store, on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secret
version_added: 0.2.0
short_description: The value of a secret of the store
author:
  - adsengineer.orchestrator contributors (@adsengineer)
description:
  - Opens the vault file of a tenant and environment, checks that it is the one that was last written, and
    returns the value of a secret. M(adsengineer.orchestrator.secret) puts it there.
  - Give the value to an option that is kept out of logs only. What a play registers, prints or puts into
    C(environment) is no longer kept by anybody.
extends_documentation_fragment:
  - adsengineer.orchestrator.secrets.lookup
options:
  _terms:
    description:
      - C(TENANT/NAME), or C(TENANT/NAME@VERSION) for a version that is not the current one.
    required: true
  environment:
    description:
      - The environment of the tenant. Taken from the host's plane when it is not set.
    type: str
seealso:
  - module: adsengineer.orchestrator.secret
"""

EXAMPLES = r"""
---
- name: Give each gateway its key of the payment provider
  ansible.builtin.include_role:
    name: adsengineer.orchestrator.edge
  vars:
    edge_secrets:
      acme-eu-gateway:
        STRIPE_KEY: >-
          {{ lookup('adsengineer.orchestrator.secret', 'acme/stripe_key', environment='production') }}
"""

RETURN = r"""
_raw:
  description: The values, in the order of the terms.
  type: list
  elements: str
"""

import re
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ..module_utils._ledger import LedgerError
from ..module_utils._secrets.change import known
from ..module_utils._secrets.model import SecretError, Vault, place
from ..plugin_utils._secret_store import SHARED, opened, reading

_TERM = re.compile(r"(?P<tenant>[^/@]+)/(?P<name>[^/@]+)(@(?P<version>[1-9][0-9]{0,8}))?")


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """The value of each term."""
        self.set_options(var_options=variables, direct=kwargs)
        environment = self.get_option("environment") or ((variables or {}).get("plane") or {}).get(
            "environment"
        )
        read = reading(opened(self._loader, *(self.get_option(name) for name in SHARED)))
        vaults: dict[str, Vault] = {}
        values = []
        try:
            if not environment:
                raise SecretError("Set environment: this host is no plane to take it from.")
            for term in terms:
                named = _TERM.fullmatch(str(term))
                if named is None:
                    raise SecretError(
                        f"'{str(term)[:80]}' names no secret: write TENANT/NAME or TENANT/NAME@VERSION."
                    )
                tenant, name, version = named["tenant"], named["name"], named["version"]
                if tenant not in vaults:
                    vaults[tenant] = read(place(tenant, environment))
                values.append(_value(vaults[tenant], name, int(version or 0)))
        except (SecretError, LedgerError) as error:
            raise AnsibleError(str(error)) from None
        return values


def _value(vault: Vault, name: str, version: int) -> str:
    secret = known(vault, name)
    try:
        return secret.versions[version or secret.current].value
    except KeyError:
        kept = ", ".join(str(number) for number in sorted(secret.versions))
        raise SecretError(f"Version {version} of {name} of {vault.place} is not kept: {kept} are.") from None
