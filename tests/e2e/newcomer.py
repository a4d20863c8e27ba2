# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that a person types, in a folder of their own and with nothing of this environment."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from taint import Canary, leaks

ROOT = Path(__file__).resolve().parents[2]
_KEPT = ("HOME", "USER", "LANG", "TMPDIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS")
# A newcomer's PATH: no virtual environment, no version manager.
_PATH = "/usr/local/bin:/usr/bin:/bin"
_NODE = {"node", "nodejs", "npm", "npx", "corepack"}


@dataclass(frozen=True)
class Shell:
    """Runs commands in one folder with a clean environment."""

    folder: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    # Words before each command, which make it another user's.
    wrapper: Sequence[str] = ()

    def run(self, *argv: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.wrapper, *argv],
            cwd=self.folder,
            env=environment() | dict(self.extra) | {"PWD": str(self.folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )

    def good(self, *argv: str, timeout: float = 600) -> str:
        """Run a command that has to succeed and answer what it said."""
        done = self.run(*argv, timeout=timeout)
        assert done.returncode == 0, f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout


@dataclass(frozen=True)
class Newcomer(Shell):
    """Somebody's shell, and a home folder with what was in it at first."""

    home: Path = Path()
    at_home: Sequence[str] = ()


def as_ordinary_user() -> list[str]:
    """Words that make a command that of somebody without rights; none when this is such a user already.

    It is nobody: there is no account to make, and none to remove.
    """
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return []
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--no-new-privs"]


def path_without_node(folder: Path) -> str:
    """Fill a folder with links to all programs but Node's, to be the whole PATH."""
    folder.mkdir()
    for place in map(Path, _PATH.split(":")):
        for program in place.iterdir():
            link = folder / program.name
            if program.name not in _NODE and not link.is_symlink():
                link.symlink_to(program)
    return str(folder)


def fresh_home(folder: Path) -> list[str]:
    """Make a home folder with nothing but the way to the registries; answer what is in it."""
    folder.mkdir()
    kept = []
    for name in (".npmrc", ".config/pip/pip.conf", ".pip/pip.conf"):
        found = Path.home() / name
        if found.is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(found, folder / name)
            kept.append(name)
    return sorted(kept)


def give(folder: Path, shell: Shell) -> None:
    """Let the user of a shell own a folder and everything in it."""
    if shell.wrapper:
        subprocess.run(["chown", "-hR", "nobody:nogroup", str(folder)], check=True)


def environment() -> dict[str, str]:
    """What is kept of this environment: who one is, and the way to the registries."""
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("PIP_")}
    return kept | {"PATH": _PATH, "ANSIBLE_NOCOLOR": "1"}


def free_ports(count: int = 3) -> list[int]:
    """Ports that were free a moment ago."""
    sockets = [socket.socket() for _turn in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def recap(output: str) -> dict[str, dict[str, int]]:
    """Ansible's own summary: for each host how many tasks were ok, changed, failed ..."""
    pattern = re.compile(r"^(\S+)\s+: (ok=\d+.*)$", re.MULTILINE)
    return {
        host: {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", counts)}
        for host, counts in pattern.findall(output)
    }


def changes(output: str) -> int:
    """How many tasks changed something, by Ansible's own summary."""
    found = recap(output)
    assert found, f"no summary in:\n{output}"
    return sum(counts["changed"] for counts in found.values())


def processes_below(folder: Path) -> list[str]:
    """Command lines that name a folder."""
    return list(commands_below(folder).values())


def pids_below(folder: Path, program: str) -> list[int]:
    """Processes of one program, by its file's name, whose command line names a folder."""
    running = {pid: Path(f"/proc/{pid}/exe") for pid in commands_below(folder)}
    return [pid for pid, exe in running.items() if exe.exists() and exe.readlink().name == program]


def token_places(run: Path, *others: Path) -> set[str]:
    """Where the embedded edge's token is, in what was written below a run directory and in other places.

    What was installed there is left out: hundreds of megabytes that nothing writes to.
    """
    token = Canary("token", (run / "edge.token").read_text().strip())
    written = [path for path in run.iterdir() if path.name not in ("cache", "library", "tools", "venv")]
    return {leak.place for leak in leaks([token], [*written, *others])}


def token_holders(run: Path) -> set[str]:
    """The files that have to hold the token."""
    return {str(run / name) for name in ("edge.env", "edge.token", "relay/acme/secrets.json")}


def commands_below(folder: Path) -> dict[int, str]:
    """Command lines that name a folder, by process."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words:
            found[int(entry.parent.name)] = words
    return found


def copy_of_checkout(target: Path) -> None:
    """What git tracks or would track, as it is now, in a repository of its own."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    present = b"\0".join(name for name in names if name and (ROOT / os.fsdecode(name)).exists())
    target.mkdir(parents=True)
    packed = subprocess.run(
        ["tar", "--null", "-T", "-", "-c"], cwd=ROOT, input=present, capture_output=True, check=True
    )
    subprocess.run(["tar", "-x", "-C", str(target)], input=packed.stdout, check=True)
    identity = ["-c", "user.name=e2e", "-c", "user.email=e2e@localhost", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "copy"]):
        subprocess.run(["git", *words], cwd=target, check=True, env=environment())


def ansible(name: str) -> str:
    """One of Ansible's programs, from the environment of these tests or the one that NEWCOMER_VENV names."""
    venv = os.environ.get("NEWCOMER_VENV")
    return str(Path(venv, "bin", name) if venv else Path(sys.executable).parent / name)


def words(options: Sequence[str]) -> list[str]:
    """Each option as an extra variable of Ansible."""
    return [word for option in options for word in ("-e", option)]
