# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PM2 is asked: argument lists, its small environment, and the declared ecosystem file."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .choice import Ports
from .layout import Layout, private
from .problem import Problem

NAME = "embedded-edge"
_PATIENCE = 30
_TAIL = 5


@dataclass(frozen=True)
class Settings:
    """How the embedded edge is to run, and on which ports relays will listen beside it."""

    ports: Ports
    zones: tuple[str, ...]
    relays: frozenset[int] = frozenset()


def ecosystem(layout: Layout, settings: Settings, source: str) -> str:
    """The ecosystem file. ``source`` is the digest of the code, so that new code is a new file."""
    zones = [part for zone in settings.zones for part in ("--zone", zone)]
    ports = ["--api-port", str(settings.ports.api), "--http-port", str(settings.ports.http)]
    places = ["--dir", str(layout.run), "--workerd", str(layout.workerd)]
    argv = ["-m", "embedded_edge", "serve", *places, *ports, *zones]
    env = {"PYTHONPATH": str(layout.files), "EMBEDDED_EDGE_SOURCE": source}
    return declared(layout, NAME, argv, env, layout.output)


def declared(layout: Layout, name: str, argv: Sequence[str], env: Mapping[str, str], output: Path) -> str:
    """The ecosystem file of one Python program."""
    app = {
        "name": name,
        # Relative to cwd: PM2 hands a script whose path has a space to a shell.
        "script": str(layout.python.relative_to(layout.run)),
        "args": list(argv),
        "interpreter": "none",
        "exec_mode": "fork",
        "cwd": str(layout.run),
        "env": {
            "PYTHONPYCACHEPREFIX": str(layout.run / "cache" / "pycache"),
            "PYTHONUNBUFFERED": "1",
            **env,
        },
        "out_file": str(output),
        "error_file": str(output),
        "kill_timeout": 10000,
        "exp_backoff_restart_delay": 200,
        "max_restarts": 10,
    }
    return json.dumps({"apps": [app]}, indent=1) + "\n"


def environment(layout: Layout, node: Path) -> dict[str, str]:
    """PM2 hands its own environment to what it starts, so it gets nothing but this."""
    sockets = layout.sockets
    return {
        "PATH": os.pathsep.join([str(node.parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "HOME": str(layout.run),
        "LANG": "C.UTF-8",
        "PM2_HOME": str(layout.pm2_home),
        "PM2_DAEMON_RPC_PORT": str(sockets / "rpc.sock"),
        "PM2_DAEMON_PUB_PORT": str(sockets / "pub.sock"),
        "PM2_INTERACTOR_RPC_PORT": str(sockets / "interactor.sock"),
        "PM2_NO_INTERACTION": "true",
        "PM2_DISCRETE_MODE": "true",
    }


def ask(layout: Layout, node: Path, *words: str) -> None:
    """Run one PM2 command; it gives up after half a minute."""
    for folder in (layout.pm2_home, layout.sockets):
        private(folder)
    try:
        done = subprocess.run(
            [str(node), str(layout.pm2), *words, "--silent"],
            env=environment(layout, node),
            cwd=layout.run,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Problem(f"pm2 {words[0]} gave no answer in {_PATIENCE} s", f"Read {_log(layout)}") from None
    except OSError as error:
        raise Problem(
            f"pm2 can't be started: {error}", f"Remove {layout.installed} and run this again"
        ) from None
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[-300:] or "it said nothing"
        raise Problem(f"pm2 {words[0]} failed: {said}", f"Read {_log(layout)}")


def said(output: Path) -> str:
    """The last lines of what a program has said, as one."""
    return " | ".join(output.read_text(errors="replace").strip().splitlines()[-_TAIL:]) or "nothing"


def _log(layout: Layout) -> Path:
    return layout.pm2_home / "pm2.log"


__all__ = ["NAME", "Settings", "ask", "declared", "ecosystem", "environment", "said"]
