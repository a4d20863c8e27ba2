# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module ledger_info: check the chain."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ..module_utils._ledger import Ledger, LedgerError, check_anchor
from ..plugin_utils._controller import ControllerAction, Refusal
from ..plugin_utils._secret_store import SHARED, who


class ActionModule(ControllerAction):
    """Reads the whole ledger."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "ledger": SHARED["ledger"],
        "anchor": {"type": "str"},
        "last": {"type": "int", "default": 20},
    }
    speaking: ClassVar[tuple[type[Exception], ...]] = (LedgerError,)

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        path = Path(args["ledger"]).absolute()
        if not path.exists():
            raise Refusal(f"There is no ledger {path}: set ledger, or ADSENGINEER_LEDGER.")
        found = Ledger(path, who()).entries()
        check_anchor(found, (args["anchor"] or "").strip(), str(path))
        shown = found[-args["last"] :] if args["last"] > 0 else found
        return {
            "entries": [vars(entry) | {"subject": dict(entry.subject)} for entry in shown],
            "count": len(found),
            "anchor": found[-1].anchor if found else "",
        }
