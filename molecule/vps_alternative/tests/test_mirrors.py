# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages come from where they are told to, and from nobody else. Stand-ins serve them, see prepare.yml."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROLE = Path(__file__).parents[2] / "faults" / "plays" / "role.yml"
KEYS = json.loads((Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "vendor.json").read_text())
SERVER = "http://127.0.0.1:8099"
FILES = "/etc/apt/sources.list.d/docker-vendor.sources /etc/apt/keyrings/docker-vendor.gpg"


def test_the_engine_is_the_vendors(host):
    for name in ("docker-ce", "docker-ce-cli", "containerd.io", "docker-compose-plugin"):
        policy = host.check_output(f"apt-cache policy {name}")
        assert "Installed: 1:99.0-1" in policy, policy
        assert f"{SERVER}/vendor" in policy, policy


REFUSED = {
    "another key than was named": (
        {"docker_vendor_key_fingerprint": KEYS["stranger"]},
        rf"has the fingerprint {KEYS['vendor']} and not {KEYS['stranger']}\. Nothing was changed",
    ),
    "a repository that a stranger signed": (
        {"docker_vendor_url": f"{SERVER}/stranger"},
        r"repository http://127\.0\.0\.1:8099/stranger failed: a repository is not signed by its key",
    ),
    "no repository at all": (
        {"docker_vendor_url": f"{SERVER}/nowhere"},
        r"a repository has nothing for this release",
    ),
}


@pytest.mark.parametrize(("options", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_changes_nothing(host, options, says):
    before = host.check_output(f"sha256sum {FILES}")
    argv = ["ansible-playbook", "-i", os.environ["MOLECULE_INVENTORY_FILE"], str(ROLE)]
    argv += ["-e", json.dumps({"role": "docker", **options})]
    done = subprocess.run(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200, check=False
    )
    assert done.returncode == 2, done.stdout
    assert re.search(says, done.stdout), done.stdout
    assert "changed=0" in done.stdout
    assert host.check_output(f"sha256sum {FILES}") == before
    host.check_output("apt-get update --error-on=any")


def test_pm2_came_by_the_mirror(host):
    served = host.check_output("cat /srv/npm.log").splitlines()
    assert any(re.fullmatch(r"200 /pm2/-/pm2-[0-9.]+\.tgz", line) for line in served), served[-5:]
