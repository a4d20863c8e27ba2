# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module backup_record: write snapshots into the ledger, and miss those that were deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ..module_utils._ledger import DONE, Ledger, LedgerError
from ..module_utils._snapshots import WHAT, Saved, lost, recorded, subject, unrecorded
from ..plugin_utils._controller import ControllerAction, Refusal
from ..plugin_utils._secret_store import SHARED, who

SNAPSHOT = {
    "id": {"type": "str", "required": True},
    "sequence": {"type": "int", "required": True},
    "generation": {"type": "str", "default": ""},
}


class ActionModule(ControllerAction):
    """Appends to the ledger."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "host": {"type": "str", "required": True},
        "snapshots": {"type": "list", "elements": "dict", "required": True, "options": SNAPSHOT},
        "ledger": SHARED["ledger"],
    }
    speaking: ClassVar[tuple[type[Exception], ...]] = (LedgerError,)

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        ledger = Ledger(Path(args["ledger"]).absolute(), who())
        present = [Saved(**one) for one in args["snapshots"]]
        known = recorded(ledger.entries(), args["host"])
        gone = lost(known, present)
        if gone:
            raise Refusal(
                f"The ledger has the snapshot {gone[:8]} of {args['host']}, the repository only older ones. "
                "It was deleted, or an old repository was put back. "
                "Find out who did it before you trust the repository.",
                missing=gone,
            )
        due = unrecorded(known, present)
        if due and not self.check:
            self.so_far["changed"] = True
            for one in due:
                ledger.append(WHAT, DONE, subject(args["host"], one), "backup")
        return {"changed": bool(due), "recorded": [one.id for one in due]}
