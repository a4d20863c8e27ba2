# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts a secret into a file of the target that only its owner can read.

The content travels on the standard input of a shell on the target: it is in no argument, environment
variable, temporary file of the controller, or log.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Any

from ansible.plugins.action import ActionBase

_LOOK = """p={path}; d=$(dirname -- "$p"); while [ ! -e "$d" ]; do d=$(dirname -- "$d"); done
if [ -L "$p" ]; then echo link; elif [ -d "$p" ] || {{ [ -e "$p" ] && [ ! -f "$p" ]; }}; then echo other
elif [ ! -w "$d" ] || [ ! -d "$d" ]; then echo denied
elif [ -f "$p" ]; then stat -c '%a %u' -- "$p"; id -u; sha256sum <"$p"; grep -cF -- {mark} <"$p"
else echo missing; fi"""
_WRITE = """set -eu; umask 077; p={path}; d=$(dirname -- "$p"); n=$(basename -- "$p"); mkdir -p -- "$d"
rm -f -- "$d/.$n".??????; t=$(mktemp -- "$d/.$n.XXXXXX"); trap 'rm -f -- "$t"' EXIT
cat >"$t"; [ "$(wc -c <"$t")" -eq {size} ] || {{ echo 'it came incomplete' >&2; exit 1; }}
sync -- "$t"; mv -fT -- "$t" "$p"; trap - EXIT; sync -- "$d" """


class Unwritable(Exception):
    """The file can't be written; the text names it, the reason and the remedy, and holds no content."""


@dataclass(frozen=True)
class Found:
    """What is in the place of the file: the SHA-256 of the content, and whether only its owner can use it."""

    digest: str | None
    private: bool
    marked: bool


def look(action: ActionBase, path: str, mark: str = "\n") -> Found:
    """Read about the file, not its content; ``marked`` says whether it holds a text that is no secret.

    Raises Unwritable when a write could not succeed, so that nothing has to be undone later.
    """
    _refuse_paths(path)
    _refuse_connections(action, path)
    quote = action._connection._shell.quote
    result = action._low_level_execute_command(_LOOK.format(path=quote(path), mark=quote(mark)))
    lines = str(result.get("stdout") or "").split("\n")
    answer = lines[0].strip()
    if answer == "missing":
        return Found(None, False, False)
    if answer in _REASONS:
        raise Unwritable(f"{path} {_REASONS[answer]}")
    if len(lines) < 4 or not lines[2].strip():
        reason = str(result.get("stderr") or result.get("msg") or "no answer").strip()[-300:]
        raise Unwritable(f"{path} can't be looked at ({reason}): check the connection and become.")
    mode, owner = answer.split()
    private = mode == "600" and owner == lines[1].strip()
    return Found(lines[2].split()[0], private, lines[3].strip() not in ("", "0"))


def write(action: ActionBase, path: str, content: bytes) -> None:
    """Write the file, all of it or nothing, with mode 0600, for the user of the task."""
    quote = action._connection._shell.quote
    command = _WRITE.format(path=quote(path), size=len(content))
    result = action._low_level_execute_command(command, in_data=content)
    if result.get("rc") != 0:
        reason = str(result.get("stderr") or "").strip().splitlines()[-1:] or ["no reason was given"]
        raise Unwritable(
            f"{path} could not be written ({reason[0][:300]}): make room or correct it, run again."
        )


_REASONS = {
    "link": "is a symbolic link: remove it, or name the file itself.",
    "other": "is no regular file: choose another path.",
    "denied": "is in a folder that this user can't write to: set become, or choose another path.",
}


def _refuse_paths(path: str) -> None:
    if not path.startswith("/") or path != posixpath.normpath(path) or "\n" in path or "\0" in path:
        raise Unwritable(f"'{path}' is no absolute path without detours: give one such as /etc/app/token.")


def _refuse_connections(action: ActionBase, path: str) -> None:
    """Refuse a connection that can't carry standard input: the content would need a temporary file."""
    become: Any = action._connection.become
    if not action._connection.has_pipelining or (become is not None and not become.pipelining):
        way = become.name if become is not None and not become.pipelining else action._connection.transport
        raise Unwritable(
            f"{path} can't be written over '{way}', which has no standard input to carry a secret: use a "
            "connection with pipelining (ssh, docker, local) and sudo or doas to become another user."
        )


__all__ = ["Found", "Unwritable", "look", "write"]
