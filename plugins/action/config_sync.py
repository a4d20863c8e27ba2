# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module config_sync: documents of planes and their KV namespaces, both ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ..module_utils._cloudflare.client import Client
from ..module_utils._cloudflare.errors import ApiError
from ..module_utils._config.canonical import Unsound, canonical, check_sound
from ..module_utils._config.files import Store, StoreError
from ..module_utils._config.namespace import Namespace
from ..module_utils._config.plan import Plan, Stamp
from ..module_utils._config.policy import FAIL, PatternError, rules
from ..module_utils._config.revision import MAX_WHY, LimitError, contents
from ..module_utils._config.state import State
from ..module_utils._config.sync import SyncError, Wanted, apply, planned, read
from ..module_utils._config.text import conflict, explained, value
from ..module_utils._config.view import View
from ..module_utils._ledger import Ledger, LedgerError
from ..module_utils._topology import JSONSCHEMA_MISSING, Schemas, TopologyError, read_schemas, told
from ..plugin_utils._config_store import SHARED as STORE
from ..plugin_utils._fleet import FleetAction, Refusal
from ..plugin_utils._planes import planes_of
from ..plugin_utils._secret_store import SHARED as SECRETS
from ..plugin_utils._secret_store import who

_THREADS = 32
_SHOWN = 400


@dataclass(frozen=True)
class Job:
    """One plane: what is wanted, what is remembered, where it is kept."""

    plane: str
    wanted: Wanted
    state: State
    port: Namespace


class ActionModule(FleetAction):
    """Synchronises planes."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "state": {"type": "str", "choices": ["synced", "restored"], "default": "synced"},
        "directory": STORE["directory"],
        "ledger": SECRETS["ledger"],
        "planes": {"type": "list", "elements": "dict"},
        "schemas": {"type": "path"},
        "policies": {"type": "dict", "default": {}},
        "resolve": {"type": "dict", "default": {}},
        "approval": {"type": "list", "elements": "str", "default": []},
        "approve": {"type": "list", "elements": "str", "default": []},
        "forget": {"type": "list", "elements": "str", "default": []},
        "revision": {"type": "int"},
        "revisions": {"type": "dict"},
        "why": {"type": "str", "default": ""},
    }
    constraints: ClassVar[dict[str, Any]] = {
        "required_if": [["state", "restored", ["revision", "revisions"], True]]
    }
    speaking: ClassVar[tuple[type[Exception], ...]] = (
        LedgerError,
        LimitError,
        PatternError,
        StoreError,
        TopologyError,
    )

    def missing(self) -> str:
        return super().missing() or JSONSCHEMA_MISSING

    def operate(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        store = Store(Path(args["directory"]).absolute())
        with nullcontext() if check else store.held():
            jobs = self._jobs(client, store, args)
            views = _each(jobs, lambda job: read(job.port, job.wanted, job.state))
            plans = {job.plane: _plan(job, views[job.plane]) for job in jobs}
            errors = {} if check else self._write(jobs, plans, store, args)
        return self._result(jobs, plans, errors)

    def _jobs(self, client: Client, store: Store, args: dict[str, Any]) -> list[Job]:
        """Everything that can be found wrong without the API, before it is called."""
        schemas = read_schemas(args["schemas"])
        given = rules(
            {**args["resolve"], **args["policies"], **args["resolve"]}, args["approval"], args["approve"]
        )
        stamp = Stamp(who(), datetime.now(UTC), _why(args["why"]))
        found, wrong = [], []
        check = _Checked(schemas)
        for plane in planes_of(self._vars, args["planes"]):
            if not plane.get("kv_namespace") or plane["name"] not in (args["revisions"] or [plane["name"]]):
                continue
            declared = {"gateway": plane.get("settings") or {}, **(plane.get("documents") or {})}
            state = store.read(plane["name"]).forgetting(_path(text) for text in args["forget"])
            wrong += [f"{plane['name']}: {text}" for text in check(state.effective(declared))]
            contents(declared)
            revision = _revision(args, plane["name"])
            wanted = Wanted(declared, given, stamp, check, revision)
            found.append((plane, wanted, state))
        if wrong:
            more = f" And {len(wrong) - 20} more." if len(wrong) > 20 else ""
            raise Refusal("Nothing was written. " + " ".join(f"{text}." for text in wrong[:20]) + more)
        ids = {space.title: space.id for space in client.kv.namespaces()} if found else {}
        return [
            Job(
                plane["name"],
                wanted,
                state,
                Namespace(client, plane["kv_namespace"], ids.get(plane["kv_namespace"])),
            )
            for plane, wanted, state in found
        ]

    def _write(
        self, jobs: Sequence[Job], plans: Mapping[str, Plan], store: Store, args: dict[str, Any]
    ) -> dict[str, Exception]:
        due = [job for job in jobs if plans[job.plane].writes]
        kept = [
            plans[job.plane].state
            for job in jobs
            if job not in due and not plans[job.plane].stops and plans[job.plane].state != job.state
        ]
        for state in kept:  # another's revision that needs nothing more
            store.write(state)
        if not due:
            return {}
        self.so_far["changed"] = True
        names = ", ".join(job.plane for job in due[:8])
        subject = {"planes": len(due), "names": names, "state": args["state"]}
        with Ledger(Path(args["ledger"]).absolute(), who()).change("config", subject, _why(args["why"])):
            done = _each(due, lambda job: apply(job.port, plans[job.plane], store.write))
            errors = {plane: error for plane, error in done.items() if isinstance(error, Exception)}
            if len(errors) == len(due):
                raise next(iter(errors.values()))
        return errors

    def _result(
        self, jobs: Sequence[Job], plans: Mapping[str, Plan], errors: Mapping[str, Exception]
    ) -> dict[str, Any]:
        lines = [line for job in jobs for line in explained(job.plane, job.state, plans[job.plane])]
        for line in lines[:_SHOWN]:
            self.say_line(line)
        if len(lines) > _SHOWN:
            self.say(f"and {len(lines) - _SHOWN} more lines")
        stopped = [job.plane for job in jobs if plans[job.plane].stops]
        result = {
            "changed": any(plan.writes for plan in plans.values()),
            "planes": {
                job.plane: _told(job, plans[job.plane]) for job in jobs if plans[job.plane] != Plan(job.state)
            },
            "unchanged": sum(plans[job.plane] == Plan(job.state) for job in jobs),
            "stopped": stopped,
            "summary": "\n".join(lines[:_SHOWN]),
            "diff": _diff(jobs, plans),
        }
        if errors:
            plane, error = next(iter(errors.items()))
            raise Refusal(
                f"{len(errors)} plane(s) were not synchronised to the end, first {plane}: {error} Run again: "
                "what was written is not written twice.",
                **result,
            )
        if stopped:
            raise Refusal(
                f"{len(stopped)} plane(s) were left as they are, because somebody has to decide: "
                f"{', '.join(stopped[:5])}. The other planes were synchronised. {_first(plans[stopped[0]])}",
                **result,
            )
        return result


class _Checked:
    """What is wrong with documents, each looked at once."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._known: dict[bytes, list[str]] = {}

    def __call__(self, documents: Mapping[str, Any]) -> list[str]:
        return [text for name, document in documents.items() for text in self._one(name, document)]

    def _one(self, name: str, document: Any) -> list[str]:
        try:
            check_sound(document)
        except Unsound as error:
            return [f"{name}: {error}"]
        key = name.encode() + b"\0" + canonical(document)
        if key not in self._known:
            self._known[key] = told(self._schemas, {name: document})
        return self._known[key]


def _plan(job: Job, view: View | Exception | None) -> Plan:
    """Decided in the main thread, where patterns that search for ever can be stopped."""
    if isinstance(view, SyncError):
        return Plan(job.state, blocked=(str(view),))
    if isinstance(view, Exception):
        raise view
    try:
        return planned(view, job.wanted, job.state)
    except LimitError as error:
        return Plan(job.state, blocked=(str(error),))


def _each(jobs: Sequence[Job], work: Any) -> dict[str, Any]:
    """Do the work on every plane, whatever happens to the others; answers results and errors by plane."""
    if not jobs:
        return {}

    def guarded(job: Job) -> Any:
        try:
            return work(job)
        except (ApiError, LimitError, StoreError, SyncError) as error:
            return error

    with ThreadPoolExecutor(min(_THREADS, len(jobs))) as pool:
        return dict(zip((job.plane for job in jobs), pool.map(guarded, jobs), strict=True))


def _told(job: Job, plan: Plan) -> dict[str, Any]:
    return {
        "before": job.state.revision,
        "revision": plan.state.revision,
        "changes": [change.as_dict() for change in plan.made],
        "conflicts": [
            {"path": list(item.conflict.path), "source": item.source, "policy": item.policy}
            for item in plan.conflicts
        ],
        "edits": [edit.as_dict() for edit in plan.edits],
        "blocked": list(plan.blocked),
    }


def _diff(jobs: Sequence[Job], plans: Mapping[str, Plan]) -> list[dict[str, str]]:
    return [
        {
            "before_header": job.plane,
            "after_header": job.plane,
            "before": "".join(
                f"{'.'.join(item.path)}: {value(item.before)}\n" for item in plans[job.plane].made
            ),
            "after": "".join(
                f"{'.'.join(item.path)}: {value(item.after)}\n" for item in plans[job.plane].made
            ),
        }
        for job in jobs
        if plans[job.plane].made
    ]


def _first(plan: Plan) -> str:
    lines = [*plan.blocked, *(conflict(item) for item in plan.conflicts if item.policy == FAIL)]
    return f"{lines[0]}."


def _revision(args: Mapping[str, Any], plane: str) -> int | None:
    """Which revision of this plane is brought back, None where both sides are merged."""
    if args["state"] != "restored":
        return None
    given = args["revisions"] or {}
    return int(given[plane]) if str(given.get(plane, "")).isdecimal() else int(args["revision"] or 0)


def _path(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(".") if part)


def _why(text: str) -> str:
    if len(text) > MAX_WHY:
        raise Refusal(f"why has {len(text)} characters; {MAX_WHY} are the most.")
    return text


__all__ = ["ActionModule"]
