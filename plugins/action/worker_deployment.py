# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module worker_deployment: share traffic between versions, for many Workers at once."""

from __future__ import annotations

from typing import Any, ClassVar

from ..module_utils._cloudflare.client import Client
from ..module_utils._rollout import moves as ways
from ..module_utils._rollout.execute import share
from ..module_utils._rollout.plan import MARK
from ..plugin_utils._fleet import (
    MOVES,
    FleetAction,
    Refusal,
    fields_of,
)


class ActionModule(FleetAction):
    """Moves the candidates of a wave to a percentage."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "moves": MOVES | {"required": True},
        "wave": {"type": "str", "required": True},
        "percentage": {"type": "int", "required": True},
        "rollout": {"type": "str", "required": True},
    }

    def operate(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        percentage, wave = args["percentage"], args["wave"]
        if not 0 <= percentage <= 100:
            raise Refusal(f"percentage is {percentage}: use 0 to 100.")
        every = ways.parse(args["moves"], args["rollout"])
        due = [move for move in every if move.wave == wave and _due(move, percentage)]
        # Marked even if the call fails: a deployment whose outcome is unknown must be undone too.
        result: dict[str, Any] = {
            "changed": bool(due),
            "moves": [move.as_dict() for move in ways.update(every, ways.shared(due, percentage))],
            "diff": {
                "before": "".join(f"{move.script}: {move.share or 0} %\n" for move in due),
                "after": "".join(f"{move.script}: {percentage} %\n" for move in due),
            },
        }
        if check:
            return result
        finished = [move for move in every if move.wave != wave and move.attempted]
        self.refuse_strangers(client, [*due, *finished], every)
        sweep = share(client, due, percentage, f"{MARK}{args['rollout']} wave {wave} {percentage}%")
        known = ways.shared(due, percentage) | {move.script: after for move, after in sweep.done}
        result["moves"] = [move.as_dict() for move in ways.update(every, known)]
        if sweep.failed:
            move, error = sweep.failed[0]
            text = f"{percentage} % failed on {len(sweep.failed)} of {len(due)} Workers of wave '{wave}'."
            raise Refusal(f"{text} {move.script}: {error}", **result, error=fields_of(error))
        return result


def _due(move: ways.Move, percentage: int) -> bool:
    """Candidates of existing Workers that are not there yet; what was uploaded to 100 % has arrived."""
    there = dict(move.versions).get(move.candidate or "")
    return bool(move.candidate and move.running) and there != percentage and move.share != 100
