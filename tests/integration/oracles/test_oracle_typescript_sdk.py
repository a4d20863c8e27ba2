# SPDX-License-Identifier: GPL-3.0-or-later
"""The official TypeScript SDK works against the embedded edge."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from oracle_tools import node, package

SCRIPT = Path(__file__).with_name("typescript_sdk.mjs")


def test_typescript_sdk(clean_edge: Any) -> None:
    package("cloudflare", "package.json")
    environment = {
        **clean_edge.env,
        "PATH": os.environ["PATH"],
        "EDGE_HTTP_PORT": str(clean_edge.http_port),
        "EDGE_ZONE": clean_edge.zone,
    }
    done = subprocess.run(
        [node(), str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ok\n"
