# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module worker_rollback: undo a rollout, or go back by hand; one concurrent sweep."""

from __future__ import annotations

import re
from typing import Any, ClassVar, TypeVar

from ..module_utils._cloudflare.client import Client
from ..module_utils._cloudflare.errors import NotFound
from ..module_utils._rollout import moves as ways
from ..module_utils._rollout.execute import (
    Sweep,
    each,
    put_back,
    strangers_one_by_one,
)
from ..module_utils._rollout.plan import (
    BY_HAND,
    MARK,
    UNDO,
    listed,
)
from ..module_utils._rollout.undo import (
    PREVIOUS,
    UNKNOWN,
    History,
    Origin,
    Return,
    before_newest,
    explained,
    left_as_they_are,
    origin,
    to_versions,
)
from ..plugin_utils._fleet import (
    MOVES,
    FleetAction,
    Refusal,
    check_status_dest,
    fields_of,
)
from ..plugin_utils._planes import planes_of, whole_tenants

T = TypeVar("T")
R = TypeVar("R")

_VERSION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ActionModule(FleetAction):
    """Puts Workers back."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "moves": MOVES,
        "rollout": {"type": "str"},
        "interrupted": {"type": "dict"},
        "to": {"type": "str"},
        "workers": {"type": "dict"},
        "planes": {"type": "list", "elements": "dict"},
        "force": {"type": "bool", "default": False},
        "status_dest": {"type": "path"},
    }
    constraints: ClassVar[dict[str, Any]] = {
        "mutually_exclusive": [("moves", "to", "workers")],
        "required_one_of": [("moves", "to", "workers")],
        "required_by": {"moves": ("rollout",)},
    }

    def operate(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        if args["moves"] is not None:
            return self._undo(client, args, check)
        return self._by_hand(client, args, check)

    def _undo(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        """Every move of the rollout back to the version that passed its gate last: one call each."""
        moves = ways.parse(args["moves"], args["rollout"])
        if args["interrupted"]:
            wave = ways.wave_from(args["interrupted"])
            moves = ways.interrupted(moves, wave, args["rollout"], "")
        touched = [move for move in moves if move.way_back]
        theirs, notes = self._strangers(client, touched)
        back = [
            Return(move.script, _stood(move), move.way_back) for move in touched if move.script not in theirs
        ]
        notes += left_as_they_are(moves)
        self.so_far["moves"] = [move.as_dict() for move in moves]
        message = f"{MARK}{args['rollout']}{UNDO}"
        return self.so_far | self._sweep(client, back, message, notes, check, force=True)

    def _strangers(self, client: Client, touched: list[ways.Move]) -> tuple[dict[str, str], list[str]]:
        """The Workers that somebody else has deployed meanwhile: they are no longer ours to put back."""
        if not touched:
            return {}, []
        found, unread = strangers_one_by_one(client, touched)
        notes = [f"{script}, because it is not this rollout's any more: {by}" for script, by in found.items()]
        if unread:
            script, error = next(iter(unread.items()))
            notes.append(
                f"{listed(sorted(unread))} could not be read, to see whether somebody else has deployed "
                f"meanwhile, and went back all the same. {script}: {self.clean(str(error))}"
            )
        return found, notes

    def _by_hand(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        """To the version asked for, after everything was read and nothing was refused."""
        check_status_dest(args["status_dest"])
        wanted, fronts = self._wanted(args)
        self._check_versions(client, wanted)
        history = _all(each([*wanted, *fronts], client.workers.deployments))
        if args["to"] == PREVIOUS:
            back = before_newest(history, _origins(client, history), list(wanted), fronts)
        else:
            back = to_versions(history, wanted)
        notes = [
            "data in KV, config documents included, stays as it is",
            "settings of the script (tags, logpush, observability), routes and hostnames stay as they are",
            "a version brings its own secrets; where they changed since, it takes force to go back",
        ]
        for note in notes:
            self.say(f"not restored: {note}")
        return self._sweep(client, back, BY_HAND, notes, check, force=args["force"])

    def _check_versions(self, client: Client, wanted: dict[str, str]) -> None:
        """Refuse versions that their Worker does not have, before anything is written."""
        named = {script: version for script, version in wanted.items() if version != PREVIOUS}
        wrong = [script for script, version in named.items() if not _VERSION.fullmatch(version)]
        if wrong:
            raise Refusal(
                f"Nothing was written. '{named[wrong[0]]}' for {wrong[0]} is no version id: give one like "
                "1155951a-87de-4a67-8e4d-adf1df55ab92, or previous."
            )
        sweep = each(named.items(), lambda pair: client.workers.version(*pair))
        for (script, version), error in sweep.failed:
            if isinstance(error, NotFound):
                raise Refusal(
                    f"Nothing was written. {script} has no version {version}: an id belongs to one Worker, "
                    "and old versions are removed. `wrangler versions list --name` shows those there are.",
                    error=fields_of(error),
                )
            raise error

    def _wanted(self, args: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
        if args["workers"] is not None:
            return {str(name): str(version) for name, version in args["workers"].items()}, []
        planes = planes_of(self._vars, args["planes"])
        if args["to"] != PREVIOUS and len(planes) > 1:
            raise Refusal(
                f"A version belongs to one Worker, and {len(planes)} planes are in this run: limit the "
                "run to one plane, or use 'previous', or the option workers."
            )
        whole, _partial = whole_tenants(self._vars, planes, args["planes"] is not None)
        fronts = {plane["front"]["worker"] for plane in planes if plane["tenant"] in whole}
        return {plane["worker"]: args["to"] for plane in planes}, sorted(
            fronts if args["to"] == PREVIOUS else ()
        )

    def _sweep(
        self, client: Client, back: list[Return], message: str, notes: list[str], check: bool, force: bool
    ) -> dict[str, Any]:
        due = {item.script: item.version for item in back if item.version and item.version != item.now}
        failed: dict[str, Exception] = {}
        if not check:
            failed = {pair[0]: error for pair, error in put_back(client, due, message, force).failed}
        told = {script: self.clean(str(error)) for script, error in failed.items()}
        lines = explained(back, told, () if message == BY_HAND else notes, check)
        for line in lines:
            self.say_line(line)
        result = {
            "changed": bool(due.keys() - failed.keys()),
            "undone": {
                item.script: item.version for item in back if item.script in due.keys() - failed.keys()
            },
            "errors": {script: fields_of(error) for script, error in failed.items()},
            "notes": notes,
            "summary": "\n".join(lines),
            "diff": {
                "before": "".join(f"{item.script}: {item.now}\n" for item in back),
                "after": "".join(f"{item.script}: {item.version or item.now}\n" for item in back),
            },
        }
        if failed:
            others = f" The other {len(due) - len(failed)} were." if len(due) > len(failed) else ""
            raise Refusal(
                f"{len(failed)} Worker(s) could not be put back: {listed(sorted(failed))}.{others} "
                "Run the rollback again.",
                **result,
            )
        return result


def _stood(move: ways.Move) -> str:
    """What an undo takes the traffic from: this rollout's candidate, or what a killed one left there."""
    left = [version for version, _share in move.versions if version != move.way_back]
    return move.candidate or " and ".join(left) or UNKNOWN


def _origins(client: Client, history: History) -> dict[str, Origin]:
    """Whose rollout deployed each Worker; where the deployments don't tell, its version is read."""
    found = {script: origin(deployments) for script, deployments in history.items()}
    unknown = [
        (script, str(history[script][0].sole_version))
        for script, item in found.items()
        if not item.rollout and history[script] and history[script][0].sole_version
    ]
    versions = _all(each(unknown, lambda pair: client.workers.version(*pair)))
    return found | {script: origin(history[script], version) for (script, _id), version in versions.items()}


def _all(sweep: Sweep[T, R]) -> dict[T, R]:
    """What was read of everything; nothing is written where a reading is missing."""
    for item, error in sweep.failed:
        script = item if isinstance(item, str) else item[0]
        raise Refusal(f"Nothing was written. {script}: {error}", error=fields_of(error))
    return dict(sweep.done)
