# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is decided about PM2's processes: declared entries, what runs, and the steps from one to the other.

Nothing here touches the host. PM2 is asked by :mod:`.pm2_client`, and :mod:`.pm2_converge` takes the steps.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: The environment variable by which a running process tells which declaration it was started from.
MARK = "ADSENGINEER_DECLARED"
#: A replacement proves itself under this name beside the running processes.
NEXT = ".next"
#: PM2's words for a process that runs or is about to.
UP = frozenset({"online", "launching"})

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SECRET = re.compile(
    r"secret|token|passw(or)?d|passphrase|credential|api_?key|private_?key|access_?key|(^|_)(key|pwd|pass|dsn|auth)$",
    re.IGNORECASE,
)
# The path of a file that holds a secret is none.
_PLACE = re.compile(r"(^|_)(file|path|dir|directory|id|name|ttl|timeout|url)$", re.IGNORECASE)
_URL = re.compile(r"^[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE)
# PM2 reads these from the environment of what it starts.
_OWN = re.compile(rf"^({MARK}|PM2_.*|pm_.*|NODE_APP_INSTANCE|unique_id|io)$")


class Problem(Exception):
    """What is wrong, and what to do about it."""

    def __init__(self, wrong: str, remedy: str) -> None:
        super().__init__(f"{wrong}. {remedy}.")
        self.wrong, self.remedy = wrong, remedy


@dataclass(frozen=True)
class Instance:
    """One running process as PM2 lists it: ``started`` in milliseconds since 1970, ``memory`` in bytes."""

    id: int
    name: str
    pid: int
    status: str
    mode: str
    restarts: int
    started: int
    memory: int = 0
    cpu: float = 0.0
    declared: str = ""


@dataclass(frozen=True)
class Step:
    """What is to be done with the processes of one name."""

    name: str
    action: str  # start, replace, restart, remove
    reason: str
    entry: Mapping[str, Any] = field(default_factory=dict)


def parse_jlist(text: str) -> list[Instance]:
    """Read what ``pm2 jlist`` printed. PM2 prints banners, warnings and colours before the list."""
    empty = False
    for start in (found.start() for found in re.finditer(r"\[", text)):
        try:
            items, _end = json.JSONDecoder().raw_decode(text, start)
        except ValueError:
            continue
        if items and all(isinstance(item, dict) and "pm2_env" in item for item in items):
            return [_instance(item) for item in items]
        empty = empty or items == []
    if empty:
        return []
    said = " ".join(text.split())[:120] or "nothing"
    raise Problem(
        f"pm2 jlist printed no list of processes, but: {said}", "Run it by hand and read what it says"
    )


def _instance(item: Mapping[str, Any]) -> Instance:
    env = item.get("pm2_env") or {}
    monit = item.get("monit") or {}
    inner = env.get("env") or {}
    return Instance(
        id=_number(item.get("pm_id", env.get("pm_id"))),
        name=str(item.get("name") or env.get("name") or ""),
        pid=_number(item.get("pid")),
        status=str(env.get("status") or "unknown"),
        mode="cluster" if env.get("exec_mode") == "cluster_mode" else "fork",
        restarts=_number(env.get("restart_time")),
        started=_number(env.get("pm_uptime")),
        memory=_number(monit.get("memory")),
        cpu=float(monit.get("cpu") or 0),
        declared=str(inner.get(MARK) or ""),
    )


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        # While PM2 reloads by itself, the old process has an id such as _old_0.
        return -1


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


def plan(
    wanted: Sequence[Mapping[str, Any]],
    unwanted: Iterable[str],
    running: Sequence[Instance],
    *,
    reload: bool = False,
) -> list[Step]:
    """The steps from what runs to what is wanted; names in neither list are left alone."""
    names = {one.name for one in running}
    steps = []
    for app in wanted:
        found = [one for one in running if one.name == app["name"]]
        action, reason = _judge(app, found, reload)
        if action:
            steps.append(Step(str(app["name"]), action, reason, app))
    # What an interrupted run left may be all that serves: it goes last, unless its name is needed.
    left = [
        Step(name, "remove", "was left by an interrupted run")
        for name in sorted(names)
        if name.endswith(NEXT)
    ]
    needed = {step.name + NEXT for step in steps if step.action == "replace"}
    first = [step for step in left if step.name in needed]
    removed = [Step(name, "remove", "not declared") for name in sorted(set(unwanted) & names)]
    return [*first, *removed, *steps, *(step for step in left if step not in first)]


def _judge(app: Mapping[str, Any], found: Sequence[Instance], reload: bool) -> tuple[str, str]:
    if not found:
        return "start", "does not run"
    reason = _difference(app, found) or ("was asked for" if reload else "")
    if not reason:
        return "", ""
    both = app["exec_mode"] == "cluster" and all(one.mode == "cluster" for one in found)
    return ("replace" if both and any(one.status in UP for one in found) else "restart"), reason


def _difference(app: Mapping[str, Any], found: Sequence[Instance]) -> str:
    down = [one for one in found if one.status not in UP]
    if any(one.declared != app["env"][MARK] for one in found):
        return "was started from another declaration"
    if len(found) != app["instances"]:
        return f"{len(found)} of {app['instances']} instances"
    return f"is {down[0].status}" if down else ""


def unfit(app: Mapping[str, Any], found: Sequence[Instance], seconds: float) -> str:
    """Why processes that took ``seconds`` to start can't be trusted, or nothing."""
    if len(found) != app["instances"]:
        return f"{len(found)} of {app['instances']} instances came up"
    for one in found:
        if one.declared != app["env"][MARK]:
            return "another one runs under its name"
        if one.status != "online":
            return f"it is {one.status}"
        if one.restarts > 0:
            return f"it ended and was started again {one.restarts} times"
    if app["wait_ready"] and seconds * 1000 >= app["listen_timeout"] * app["instances"]:
        return f"it did not send 'ready' within {app['listen_timeout']} ms"
    return ""


def summary(running: Sequence[Instance], declared: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What runs and what is declared, by name; without environments."""
    found = []
    for name in sorted({one.name for one in running} | set(declared)):
        own = [one for one in running if one.name == name]
        app = declared.get(name)
        found.append(
            {
                "name": name,
                "declared": app is not None,
                "current": bool(app and own) and not _difference(app or {}, own),
                "status": _status(own),
                "instances": [
                    {
                        "id": one.id,
                        "pid": one.pid,
                        "status": one.status,
                        "mode": one.mode,
                        "restarts": one.restarts,
                        "started": one.started // 1000,
                        "memory": one.memory,
                        "cpu": one.cpu,
                    }
                    for one in own
                ],
            }
        )
    return found


def _status(found: Sequence[Instance]) -> str:
    states = {one.status for one in found}
    if not states:
        return "absent"
    return states.pop() if len(states) == 1 else "mixed"


__all__ = [
    "MARK",
    "NEXT",
    "UP",
    "Instance",
    "Problem",
    "Step",
    "check",
    "entry",
    "looks_secret",
    "named_next",
    "parse_jlist",
    "plan",
    "read_declared",
    "secret_values",
    "summary",
    "unfit",
    "write_declared",
]
