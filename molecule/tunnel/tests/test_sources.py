# SPDX-License-Identifier: GPL-3.0-or-later
"""A program from elsewhere than declared is refused, and what runs goes on as it is."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

EPHEMERAL = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
ROLE = Path(__file__).parents[2] / "faults" / "plays" / "role.yml"
KEYS = json.loads((EPHEMERAL / "vendor.json").read_text())
SERVER = "http://127.0.0.1:8099"
REPOSITORY = {
    "cloudflared_source": "repository",
    "cloudflared_repository": f"{SERVER}/vendor any main",
    "cloudflared_repository_key": f"{SERVER}/vendor.asc",
    "cloudflared_repository_fingerprints": [KEYS["vendor"]],
}
URL = {"cloudflared_source": "url", "cloudflared_url": f"{SERVER}/cloudflared"}
STATE = """
sha256sum /etc/apt/sources.list.d/cloudflared.sources /etc/apt/keyrings/cloudflared.gpg
sha256sum /usr/bin/cloudflared /etc/cloudflared/token
ls /usr/local/bin
systemctl show --property MainPID 'cloudflared@*'
"""

pytestmark = pytest.mark.skipif((EPHEMERAL / "changed").exists(), reason="the server went with the reboot")

REFUSED = {
    "another key": (
        REPOSITORY | {"cloudflared_repository_fingerprints": [KEYS["stranger"]]},
        rf"has the fingerprint {KEYS['vendor']} and not {KEYS['stranger']}\. Nothing was changed",
    ),
    "no fingerprint and no encryption": (
        REPOSITORY | {"cloudflared_repository_fingerprints": []},
        r"the key http://127\.0\.0\.1:8099/vendor\.asc would come without encryption",
    ),
    "signed by a stranger": (
        REPOSITORY | {"cloudflared_repository": f"{SERVER}/stranger any main"},
        r"repository http://127\.0\.0\.1:8099/stranger failed: a repository is not signed by its key",
    ),
    "another checksum": (
        URL | {"cloudflared_checksum": "sha256:" + "0" * 64},
        r"cloudflared_checksum sha256:0{64}: .*did not match.*Nothing was changed\. Compare the checksum",
    ),
    "no checksum": (URL, r"cloudflared_checksum \W+: give an http\(s\) URL, and sha256: with 64"),
    "nothing at the URL": (
        URL | {"cloudflared_url": f"{SERVER}/nothing", "cloudflared_checksum": "sha256:" + "0" * 64},
        r"cloudflared_url is http://127\.0\.0\.1:8099/nothing, .*404.*See that this host reaches that URL",
    ),
}


@pytest.mark.parametrize(("options", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_changes_nothing(host, options, says):
    before = host.check_output(STATE)
    argv = ["ansible-playbook", "-i", os.environ["MOLECULE_INVENTORY_FILE"], str(ROLE)]
    argv += ["-e", json.dumps({"role": "cloudflared", "cloudflared_token": "not-a-real-token", **options})]
    done = subprocess.run(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200, check=False
    )
    assert done.returncode == 2, done.stdout
    assert re.search(says, done.stdout), done.stdout
    assert "changed=0" in done.stdout
    assert host.check_output(STATE) == before
