# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_settings
version_added: 0.2.0
short_description: Set kernel parameters for now and for the next boot
description:
  - Writes one file of C(/etc/sysctl.d) with all settings, and sets the live values that differ.
  - A key that can't be set here, in a container for instance, is told in RV(refused) and is no failure. The
    file holds it nevertheless, since the host may get another kernel.
  - In a container only keys of its own network are tried. All others would change the machine below it.
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
  path:
    description:
      - The file.
    type: path
    required: true
  settings:
    description:
      - Keys and values. With V(absent) they are not looked at.
    type: dict
    default: {}
  state:
    description:
      - V(absent) removes the file. Live values stay as they are until the next boot.
    type: str
    choices: [present, absent]
    default: present
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Ignore redirects, and forward for containers
  adsengineer.orchestrator.kernel_settings:
    path: /etc/sysctl.d/80-ours.conf
    settings:
      net.ipv4.conf.all.accept_redirects: 0
      net.ipv4.ip_forward: 1
"""

RETURN = r"""
set:
  description: The live values that were changed, or would be in check mode.
  returned: success
  type: dict
  sample: {net.ipv4.conf.all.accept_redirects: "0"}
refused:
  description: The keys that can't be set on this host, each with the reason.
  returned: success
  type: list
  elements: dict
  sample:
    - key: kernel.dmesg_restrict
      value: "1"
      reason: it is 0, and belongs to the machine below this container
"""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._files import write_atomically
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import facts, sysctl

SPEC: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "settings": {"type": "dict", "default": {}},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except FileNotFoundError:
        return ""


def work(params: dict[str, Any], check: bool) -> dict[str, Any]:
    path, present = Path(params["path"]), params["state"] == "present"
    settings = params["settings"] if present else {}
    before, after = read(path), sysctl.text(settings) if present else ""
    container = facts.container()
    was = {key: sysctl.live(key) for key in settings}
    if check:
        done, refused = sysctl.outstanding(settings, container=container)
    else:
        if after and before != after:
            write_atomically(path, after.encode(), 0o644, (0, 0))
        elif not after:
            path.unlink(missing_ok=True)
        done, refused = sysctl.bring(settings, container=container)
    return {
        "changed": before != after or bool(done),
        "set": done,
        "refused": [asdict(one) for one in refused],
        "diff": {
            "before_header": str(path),
            "after_header": str(path),
            "before": before + "".join(f"live {key} = {was[key]}\n" for key in done),
            "after": after + "".join(f"live {key} = {value}\n" for key, value in done.items()),
        },
    }


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True)
    if os.geteuid() != 0:
        module.fail_json(msg="Only root can set kernel parameters. Run the task with become: true.")
    try:
        result = work(module.params, module.check_mode)
    except OSError as error:
        module.fail_json(msg=f"{module.params['path']} can't be written: {error}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
