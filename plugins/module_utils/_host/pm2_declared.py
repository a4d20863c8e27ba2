# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is declared of PM2's processes: checked, turned into entries of PM2's file, written and read."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .pm2 import MARK, NEXT, Problem

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SECRET = re.compile(
    r"secret|token|passw(or)?d|passphrase|credential|api_?key|private_?key|access_?key|(^|_)(key|pwd|pass|dsn|auth)$",
    re.IGNORECASE,
)
# The path of a file that holds a secret is none.
_PLACE = re.compile(r"(^|_)(file|path|dir|directory|id|name|ttl|timeout|url)$", re.IGNORECASE)
_URL = re.compile(r"^[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE)
#: ``pm2 kill`` lets so many instances finish at once, see _operate in PM2's lib/API.js.
_AT_ONCE = 10
#: What PM2 itself needs to stop, in seconds.
_OWN_STOP = 5.0
#: Milliseconds that PM2 gives a process whose declaration says nothing.
_USUAL_STOP = 1600
# PM2 reads these from the environment of what it starts.
_OWN = re.compile(rf"^({MARK}|PM2_.*|pm_.*|NODE_APP_INSTANCE|unique_id|io)$")


def check(process: Mapping[str, Any], allowed: Iterable[str] = ()) -> None:
    """Refuse what PM2 would take otherwise than it was meant, and secrets where everybody can read them."""
    name = str(process.get("name") or "")
    if not _NAME.fullmatch(name) or name.endswith(NEXT) or name == "all":
        raise Problem(
            f"'{name}' can't be the name of a process",
            f"Use letters, digits, dots, dashes, underscores; 64 at most, not 'all', no {NEXT} at the end",
        )
    for key in ("script", "cwd"):
        path = process.get(key)
        if path and (not path.startswith("/") or re.search(r"\s", path)):
            raise Problem(
                f"process {name}: {key} '{path}' is no absolute path without blanks",
                "Write the whole path; PM2 hands a path with a blank to a shell",
            )
    if not process.get("script"):
        raise Problem(f"process {name} has no script", "Say which file it runs")
    _check_numbers(name, process)
    _check_interpreter(name, process)
    _check_env(name, process.get("env") or {}, frozenset(allowed))
    _check_args(name, process.get("args") or [])


def _check_numbers(name: str, process: Mapping[str, Any]) -> None:
    for key, least in (("instances", 1), ("kill_timeout", 100), ("listen_timeout", 100)):
        value = process.get(key)
        if value is not None and value < least:
            raise Problem(f"process {name}: {key} is {value}", f"Set it to {least} or more")
    memory = process.get("max_memory_restart")
    if memory and not re.fullmatch(r"[1-9][0-9]*[KMG]", memory):
        raise Problem(f"process {name}: max_memory_restart '{memory}' is no size", "Write it as 300M or 1G")


def _check_interpreter(name: str, process: Mapping[str, Any]) -> None:
    interpreter, mode = process.get("interpreter") or "node", process.get("exec_mode") or "fork"
    if mode == "cluster" and interpreter != "node":
        raise Problem(
            f"process {name}: exec_mode cluster runs Node only, and the interpreter is '{interpreter}'",
            "Leave the interpreter out, or set exec_mode to fork",
        )
    if interpreter not in ("node", "none") and not interpreter.startswith("/"):
        raise Problem(
            f"process {name}: the interpreter '{interpreter}' is no absolute path",
            "Use node, none, or a whole path",
        )


def looks_secret(name: str) -> bool:
    """Whether a variable or an option of this name is likely to hold a secret."""
    plain = name.lstrip("-").replace("-", "_")
    return bool(_SECRET.search(plain)) and not _PLACE.search(plain)


def _check_env(name: str, env: Mapping[str, Any], allowed: frozenset[str]) -> None:
    for key, value in env.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
            raise Problem(f"process {name}: '{key}' can't be the name of a variable", "Rename it")
        if _OWN.match(key):
            raise Problem(f"process {name}: the variable {key} is PM2's own", "Rename it")
        if key not in allowed and (looks_secret(key) or _URL.match(str(value))):
            raise Problem(
                f"process {name}: the variable {key} looks like a secret, and PM2 shows environments",
                f"Write the value into a file that only the service can read and pass its path, as "
                f"{key}_FILE for example; if it is no secret, name it in allow_env",
            )


def _check_args(name: str, args: Sequence[str]) -> None:
    for arg in args:
        option, _equals, value = str(arg).partition("=")
        named = option.startswith("-")
        if (named and looks_secret(option)) or _URL.match(str(arg)) or _URL.match(value):
            raise Problem(
                f"process {name}: {f'the argument {option}' if named else 'an argument'} looks like a "
                "secret, and every user of the host can read arguments",
                "Write the value into a file that only the service can read and pass its path",
            )


def secret_values(process: Mapping[str, Any]) -> set[str]:
    """The values that :func:`check` would refuse, so that no output repeats them."""
    found = {
        str(value)
        for key, value in (process.get("env") or {}).items()
        if looks_secret(str(key)) or _URL.match(str(value))
    }
    args = [str(arg) for arg in process.get("args") or []]
    for index, arg in enumerate(args):
        option, equals, value = arg.partition("=")
        if _URL.match(arg) or _URL.match(value):
            found |= {arg, value}
        elif option.startswith("-") and looks_secret(option):
            found |= {value} if equals else set(args[index + 1 : index + 2])
    return {value for value in found if value}


def entry(process: Mapping[str, Any], home: str, content: Callable[[str], str]) -> dict[str, Any]:
    """The process as PM2's file declares it. ``content`` answers the digest of a file or folder."""
    name = process["name"]
    app: dict[str, Any] = {
        "name": name,
        "script": process["script"],
        "args": [str(arg) for arg in process.get("args") or []],
        "exec_mode": process.get("exec_mode") or "fork",
        "interpreter": process.get("interpreter") or "node",
        "instances": process.get("instances") or 1,
        "cwd": process.get("cwd") or process["script"].rpartition("/")[0] or "/",
        "kill_timeout": process.get("kill_timeout") or 15000,
        "listen_timeout": process.get("listen_timeout") or 10000,
        "wait_ready": bool(process.get("wait_ready")),
        "out_file": f"{home}/logs/{name}-out.log",
        "error_file": f"{home}/logs/{name}-error.log",
        "merge_logs": True,
        "exp_backoff_restart_delay": 200,
        "pmx": False,
        "vizion": False,
    }
    if process.get("max_memory_restart"):
        app["max_memory_restart"] = process["max_memory_restart"]
    if process.get("node_args"):
        app["node_args"] = [str(arg) for arg in process["node_args"]]
    env = {key: str(value) for key, value in sorted((process.get("env") or {}).items())}
    files = sorted({process["script"], *(process.get("files") or [])})
    sources = {path: content(path) for path in files}
    whole = json.dumps([app, env, sources], sort_keys=True)
    return {**app, "env": {**env, MARK: hashlib.sha256(whole.encode()).hexdigest()[:16]}}


def check_stop(apps: Iterable[Mapping[str, Any]], given: float) -> None:
    """Refuse processes that still finish when systemd ends PM2, ``given`` seconds after it was told to."""
    times = [
        (app.get("kill_timeout", _USUAL_STOP) / 1000, str(app["name"]))
        for app in apps
        for _instance in range(app.get("instances", 1))
    ]
    if not times:
        return
    longest, name = max(times)
    # However the others follow each other, the last one ends by then (Graham's bound of list scheduling).
    queued = (sum(own for own, _name in times) - longest) / _AT_ONCE if len(times) > _AT_ONCE else 0.0
    need = longest + queued + _OWN_STOP
    if need > given:
        together = f", all {len(times)} instances up to {longest + queued:g} s" if queued else ""
        raise Problem(
            f"process {name} may take {longest:g} s to finish (kill_timeout){together}, and systemd ends PM2 "
            f"with all its processes {given:g} s after it told it to stop",
            f"Set pm2_stop_timeout of the role pm2 to {math.ceil(need)} or more, or lower kill_timeout",
        )


def seconds(text: str) -> float:
    """A span of time as ``systemctl show`` prints it, such as ``1min 30s``; what is no span never ends."""
    units = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
    parts = re.findall(r"([0-9.]+)([a-z]+)", text)
    return sum(float(number) * units.get(unit, math.inf) for number, unit in parts) if parts else math.inf


def named_next(app: Mapping[str, Any]) -> dict[str, Any]:
    """The same process under the name in which it proves itself."""
    return {**app, "name": app["name"] + NEXT}


def read_declared(text: str, path: str) -> dict[str, dict[str, Any]]:
    """Read the declared file: the entries by name, in its order."""
    if not text.strip():
        return {}
    try:
        apps = json.loads(text)["apps"]
        return {str(app["name"]): app for app in apps}
    except (ValueError, KeyError, TypeError):
        raise Problem(f"{path} is no list of processes", "Remove it, then run the play again") from None


def write_declared(apps: Iterable[Mapping[str, Any]]) -> str:
    """The declared file, one order and one form."""
    ordered = sorted(apps, key=lambda app: str(app["name"]))
    return json.dumps({"apps": ordered}, indent=1) + "\n"


__all__ = [
    "check",
    "check_stop",
    "entry",
    "looks_secret",
    "named_next",
    "read_declared",
    "seconds",
    "secret_values",
    "write_declared",
]
