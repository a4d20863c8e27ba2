#!/usr/bin/python
# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: package_repository
version_added: 0.2.0
short_description: Let apt use a signed repository, or a mirror of it
description:
  - Fetches the key, compares its fingerprint, and lets apt read the repository with lists of its own. Only
    when that went well the host is told of it, so a wrong key, address or signature changes nothing.
  - The key is trusted for this repository alone (C(Signed-By)). While it is there and has the right
    fingerprint, nothing is fetched.
  - Packages are installed by M(adsengineer.orchestrator.packages).
extends_documentation_fragment:
  - adsengineer.orchestrator.cloudflare.attributes
attributes:
  check_mode:
    support: full
    details:
      - Nothing is fetched, so a wrong key is not found out.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description:
      - The name of the files, C(/etc/apt/sources.list.d/NAME.sources) and C(/etc/apt/keyrings/NAME.gpg).
    type: str
    required: true
  url:
    description:
      - Where the repository is, the vendor's or a mirror. Required with O(state=present).
        What it wants for a login belongs into C(/etc/apt/auth.conf.d).
    type: str
  suite:
    description:
      - The suite. By default the code name of the host's release.
    type: str
  components:
    description:
      - The components.
    type: list
    elements: str
    default: [main]
  key:
    description:
      - The URL of the key or keys that sign it, armored or not. Required with O(state=present).
    type: str
  fingerprints:
    description:
      - The fingerprints of all keys in that file, 40 hexadecimal digits each. A file with any other key is
        refused.
      - Without any the key is trusted because it came from an C(https) URL.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(absent) removes both files.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: adsengineer.orchestrator.packages
author:
  - adsengineer.orchestrator contributors (@adsengineer)
"""

EXAMPLES = r"""
---
- name: Let apt use a mirror of a vendor's repository
  adsengineer.orchestrator.package_repository:
    name: vendor
    url: https://mirror.example/vendor/debian
    components: [stable]
    key: https://vendor.example/key.asc
    fingerprints: ["0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567"]
"""

RETURN = r"""
files:
  description: The entry for apt, and the key.
  returned: success
  type: list
  elements: str
  sample: [/etc/apt/sources.list.d/vendor.sources, /etc/apt/keyrings/vendor.gpg]
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import fetch_url
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._files import write_atomically
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import packages, repository

SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "url": {"type": "str"},
    "suite": {"type": "str"},
    "components": {"type": "list", "elements": "str", "default": ["main"]},
    "key": {"type": "str", "no_log": False},
    "fingerprints": {"type": "list", "elements": "str", "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
LARGEST_KEY = 1 << 20


def release() -> str:
    """The code name of the host's release, see os-release(5)."""
    lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line).get("VERSION_CODENAME", "").strip('"')


def fetched(module: AnsibleModule, url: str) -> bytes:
    answer, info = fetch_url(module, url, timeout=20)
    if info["status"] != 200:
        raise packages.PackagesError(
            f"the key {url} can't be fetched: {info['msg']}. Nothing was changed."
            " See to the host's network, name server, proxy and rules for what goes out, then run this again."
        )
    return bytes(answer.read(LARGEST_KEY))


def present(module: AnsibleModule, entry: Path, key_file: Path) -> dict[str, Any]:
    params = module.params

    def run(argv: Sequence[str]) -> tuple[int, str]:
        status, out, error = module.run_command(list(argv), environ_update={"LC_ALL": "C.UTF-8"})
        return status, f"{out}\n{error}".strip()

    wanted = repository.declared(
        params["name"],
        params["url"],
        params["suite"] or release(),
        params["components"],
        params["key"],
        params["fingerprints"],
    )
    architecture = run(["dpkg", "--print-architecture"])[1]
    before = entry.read_text(encoding="utf-8") if entry.exists() else ""
    after, keeps = wanted.text(key_file, architecture), repository.keeps(wanted, key_file)
    changed = before != after or not keeps
    if changed and not module.check_mode:
        data = key_file.read_bytes() if keeps else fetched(module, wanted.key)
        keys = repository.trusted(wanted, data, wanted.key)
        with tempfile.TemporaryDirectory(prefix="package-repository-") as folder:
            repository.attempt(wanted, keys, architecture, Path(folder), run)
        for path, content in ((key_file, keys), (entry, after.encode())):
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            write_atomically(path, content, 0o644)
        packages.update(run)
    return {"changed": changed, "diff": difference(entry, before, after)}


def absent(module: AnsibleModule, entry: Path, key_file: Path) -> dict[str, Any]:
    before = entry.read_text(encoding="utf-8") if entry.exists() else ""
    there = [path for path in (entry, key_file) if path.exists()]
    for path in there if not module.check_mode else []:
        path.unlink()
    return {"changed": bool(there), "diff": difference(entry, before, "")}


def difference(entry: Path, before: str, after: str) -> dict[str, str]:
    return {"before_header": str(entry), "after_header": str(entry), "before": before, "after": after}


def main() -> None:
    module = AnsibleModule(SPEC, supports_check_mode=True, required_if=[("state", "present", ("url", "key"))])
    if os.geteuid() != 0:
        module.fail_json(msg="Only root can tell apt of a repository. Run the task with become: true.")
    entry = repository.SOURCES / f"{module.params['name']}.sources"
    key_file = repository.KEYS / f"{module.params['name']}.gpg"
    try:
        result = (present if module.params["state"] == "present" else absent)(module, entry, key_file)
    except packages.PackagesError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(
            msg=f"{error.filename or entry}: {error.strerror}. See that the disk is not full, then run again."
        )
    module.exit_json(files=[str(entry), str(key_file)], **result)


if __name__ == "__main__":
    main()
