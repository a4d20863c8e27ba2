#!/usr/bin/python
# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_info
short_description: Tells how the backup of a host is
version_added: 0.2.0
author:
  - adsengineer.orchestrator contributors (@adsengineer)
description:
  - Reads what the role P(adsengineer.orchestrator.backup#role) leaves on a host. It asks no repository, so it
    is quick and needs no key.
  - The snapshot that counts is the newest that was restored and proved, RV(restored).
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
  - adsengineer.orchestrator.cloudflare.info_module
options:
  state_dir:
    description:
      - The folder of the host's backup program.
    type: path
    default: /var/lib/adsengineer/backup
"""

EXAMPLES = r"""
---
- name: Ask how the backup is
  adsengineer.orchestrator.backup_info:
  register: backup

- name: Stop unless it could be restored
  ansible.builtin.assert:
    that: backup.healthy
    fail_msg: "{{ backup.line }}"
"""

RETURN = r"""
configured:
  description: Whether the host is backed up at all. If not, nothing else but RV(line) is returned.
  returned: success
  type: bool
  sample: true
line:
  description: Everything in one line.
  returned: success
  type: str
  sample: >-
    cp-eu: newest a81feafc 2026-01-31 03:07 UTC | restored 52c09e1f 2026-01-25 05:11 UTC
    | size 3020517 bytes, +12790 | repository 2105312 bytes, checked 2026-01-25 03:02 UTC
    | next Sat 2026-01-31 04:11:00 UTC | healthy
newest:
  description:
    - The newest snapshot.
    - C(at) is when it ended and C(made_at) when its data was taken, in seconds since 1970.
  returned: when configured
  type: dict
restored:
  description: The newest snapshot that was restored and proved.
  returned: when configured
  type: dict
size:
  description: Bytes of the data in the newest snapshot.
  returned: when configured
  type: int
added:
  description: Bytes that it added to the repository.
  returned: when configured
  type: int
repository_size:
  description: Bytes in the repository at its last check.
  returned: when configured
  type: int
checked_at:
  description: When the repository was last checked, in seconds since 1970.
  returned: when configured
  type: float
read_only:
  description: Why the host takes no writes, empty when it does.
  returned: when configured
  type: str
next_run:
  description: When the next backup begins, as systemd tells it. Empty when no timer runs.
  returned: when configured
  type: str
alarms:
  description: What somebody has to look at.
  returned: when configured
  type: list
  elements: str
healthy:
  description: Whether there is no alarm.
  returned: when configured
  type: bool
"""

import socket
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import backup

SPEC = {"state_dir": {"type": "path", "default": "/var/lib/adsengineer/backup"}}
TIMER = "adsengineer-backup-backup.timer"


def ask(module: AnsibleModule) -> dict[str, Any]:
    """What is kept on this host."""
    place = Path(module.params["state_dir"]) / "status.json"
    host = socket.gethostname()
    if not place.exists():
        return {"configured": False, "line": f"{host}: no backup was ever tried here"}
    command = ["systemctl", "show", "--property", "NextElapseUSecRealtime", "--value", TIMER]
    code, out, _err = module.run_command(command)
    found = backup.parsed(place.read_text(encoding="utf-8"), str(place))
    told = backup.reported(found, time.time(), out.strip() if code == 0 else "")
    return {"configured": True, "line": backup.line(found.get("host", host), told), **told}


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    try:
        result = ask(module)
    except backup.BackupError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}. Run the task as root.")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
