# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_files
version_added: 0.2.0
short_description: Bring a set of files to a state in one step, or not at all
description:
  - Compares the files of a set, and when one differs keeps the old state, writes what differs, validates,
    applies and verifies. When a step fails the old state is put back before the module fails.
  - With O(parachute=true) a timer on the host puts the old state back by itself unless
    M(adsengineer.orchestrator.parachute) confirms it in time over a new login.
  - A run that was killed in the middle leaves what it kept on the host. The next run sees it, and
    writes, validates, applies and verifies again.
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is validated, since only a written file can be.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description:
      - The name of the set, which is also the name of the parachute. Lower-case letters, digits, underscores.
    type: str
    required: true
  files:
    description:
      - The files.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description:
          - The absolute path. Missing folders above it are made.
        type: path
        required: true
      content:
        description:
          - The whole content. Needed with V(present).
        type: str
      state:
        description:
          - V(absent) removes the file.
        type: str
        choices: [present, absent]
        default: present
      mode:
        description:
          - The mode, in octal digits.
        type: str
        default: "0644"
      owner:
        description:
          - The owner's name.
        type: str
        default: root
      group:
        description:
          - The group's name.
        type: str
        default: root
      secret:
        description:
          - Whether diffs leave the content out. Give the task C(no_log) as well.
        type: bool
        default: false
  validate:
    description:
      - Commands to run after writing, such as C(sshd -t), each a list of words. No shell is involved.
    type: list
    elements: list
    default: []
  apply:
    description:
      - Commands that make the new files count, such as C(systemctl reload ssh).
    type: list
    elements: list
    default: []
  verify:
    description:
      - Commands to run after that. They succeed when the host is in the state that was meant.
      - They also run first, in check mode too, so they must change nothing. When all files are right and one
        of these fails, everything is validated and applied again.
    type: list
    elements: list
    default: []
  restore:
    description:
      - Commands that make the old files count again after they were put back. If not set, those of O(apply).
    type: list
    elements: list
    default: []
  snapshot:
    description:
      - More files and folders to keep and put back, which the commands of O(apply) change.
    type: list
    elements: path
    default: []
  purge:
    description:
      - Folders in which every file that O(files) does not name is removed.
    type: list
    elements: path
    default: []
  parachute:
    description:
      - Whether the change needs to be confirmed by M(adsengineer.orchestrator.parachute) over a new login.
    type: bool
    default: false
  deadline:
    description:
      - After how many seconds the old state is put back unless the change was confirmed.
    type: int
    default: 80
seealso:
  - module: adsengineer.orchestrator.parachute
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Turn passwords off, under a parachute
  adsengineer.orchestrator.config_files:
    name: ssh
    files:
      - path: /etc/ssh/sshd_config.d/10-ours.conf
        content: |
          PasswordAuthentication no
    validate:
      - [sshd, -t]
    apply:
      - [systemctl, reload, ssh]
    parachute: true
  register: ssh

- name: Close the old connection
  ansible.builtin.meta: reset_connection

- name: Keep the change, since a new login worked
  adsengineer.orchestrator.parachute:
    name: ssh
    state: confirmed
    arming: "{{ ssh.arming }}"
"""

RETURN = r"""
files:
  description: The paths that were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/etc/ssh/sshd_config.d/10-ours.conf]
armed:
  description: Whether a parachute now waits to be confirmed.
  returned: success
  type: bool
  sample: true
arming:
  description: What tells this arming from others; empty when none is armed.
  returned: success
  type: str
  sample: 5a8e2f7c-57b0-4f4e-9f52-0f6f4c6f2d0b
drifted:
  description: The command of O(verify) that failed although all files were right, and its output.
  returned: success
  type: str
  sample: ""
resumed:
  description: Whether a run before this one was killed in the middle, so that all steps were done again.
  returned: success
  type: bool
  sample: false
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import bundle, parachute

FILE = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "mode": {"type": "str", "default": "0644"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "secret": {"type": "bool", "default": False, "no_log": False},
}
COMMANDS = {"type": "list", "elements": "list", "default": []}
SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "files": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": FILE,
        "required_if": [("state", "present", ["content"])],
    },
    "validate": COMMANDS,
    "apply": COMMANDS,
    "verify": COMMANDS,
    "restore": COMMANDS,
    "snapshot": {"type": "list", "elements": "path", "default": []},
    "purge": {"type": "list", "elements": "path", "default": []},
    "parachute": {"type": "bool", "default": False},
    "deadline": {"type": "int", "default": 80},
}


def wanted(item: dict[str, Any]) -> bundle.Wanted:
    try:
        mode = int(item["mode"], 8)
    except ValueError:
        raise bundle.BundleError(f"{item['path']}: the mode {item['mode']!r} has no octal digits.") from None
    content = item["content"].encode() if item["state"] == "present" else None
    return bundle.Wanted(item["path"], content, mode, item["owner"], item["group"], item["secret"])


def parse(params: dict[str, Any]) -> bundle.Bundle:
    commands = {
        key: [[str(word) for word in argv] for argv in params[key]]
        for key in ("validate", "apply", "verify", "restore")
    }
    return bundle.Bundle(
        name=params["name"],
        files=[wanted(item) for item in params["files"]],
        snapshot=params["snapshot"],
        purge=params["purge"],
        parachute=params["parachute"],
        deadline=params["deadline"],
        **commands,
    )


def work(module: AnsibleModule, places: parachute.Places) -> dict[str, Any]:
    declared = parse(module.params)
    parachute.check_name(declared.name)
    changes = bundle.outstanding(declared)
    resumed = bundle.is_pending(declared.name, places)
    drifted = "" if changes or resumed else bundle.first_failure(declared.verify)
    result: dict[str, Any] = {
        "changed": bool(changes) or resumed or bool(drifted),
        "files": [one.path for one, _actual in changes],
        "armed": False,
        "arming": "",
        "drifted": drifted,
        "resumed": resumed,
        "diff": [bundle.difference(one, actual) for one, actual in changes],
    }
    if result["changed"] and not module.check_mode:
        manifest = bundle.bring(declared, [one for one, _actual in changes], places)
        if declared.parachute:
            result |= {"armed": True, "arming": manifest["id"]}
    return result


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    if os.geteuid() != 0:
        module.fail_json(
            msg="Only root can change and restore the host's files. Run the task with become: true."
        )
    try:
        result = work(module, parachute.Places())
    except (bundle.BundleError, parachute.ParachuteError) as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{module.params['name']}: {error}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
