# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module rollout_record: write down what was accepted, so that the next plan costs no calls."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from ..module_utils._cloudflare.client import Client
from ..module_utils._cloudflare.errors import (
    Conflict,
    ValidationError,
)
from ..module_utils._rollout import moves as ways
from ..module_utils._rollout.execute import strangers
from ..module_utils._rollout.record import entries
from ..module_utils._rollout.register import (
    NAMESPACE,
    items,
    parse,
    prefix,
    went_back,
)
from ..plugin_utils._fleet import (
    MOVES,
    FleetAction,
    Refusal,
    told_strangers,
)


class ActionModule(FleetAction):
    """Writes the account register."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "topology": {"type": "str", "default": "default"},
        "rollout": {"type": "str", "default": ""},
        "moves": MOVES | {"default": []},
        "failed_wave": {"type": "str"},
        "undone": {"type": "list", "elements": "str"},
        "stands": {"type": "dict", "default": {}},
        "register_namespace": {"type": "str"},
    }

    def operate(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        moves = ways.parse(args["moves"], args["rollout"])
        if check or not (moves or args["stands"]):
            return {"changed": bool(moves or args["stands"])}
        topology = args["topology"]
        with ThreadPoolExecutor(1) as pool:
            listed = pool.submit(client.workers.list)
            home, new_home = _home(client, args["register_namespace"])
            old = {} if new_home else parse(client.kv.keys(home, prefix(topology)), topology)
            scripts = {item.name: item for item in listed.result()}
        # What was put back just now is the rollout's own work.
        standing = [move for move in moves if move.script not in (args["undone"] or ())]
        theirs = strangers(client, standing, scripts)
        new = entries(moves, scripts, old, args["failed_wave"], args["undone"], theirs)
        new |= went_back(old, args["stands"])
        written = items(topology, old, new)
        if written:
            client.kv.put_bulk(home, written)
        result = {"changed": bool(written), "recorded": sorted(new)}
        if theirs and args["failed_wave"] is None:
            raise Refusal(
                "The rollout went through, but somebody else has deployed since. "
                f"{told_strangers(theirs)} Their deployment stays and is not recorded; run again when it is "
                "clear which one is wanted.",
                **result,
            )
        return result


def _home(client: Client, known: str | None) -> tuple[str, bool]:
    """The id of the register's namespace, and whether it was made just now."""
    if known:
        return known, False
    try:
        return client.kv.create(NAMESPACE).id, True
    except (Conflict, ValidationError):
        found = client.kv.find(NAMESPACE)
        if found is None:
            raise
        return found.id, False
