# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: parachute
version_added: 0.2.0
short_description: Put a host's old state back unless a new login proves itself
description:
  - Guards a change that could lock its owner out. V(armed) keeps the state of the named paths and starts a
    timer on the host. When it ends, the host puts them back and runs the given commands, without help
    from outside. It survives the end of Ansible, a reboot, and a broken PAM.
  - V(confirmed) stops the timer. It is accepted only over an SSH login that began after the arming, since an
    old connection goes on working when nobody can log in any more.
  - What it did is in the journal of C(adsengineer-parachute-NAME.service).
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - It changes nothing that a diff could show.
  idempotent:
    support: partial
    details:
      - V(armed) starts the timer anew each time. What it kept first stays. The other states change nothing
        when nothing is armed.
options:
  name:
    description:
      - The name of the parachute. Lower-case letters, digits and underscores.
    type: str
    required: true
  state:
    description:
      - V(armed) keeps the old state and starts the timer.
      - V(confirmed) keeps the new state, if this login began after the arming.
      - V(absent) stops the timer without a proof. Nothing is put back.
    type: str
    choices: [armed, confirmed, absent]
    default: armed
  paths:
    description:
      - Files and folders to keep and put back. A path that is not there is removed when the parachute opens,
        and so is what was added to a folder. Permissions and owners are kept, extended attributes are not.
    type: list
    elements: path
    default: []
  restore:
    description:
      - Commands to run after the paths were put back, such as C(systemctl reload ssh), each a list of words.
    type: list
    elements: list
    default: []
  deadline:
    description:
      - After how many seconds the parachute opens. A reboot makes them count anew.
    type: int
    default: 80
  arming:
    description:
      - The RV(arming) to confirm. With it V(confirmed) fails when the parachute has opened already.
    type: str
    default: ""
  without_login:
    description:
      - Whether V(confirmed) is accepted over a connection without an SSH login, such as C(docker exec) or
        C(local), on which nothing can be proved. An old SSH login is never accepted.
    type: bool
    default: false
seealso:
  - module: adsengineer.orchestrator.config_files
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Arm the parachute
  adsengineer.orchestrator.parachute:
    name: network
    paths: [/etc/network/interfaces]
    restore:
      - [systemctl, restart, networking]
  register: network

- name: Do something dangerous
  ansible.builtin.template:
    src: interfaces.j2
    dest: /etc/network/interfaces
    mode: "0644"
  notify: Restart the network

- name: Do it now
  ansible.builtin.meta: flush_handlers

- name: Close the old connection
  ansible.builtin.meta: reset_connection

- name: Keep the change, since a new login worked
  adsengineer.orchestrator.parachute:
    name: network
    state: confirmed
    arming: "{{ network.arming }}"
"""

RETURN = r"""
armed:
  description: Whether the parachute is armed now.
  returned: success
  type: bool
  sample: true
arming:
  description: What tells this arming from others; empty when nothing is armed.
  returned: success
  type: str
  sample: 5a8e2f7c-57b0-4f4e-9f52-0f6f4c6f2d0b
proof:
  description: What was proved by whom, in a sentence.
  returned: O(state=confirmed)
  type: str
  sample: This login began 1.2 s after the arming.
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import chute, login
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import parachute as lib

SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["armed", "confirmed", "absent"], "default": "armed"},
    "paths": {"type": "list", "elements": "path", "default": []},
    "restore": {"type": "list", "elements": "list", "default": []},
    "deadline": {"type": "int", "default": 80},
    "arming": {"type": "str", "default": ""},
    "without_login": {"type": "bool", "default": False},
}


def armed(params: dict[str, Any], check: bool, places: lib.Places) -> dict[str, Any]:
    if params["deadline"] < 10:
        raise lib.ParachuteError(
            f"A deadline of {params['deadline']} s leaves no time to log in: give 10 or more."
        )
    if check:
        return {"changed": True, "armed": False, "arming": ""}
    restore = [[str(word) for word in argv] for argv in params["restore"]]
    with chute.locked(places.state):
        manifest = lib.arm(params["name"], params["paths"], restore, params["deadline"], places)
    return {"changed": True, "armed": True, "arming": manifest["id"]}


def confirmed(params: dict[str, Any], check: bool, places: lib.Places) -> dict[str, Any]:
    name = params["name"]
    found = login.current(os.getpid(), places.proc)
    if lib.pending(name, places) is None:
        return nothing_armed(params, places)
    with chute.locked(places.state):
        manifest = lib.pending(name, places)
        if manifest is None:
            return nothing_armed(params, places)
        proof = lib.proof(manifest, found, login.boot_id(places.proc))
        if not (proof.proved or (params["without_login"] and not proof.by_login)):
            raise lib.ParachuteError(f"The parachute {name} stays armed. {proof.reason}")
        if not check:
            chute.forget(places.state / name, "confirmed", places.units)
    return {"changed": True, "armed": check, "arming": "", "proof": proof.reason}


def nothing_armed(params: dict[str, Any], places: lib.Places) -> dict[str, Any]:
    opened = lib.opened(params["name"], params["arming"], places)
    if opened:
        raise lib.ParachuteError(opened)
    return {"changed": False, "armed": False, "arming": "", "proof": "Nothing was armed."}


def absent(params: dict[str, Any], check: bool, places: lib.Places) -> dict[str, Any]:
    pending = lib.pending(params["name"], places)
    if pending is not None and not check:
        with chute.locked(places.state):
            chute.forget(places.state / params["name"], "absent", places.units)
    return {"changed": pending is not None, "armed": False, "arming": ""}


STATES = {"armed": armed, "confirmed": confirmed, "absent": absent}


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    if os.geteuid() != 0:
        module.fail_json(
            msg="Only root can keep and restore the host's files. Run the task with become: true."
        )
    try:
        lib.check_name(module.params["name"])
        result = STATES[module.params["state"]](module.params, module.check_mode, lib.Places())
    except lib.ParachuteError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The parachute {module.params['name']}: {error}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
