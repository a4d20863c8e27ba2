# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role must know before it may change how a host is reached."""

from __future__ import annotations

import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import login


def release(text: str) -> dict[str, str]:
    """C(/etc/os-release) as a mapping, see os-release(5)."""
    pairs = [line.partition("=") for line in text.splitlines() if "=" in line and not line.startswith("#")]
    return {key: value.strip("\"'") for key, _equals, value in pairs}


def container(proc: Path = Path("/proc"), run: Path = Path("/run")) -> bool:
    """PID 1 of a container has the variable C(container), and systemd keeps it in /run/systemd/container."""
    if (run / "systemd" / "container").exists():
        return True
    try:
        return b"\0container=" in b"\0" + (proc / "1" / "environ").read_bytes()
    except OSError:
        return False


def effective(text: str) -> dict[str, str]:
    """What C(sshd -T) prints, as a mapping; repeated keys are joined by blanks."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, _blank, value = line.partition(" ")
        found[key] = f"{found[key]} {value}" if key in found else value
    return found


def sshd(user: str, address: str) -> dict[str, str]:
    """The settings that sshd would use for this login; nothing when it has none or its files are broken."""
    # Not by run_command of AnsibleModule, which knows no timeout.
    argv = [
        "/usr/sbin/sshd",
        "-T",
        "-C",
        f"user={user},host={address or 'localhost'},addr={address or '127.0.0.1'}",
    ]
    try:
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            argv, capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return effective(done.stdout) if done.returncode == 0 else {}


def key_files(pattern: str, user: str, home: str) -> list[Path]:
    """AuthorizedKeysFile, see sshd_config(5): relative paths begin at the home."""
    words = [word.replace("%h", home).replace("%u", user).replace("%%", "%") for word in pattern.split()]
    return [Path(word) if word.startswith("/") else Path(home) / word for word in words if word != "none"]


def count_keys(files: Sequence[Path]) -> int:
    total = 0
    for file in files:
        try:
            lines = file.read_text(errors="replace").splitlines()
        except OSError:
            continue
        total += sum(1 for line in lines if line.strip() and not line.lstrip().startswith("#"))
    return total


def gather(pid: int, allow_users: Sequence[str], networks: Sequence[str]) -> dict[str, Any]:
    """See the RETURN of host_info."""
    known = release(Path("/etc/os-release").read_text())
    found = login.current(pid)
    user = pwd.getpwuid(found.uid).pw_name if found else ""
    address = found.client if found else ""
    settings = sshd(user or "root", address)
    keys = 0
    if found:
        pattern = settings.get("authorizedkeysfile", ".ssh/authorized_keys")
        keys = count_keys(key_files(pattern, user, pwd.getpwuid(found.uid).pw_dir))
    ports = [int(word) for word in settings.get("port", "22").split()]
    return {
        "distribution": known.get("ID", ""),
        "version": known.get("VERSION_ID", ""),
        "codename": known.get("VERSION_CODENAME", ""),
        "container": container(),
        "docker": Path("/usr/bin/dockerd").exists() or Path("/usr/sbin/dockerd").exists(),
        "sshd_ports": ports,
        "login": {
            "ssh": found is not None,
            "user": user,
            "address": address,
            "port": found.port if found else 0,
            "authorized_keys": keys,
            "allowed": found is None or login.allowed(user, address, allow_users),
            "inside": found is None or not networks or login.inside(address, networks),
        },
    }
