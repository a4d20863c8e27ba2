#!/usr/bin/python
# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pm2_process
short_description: Declares the processes that PM2 supervises
version_added: 0.2.0
author:
  - adsengineer.orchestrator contributors (@adsengineer)
description:
  - Keeps the declared file from which systemd starts PM2, and brings what runs to the same state.
    PM2's dump is never used.
  - A process in O(processes[].exec_mode=cluster) is replaced without a dropped request. The new instances
    prove themselves beside the old ones, which share their port, and only then are the old ones told to
    finish. In V(fork) mode the old process ends first.
  - When the new processes do not stay up, the former ones run on or are started again, and the task fails
    with the end of the log.
  - What runs is compared by a digest of its declaration, including the contents of its script and of
    O(processes[].files), which is kept in its variable C(ADSENGINEER_DECLARED). So new code is a change.
  - Processes that are not named are left alone, unless O(purge=true).
  - Must run as root or as the owner of O(home). PM2 itself is asked as the owner of O(home), and with an
    environment that holds nothing of Ansible's.
requirements:
  - PM2, installed and running, as the role P(adsengineer.orchestrator.pm2#role) leaves it
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
    details:
      - Where PM2 does not run it predicts that everything will be started.
  diff_mode:
    support: full
    details:
      - The diff shows the declared entries that change.
  idempotent:
    support: partial
    details:
      - Fully, except that O(state=reloaded) replaces the named processes each time.
options:
  processes:
    description: The processes. For O(state=absent) only their names matter.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name, unique on the host.
        type: str
        required: true
      script:
        description: The absolute path of what runs. Required unless O(state=absent).
        type: str
      args:
        description: Arguments. Everybody on the host can read them, so what looks like a secret is refused.
        type: list
        elements: str
        default: []
      interpreter:
        description: What runs the script; V(node), V(none) for a program, or an absolute path.
        type: str
        default: node
      node_args:
        description: Options of Node itself.
        type: list
        elements: str
        default: []
      exec_mode:
        description: V(cluster) shares the port between instances, and with Node only.
        type: str
        choices: [fork, cluster]
        default: fork
      instances:
        description: How many of them run.
        type: int
        default: 1
      cwd:
        description: The working directory; the script's folder when not set.
        type: str
      env:
        description:
          - Variables. PM2 keeps them in its lists, so names and values that look like secrets are refused.
            Pass the path of a file that only the service can read.
        type: dict
        default: {}
      allow_env:
        description: Names of variables that only look like secrets.
        type: list
        elements: str
        default: []
      files:
        description: Files or folders whose contents belong to the declaration, besides the script.
        type: list
        elements: str
        default: []
      max_memory_restart:
        description: The memory above which PM2 starts an instance again, for example V(300M).
        type: str
      kill_timeout:
        description: How many milliseconds a process may take to finish after SIGINT, above its drain time.
        type: int
        default: 15000
      wait_ready:
        description: Whether the process sends C(ready) to its parent when it can serve.
        type: bool
        default: false
      listen_timeout:
        description: How many milliseconds a process may take until it is ready.
        type: int
        default: 10000
  state:
    description:
      - V(present) declares and starts them, V(absent) lets them finish and forgets them, V(reloaded) is
        V(present) and replaces them in any case.
    type: str
    choices: [present, absent, reloaded]
    default: present
  purge:
    description: Whether to remove all other processes, declared or not. Not with O(state=absent).
    type: bool
    default: false
  settle:
    description: How many seconds a new process must stay up to be trusted.
    type: float
    default: 1.5
  timeout:
    description: How many seconds PM2 may take for one command. By default it follows from the processes.
    type: float
  stop_timeout:
    description:
      - How many seconds PM2 is given to stop. Processes that may take longer to finish, declared before or
        now, are refused. By default it is what systemd's unit says.
    type: float
  file:
    description: The declared file.
    type: path
    default: /etc/adsengineer/pm2.json
  home:
    description: PM2's home, which is its owner's only.
    type: path
    default: /var/lib/adsengineer/pm2
  executable:
    description: The command that speaks to PM2.
    type: path
    default: /usr/local/lib/adsengineer/pm2/pm2
seealso:
  - module: adsengineer.orchestrator.pm2_process_info
"""

EXAMPLES = r"""
---
- name: Two instances that are replaced without a dropped request
  adsengineer.orchestrator.pm2_process:
    processes:
      - name: hello
        script: /usr/local/lib/adsengineer/hello/server.js
        exec_mode: cluster
        instances: 2
        wait_ready: true
        max_memory_restart: 200M
        env:
          PORT: "8080"
          TOKEN_FILE: /etc/adsengineer/hello.token

- name: A program that is not Node, started again when its settings change
  adsengineer.orchestrator.pm2_process:
    processes:
      - name: worker
        script: /opt/worker/bin/worker
        interpreter: none
        files: [/etc/adsengineer/worker.yml]

- name: Replace it although nothing changed
  adsengineer.orchestrator.pm2_process:
    processes:
      - name: hello
        script: /usr/local/lib/adsengineer/hello/server.js
    state: reloaded

- name: Let it finish, and forget it
  adsengineer.orchestrator.pm2_process:
    processes:
      - name: worker
    state: absent
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode, in this order.
  returned: success
  type: list
  elements: dict
  sample:
    - name: hello
      action: replace
      reason: was started from another declaration
processes:
  description: What runs and is declared afterwards, as M(adsengineer.orchestrator.pm2_process_info) tells it.
  returned: success
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

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._files import write_atomically
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2 import Problem
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2_client import Pm2
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2_converge import Converger
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2_declared import (
    check,
    check_stop,
    entry,
    read_declared,
    secret_values,
    write_declared,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host.pm2_plan import (
    Step,
    plan,
    summary,
)

PROCESS = {
    "name": {"type": "str", "required": True},
    "script": {"type": "str"},
    "args": {"type": "list", "elements": "str", "default": []},
    "interpreter": {"type": "str", "default": "node"},
    "node_args": {"type": "list", "elements": "str", "default": []},
    "exec_mode": {"type": "str", "choices": ["fork", "cluster"], "default": "fork"},
    "instances": {"type": "int", "default": 1},
    "cwd": {"type": "str"},
    "env": {"type": "dict", "default": {}},
    "allow_env": {"type": "list", "elements": "str", "default": []},
    "files": {"type": "list", "elements": "str", "default": []},
    "max_memory_restart": {"type": "str"},
    "kill_timeout": {"type": "int", "default": 15000},
    "wait_ready": {"type": "bool", "default": False},
    "listen_timeout": {"type": "int", "default": 10000},
}
SPEC = {
    "processes": {"type": "list", "elements": "dict", "required": True, "options": PROCESS},
    "state": {"type": "str", "choices": ["present", "absent", "reloaded"], "default": "present"},
    "purge": {"type": "bool", "default": False},
    "settle": {"type": "float", "default": 1.5},
    "timeout": {"type": "float"},
    "stop_timeout": {"type": "float"},
    "file": {"type": "path", "default": "/etc/adsengineer/pm2.json"},
    "home": {"type": "path", "default": "/var/lib/adsengineer/pm2"},
    "executable": {"type": "path", "default": "/usr/local/lib/adsengineer/pm2/pm2"},
}


class Declaration:
    """The declared file."""

    def __init__(self, path: str, home: str) -> None:
        self.path, self.home = Path(path), home
        try:
            self.text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            self.text = ""
        self.apps = read_declared(self.text, path)

    def write(self, apps: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace the file in one step; PM2's owner can read it and not write it."""
        text = write_declared(apps.values())
        if text == self.text or not (apps or self.text):
            return
        owner = (0, Path(self.home).stat().st_gid) if os.geteuid() == 0 else None
        write_atomically(self.path, text.encode(), 0o640, owner)
        self.text = text


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one run at a time change the folder's file; a second one waits."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def content(path: str) -> str:
    """The digest of a file, or of all files below a folder."""
    place = Path(path)
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    total = hashlib.sha256()
    for file in files:
        if file.is_file():
            total.update(f"{file.relative_to(place)}\0".encode())
            total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def patience(params: Mapping[str, Any], apps: Mapping[str, Mapping[str, Any]]) -> float:
    """How long PM2 may take for the slowest of its processes."""
    if params["timeout"]:
        return float(params["timeout"])
    slowest = [
        app.get("instances", 1) * (app.get("kill_timeout", 0) + app.get("listen_timeout", 0))
        for app in apps.values()
    ]
    return 30.0 + max(slowest, default=0) / 1000


def desired(params: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The declared entries of the task, by name."""
    if params["state"] == "absent":
        return {}
    for process in params["processes"]:
        check(process, process["allow_env"])
    found = {process["name"]: entry(process, params["home"], content) for process in params["processes"]}
    if len(found) != len(params["processes"]):
        raise Problem("two processes have one name", "Give each a name of its own")
    return found


def removed(params: Mapping[str, Any], have: set[str]) -> set[str]:
    """The names that must not be there afterwards, out of those that are."""
    named = {process["name"] for process in params["processes"]}
    if params["state"] == "absent":
        return have & named
    return have - named if params["purge"] else set()


def converge(module: AnsibleModule, want: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Plan, take the steps, and tell what was done."""
    params = module.params
    declared = Declaration(params["file"], params["home"])
    before = dict(declared.apps)
    pm2 = Pm2(params["home"], params["executable"], patience(params, {**before, **want}))
    if want and not module.check_mode:
        pm2.require()
    # Without PM2 nothing runs, and what is not declared never will.
    running = pm2.list() if not pm2.missing() and pm2.answers() else []
    gone = removed(params, set(before) | {one.name for one in running})
    after = {**{name: app for name, app in before.items() if name not in gone}, **want}
    if params["state"] != "absent":
        check_stop(after.values(), params["stop_timeout"] or pm2.stop_timeout())
    steps = plan(list(want.values()), gone, running, reload=params["state"] == "reloaded")
    changed = bool(steps) or before != after
    if not module.check_mode:
        take(module, pm2, declared, steps, after)
        running = pm2.list() if steps else running
    touched = sorted(name for name in set(before) | set(after) if before.get(name) != after.get(name))
    return {
        "changed": changed,
        "actions": [{"name": step.name, "action": step.action, "reason": step.reason} for step in steps],
        "processes": summary(running, before if module.check_mode else after),
        "diff": {
            "before_header": params["file"],
            "after_header": params["file"],
            "before": shown(before, touched, []),
            "after": shown(after, touched, steps),
        },
    }


def take(
    module: AnsibleModule,
    pm2: Pm2,
    declared: Declaration,
    steps: list[Step],
    after: Mapping[str, dict[str, Any]],
) -> None:
    """Take the steps; each is declared when it succeeded, so that a reboot begins from what last ran."""
    converger = Converger(pm2, module.params["settle"])
    now = dict(declared.apps)
    for step in steps:
        converger.take(step, declared.apps.get(step.name))
        if step.name in after:
            now[step.name] = after[step.name]
        else:
            now.pop(step.name, None)
        declared.write(now)
    declared.write(after)


def shown(apps: Mapping[str, Any], names: list[str], steps: list[Step]) -> str:
    """What a diff compares: entries that change, and what is done to those that do not."""
    lines = [json.dumps(apps[name], indent=1, sort_keys=True) for name in names if name in apps]
    lines += [
        f"{step.name}: {step.action}, since it {step.reason}" for step in steps if step.name not in names
    ]
    return "\n".join(lines) + "\n" if lines else ""


def main() -> None:
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    for process in module.params["processes"]:
        allowed = set(process["allow_env"])
        env = {key: value for key, value in process["env"].items() if key not in allowed}
        module.no_log_values.update(secret_values({**process, "env": env}))
    folder = Path(module.params["file"]).parent
    try:
        want = desired(module.params)
        if not folder.is_dir() and (module.check_mode or not want):
            result = converge(module, want)
        else:
            folder.mkdir(mode=0o755, exist_ok=True)
            with locked(folder):
                result = converge(module, want)
    except Problem as problem:
        module.fail_json(msg=str(problem))
    except OSError as error:
        place = error.filename or module.params["file"]
        module.fail_json(
            msg=f"{place}: {error.strerror}. Run the task as root, and see that the disk is not full."
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
