# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module worker_rollback: undo a rollout, or go back by hand; one concurrent sweep."""

from __future__ import annotations

from typing import Any, ClassVar

from ..module_utils._cloudflare.client import Client
from ..module_utils._rollout import moves as ways
from ..module_utils._rollout.execute import (
    each,
    put_back,
)
from ..module_utils._rollout.plan import MARK, listed
from ..module_utils._rollout.undo import (
    BY_HAND,
    PREVIOUS,
    UNDO,
    UNKNOWN,
    Return,
    by_hand,
    explained,
    fronts_touched,
    left_as_they_are,
)
from ..plugin_utils._fleet import (
    MOVES,
    FleetAction,
    Refusal,
    fields_of,
    planes_of,
    whole_tenants,
)


class ActionModule(FleetAction):
    """Puts Workers back."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "moves": MOVES,
        "rollout": {"type": "str"},
        "to": {"type": "str"},
        "workers": {"type": "dict"},
        "planes": {"type": "list", "elements": "dict"},
        "force": {"type": "bool", "default": False},
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
        back = [
            Return(move.script, move.candidate or UNKNOWN, move.way_back) for move in moves if move.way_back
        ]
        return self._sweep(
            client, back, f"{MARK}{args['rollout']}{UNDO}", left_as_they_are(moves), check, force=True
        )

    def _by_hand(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        """To the version asked for, after everything was read and nothing was refused."""
        wanted, fronts = self._wanted(args)
        sweep = each([*wanted, *fronts], client.workers.deployments)
        for script, error in sweep.failed:
            raise Refusal(f"Nothing was written. {script}: {error}", error=fields_of(error))
        history = dict(sweep.done)
        every = wanted | fronts_touched(history, wanted, fronts)
        back = by_hand(history, every)
        notes = [
            "data in KV, config documents included, stays as it is",
            "settings of the script (tags, logpush, observability), routes and hostnames stay as they are",
            "a version brings its own secrets; where they changed since, it takes force to go back",
        ]
        for note in notes:
            self.say(f"not restored: {note}")
        return self._sweep(client, back, BY_HAND, notes, check, force=args["force"])

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
        lines = explained(back, told, () if message == BY_HAND else notes)
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
            raise Refusal(
                f"{len(failed)} Worker(s) could not be put back: {listed(sorted(failed))}. The others were. "
                "Run the rollback again.",
                **result,
            )
        return result
