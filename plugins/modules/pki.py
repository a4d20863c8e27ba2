# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps a private CA and the certificates of a host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pki
version_added: 0.2.0
short_description: Keep a private CA and the certificates of a host
description:
  - Makes keys, requests and certificates, and replaces them before they end. Private keys are made where
    they are used and never leave that host.
  - With O(authority) and O(certificates) one host is its own CA. With O(authority) and O(requests) it
    signs for another host. With O(certificates) alone it is such another host, which answers RV(requests)
    and takes O(issued) and O(bundle).
  - A new authority is trusted for a while before it signs, and an old one is trusted until it ends.
  - A pair of key and certificate is put in place by one rename. The pair before is kept beside it.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
    details:
      - Where the library is missing it tells no more than that something would change.
  diff_mode:
    support: full
    details:
      - Dates and fingerprints are shown, never a key.
  idempotent:
    support: partial
    details:
      - With O(renew=true) every run renews.
options:
  directory:
    description:
      - Where the pairs of this host are. O(directory)C(/live/NAME) leads to C(key.pem) and C(cert.pem),
        O(directory)C(/ca.pem) holds the trusted authorities.
    type: path
    default: /etc/adsengineer/pki
  authority:
    description:
      - The CA, when it is on this host.
    type: dict
    suboptions:
      path:
        description:
          - The folder of its keys and certificates, with mode V(0700).
        type: path
        required: true
      common_name:
        description:
          - Its name in certificates.
        type: str
        required: true
      days:
        description:
          - How long an authority lives.
        type: int
        default: 3650
      renew_before:
        description:
          - How many days before its end the next one is made.
        type: int
        default: 365
      spread:
        description:
          - For how many days a new authority is only trusted before it signs, so that every host has
            heard of it.
        type: int
        default: 14
      key_type:
        description:
          - The type of its key.
        type: str
        choices: [ecdsa-p256, ed25519]
        default: ecdsa-p256
      passphrase:
        description:
          - Encrypts its private keys.
        type: str
      rotate:
        description:
          - Whether the next authority is made now. Nothing happens while one is waiting to sign.
        type: bool
        default: false
      distrust:
        description:
          - Fingerprints (SHA-256, hexadecimal) of authorities that are not trusted any more. What they
            signed is issued anew at once.
        type: list
        elements: str
        default: []
  certificates:
    description:
      - The certificates of the host.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name of its folder. Lower-case letters, digits, dots and hyphens.
        type: str
        required: true
      kind:
        description:
          - Whether it is for a V(server), a V(client), or V(both). V(request) makes a key and a CSR for
            another CA, such as Cloudflare's for client certificates.
        type: str
        choices: [server, client, both, request]
        default: server
      common_name:
        description:
          - Its subject. If it is not set, its name.
        type: str
      names:
        description:
          - DNS names, addresses and URIs that it is for. If it is not set, the common name.
        type: list
        elements: str
      days:
        description:
          - How long it lives, at most as long as its authority.
        type: int
        default: 90
      renew_before:
        description:
          - How many days before its end it is replaced.
        type: int
        default: 35
      key_type:
        description:
          - The type of its key.
        type: str
        choices: [ecdsa-p256, ed25519]
        default: ecdsa-p256
      owner:
        description:
          - The user who can read the key, besides root.
        type: str
        default: root
      group:
        description:
          - The group of the key, which can't read it.
        type: str
        default: root
  requests:
    description:
      - CSRs by name, to be signed by O(authority) for a host with these O(certificates).
    type: dict
  issued:
    description:
      - Certificates by name, for the keys that wait for them.
    type: dict
  bundle:
    description:
      - The trusted authorities, from RV(bundle) of the host of the authority.
    type: str
  renew:
    description:
      - Whether all certificates are replaced now.
    type: bool
    default: false
requirements:
  - cryptography >= 38 on the host (python3-cryptography in Debian)
seealso:
  - name: RFC 5280
    description: Certificates of the X.509 kind.
    link: https://www.rfc-editor.org/rfc/rfc5280
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Be one's own CA
  adsengineer.orchestrator.pki:
    authority:
      path: /etc/adsengineer/ca
      common_name: control plane cp-eu
    certificates:
      - name: orchestrator
        names: [localhost, 127.0.0.1]
      - name: acme-eu
        kind: client

- name: Make keys here and sign them elsewhere
  adsengineer.orchestrator.pki:
    certificates: "{{ pairs }}"
  register: host

- name: Sign
  adsengineer.orchestrator.pki:
    authority:
      path: "{{ playbook_dir }}/ca"
      common_name: control planes
    certificates: "{{ pairs }}"
    requests: "{{ host.requests }}"
  delegate_to: localhost
  register: ca

- name: Put the certificates in place
  adsengineer.orchestrator.pki:
    certificates: "{{ pairs }}"
    issued: "{{ ca.issued }}"
    bundle: "{{ ca.bundle }}"
"""

RETURN = r"""
certificates:
  description: The certificates of the host as they are now.
  returned: success
  type: list
  elements: dict
  sample:
    - name: orchestrator
      kind: server
      path: /etc/adsengineer/pki/live/orchestrator
      not_after: "2027-02-20T08:00:00Z"
      days_left: 89
      fingerprint: 5f2e9a3cf0d6
      issuer: 0c1d2e3f4a5b
authorities:
  description: The authorities with their roles, V(next), V(active), V(old), V(ended) or V(distrusted).
  returned: success
  type: list
  elements: dict
  sample:
    - fingerprint: 0c1d2e3f4a5b
      role: active
      not_after: "2036-11-20T08:00:00Z"
      days_left: 3649
requests:
  description: CSRs that have to be signed elsewhere, by name.
  returned: success
  type: dict
  sample: {}
issued:
  description: Certificates that were issued in this run, by name. They are public.
  returned: success
  type: dict
  sample: {}
bundle:
  description: The certificates of the trusted authorities.
  returned: success
  type: str
  sample: ""
expiring:
  description: What ends within 30, 7 or 1 days, one sentence each.
  returned: success
  type: list
  elements: str
  sample: []
actions:
  description: What was changed, or would be in check mode, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["issue orchestrator, since it ends in 34 days"]
library:
  description: Whether the library cryptography is there. Without it nothing was done.
  returned: success
  type: bool
  sample: true
"""

import grp
import pwd
import re
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._files import locked
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._pki import converge, store
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._pki import x509 as lib
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._pki.plan import Policy, Wanted

KEY_TYPE = {"type": "str", "choices": ["ecdsa-p256", "ed25519"], "default": "ecdsa-p256", "no_log": False}
AUTHORITY: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "common_name": {"type": "str", "required": True},
    "days": {"type": "int", "default": 3650},
    "renew_before": {"type": "int", "default": 365},
    "spread": {"type": "int", "default": 14},
    "key_type": KEY_TYPE,
    "passphrase": {"type": "str", "no_log": True},
    "rotate": {"type": "bool", "default": False},
    "distrust": {"type": "list", "elements": "str", "default": []},
}
CERTIFICATE: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "kind": {"type": "str", "choices": ["server", "client", "both", "request"], "default": "server"},
    "common_name": {"type": "str"},
    "names": {"type": "list", "elements": "str"},
    "days": {"type": "int", "default": 90},
    "renew_before": {"type": "int", "default": 35},
    "key_type": KEY_TYPE,
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
}
SPEC: dict[str, Any] = {
    "directory": {"type": "path", "default": "/etc/adsengineer/pki"},
    "authority": {"type": "dict", "options": AUTHORITY},
    "certificates": {"type": "list", "elements": "dict", "default": [], "options": CERTIFICATE},
    "requests": {"type": "dict"},
    "issued": {"type": "dict"},
    "bundle": {"type": "str"},
    "renew": {"type": "bool", "default": False},
}
NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
SAN = re.compile(r"(\*\.)?[A-Za-z0-9_.:-]{1,253}|[a-z][a-z0-9+.-]*://[\x21-\x7e]{1,250}")


def main() -> None:
    module = AnsibleModule(
        SPEC,
        supports_check_mode=True,
        required_by={"requests": ("authority",)},
        mutually_exclusive=[("requests", "issued"), ("authority", "issued"), ("authority", "bundle")],
    )
    try:
        problem = wrong(module.params)
        if problem:
            raise lib.PkiError(problem)
        if lib.MISSING:
            module.exit_json(changed=module.check_mode, library=False, actions=["make what is declared"])
        outcome = work(module.params, module.check_mode, datetime.now(UTC).replace(microsecond=0))
    except lib.PkiError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}. Make room or correct it, and run again.")
    for text in outcome.warnings:
        module.warn(text)
    module.exit_json(library=True, **result(outcome))


def work(params: dict[str, Any], check: bool, now: datetime) -> converge.Outcome:
    """Bring everything to its declared state."""
    outcome, directory = converge.Outcome(bundle=params["bundle"] or ""), Path(params["directory"])
    declared = [
        converge.Declared(wanted(item), owner(item, known=params["requests"] is None and not check))
        for item in params["certificates"]
    ]
    with ExitStack() as stack:
        authority = the_authority(params["authority"], check, now)
        if authority:
            folder = Path(params["authority"]["path"])
            if not check:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                stack.enter_context(locked(folder / ".lock"))
            authority.converge(outcome)
        if authority and params["requests"] is not None:
            converge.answer([item.wanted for item in declared], params["requests"], authority, outcome)
        else:
            host = converge.Host(directory, check=check, now=now, renew=params["renew"])
            host.converge(declared, outcome, authority=authority, issued=params["issued"])
    return outcome


def the_authority(given: dict[str, Any] | None, check: bool, now: datetime) -> converge.Authority | None:
    if given is None:
        return None
    return converge.Authority(
        Path(given["path"]),
        given["common_name"],
        given["key_type"],
        Policy(given["days"], given["renew_before"], given["spread"]),
        passphrase=given["passphrase"] or "",
        rotate=given["rotate"],
        distrusted=[mark.replace(":", "").lower() for mark in given["distrust"]],
        check=check,
        now=now,
    )


def wanted(item: dict[str, Any]) -> Wanted:
    common_name = item["common_name"] or item["name"]
    return Wanted(
        name=item["name"],
        kind=item["kind"],
        common_name=common_name,
        names=tuple(item["names"] if item["names"] is not None else [common_name]),
        days=item["days"],
        renew_before=item["renew_before"],
        key_type=item["key_type"],
    )


def wrong(params: dict[str, Any]) -> str:
    """What is wrong with the options, or nothing."""
    names = [item["name"] for item in params["certificates"]]
    for number, item in enumerate(params["certificates"]):
        place = f"certificates[{number}]"
        if not NAME.fullmatch(item["name"]):
            return f"{place}.name is '{item['name']}': use lower-case letters, digits, dots and hyphens."
        if names.count(item["name"]) > 1:
            return f"{place}.name is '{item['name']}' a second time: give each its own name."
        if not 0 < item["renew_before"] < item["days"]:
            return f"{place}.renew_before is {item['renew_before']}: give 1 to {item['days'] - 1} days."
        for name in item["names"] or []:
            if not SAN.fullmatch(name):
                return f"{place}.names has '{name}': give DNS names, addresses or URIs."
        if len(item["common_name"] or "") > 64:
            return f"{place}.common_name has more than the 64 characters that X.509 allows: shorten it."
    return wrong_authority(params["authority"]) if params["authority"] else ""


def wrong_authority(given: dict[str, Any]) -> str:
    if not 0 < len(given["common_name"]) <= 64:
        return "authority.common_name must have 1 to 64 characters: X.509 allows no more."
    if not 0 <= given["spread"] < given["renew_before"] < given["days"]:
        return (
            f"authority has spread {given['spread']}, renew_before {given['renew_before']} and days "
            f"{given['days']}: each must be smaller than the next."
        )
    return ""


def owner(item: dict[str, Any], known: bool) -> store.Owner:
    """Whose the key is; in check mode the user may not be made yet, and on the authority's host need not."""
    found = {}
    for kind, lookup in (("user", pwd.getpwnam), ("group", grp.getgrnam)):
        name = item["owner" if kind == "user" else "group"]
        try:
            found[kind] = lookup(name)[2]
        except KeyError:
            if known:
                raise lib.PkiError(
                    f"the {kind} '{name}' of certificate '{item['name']}' does not exist: make it first."
                ) from None
            found[kind] = 0
    return store.Owner(found["user"], found["group"])


def result(outcome: converge.Outcome) -> dict[str, Any]:
    return {
        "changed": bool(outcome.actions),
        "actions": outcome.actions,
        "diff": {"prepared": "".join(f"{action}\n" for action in outcome.actions)},
        "certificates": outcome.certificates,
        "authorities": outcome.authorities,
        "requests": outcome.requests,
        "issued": outcome.issued,
        "bundle": outcome.bundle,
        "expiring": outcome.warnings,
    }


if __name__ == "__main__":
    main()
