# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the fleet's actions share: the planes of the play, and actions that need no API.

One call of a fleet action works on all planes of the play, so it bypasses Ansible's loop over hosts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible.utils.display import Display

from ..module_utils._cloudflare.client import Client
from ..module_utils._cloudflare.errors import ApiError
from ..module_utils._cloudflare.library import MISSING
from ..module_utils._ledger import LedgerError
from ..module_utils._rollout.bundle import BundleError
from ..module_utils._rollout.execute import strangers
from ..module_utils._rollout.fleet import FRONT, GATEWAY, FleetError
from ..module_utils._rollout.gate import Limits
from ..module_utils._rollout.judge import Rules
from ..module_utils._rollout.moves import Move
from ..module_utils._rollout.plan import PlanError
from ..module_utils._rollout.probe import problems
from ..module_utils._secrets.model import SecretError
from ._action import CloudflareAction
from ._controller import ControllerAction, Refusal, plain

display = Display()

MOVES: dict[str, Any] = {"type": "list", "elements": "dict"}
KINDS = (GATEWAY, FRONT)
PROBE = {
    "method": {"type": "str", "default": "GET"},
    "path": {"type": "str", "required": True},
    "status": {"type": "int", "default": 200},
    "headers": {"type": "dict", "default": {}},
    "body": {"type": "str"},
    "json": {"type": "dict", "default": {}},
    "kinds": {
        "type": "list",
        "elements": "str",
        "choices": list(KINDS),
        "default": list(KINDS),
    },
}
#: When a gate decides.
RULES: dict[str, Any] = {
    "alpha": {"type": "float", "default": 0.01},
    "beta": {"type": "float", "default": 0.05},
    "tolerance": {"type": "float", "default": 0.02},
    "pairs": {"type": "int", "default": 20},
    "cap": {"type": "int", "default": 1000},
    "patience": {"type": "float", "default": 15.0},
}


class FleetAction(CloudflareAction):
    """A fleet operation on the API. Errors of the pure parts become refusals."""

    BYPASS_HOST_LOOP = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        moves = self._task.args.get("moves")
        # An undo needs the moves made so far, whatever this task failed of.
        return {"moves": plain(moves)} | result if result.get("failed") and moves else result

    def run_with(self, client: Client, args: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        with refusing():
            return self.operate(client, args, check)

    def say_line(self, text: str) -> None:
        """Show a line of a table: its blanks stay."""
        display.display(self._redactor.mask(text))

    def refuse_strangers(self, client: Client, due: Sequence[Move], every: Iterable[Move]) -> None:
        """Refuse before a write when somebody else has deployed one of these Workers meanwhile."""
        found = strangers(client, due)
        if found:
            raise Refusal(
                f"Somebody else has deployed while this rollout was under way. {told_strangers(found)} This "
                "step was not begun. Their deployment stays; run again when it is clear which one is wanted.",
                moves=[move.as_dict() for move in every],
            )

    def operate(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        """Do the work and answer the result."""
        raise NotImplementedError


class LocalAction(ControllerAction):
    """A fleet operation that asks the planes themselves and needs neither token nor account."""

    BYPASS_HOST_LOOP = True

    def missing(self) -> str:
        return MISSING

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        with refusing():
            return self.operate(args, self.check)

    def operate(self, args: dict[str, Any], check: bool) -> dict[str, Any]:
        """Do the work and answer the result."""
        raise NotImplementedError

    def say(self, text: str) -> None:
        """Show a line of progress or of a table: its blanks stay."""
        display.display(self._redactor.mask(text))

    def _guarded(self, args: dict[str, Any]) -> dict[str, Any]:
        return {"api_calls": 0} | super()._guarded(args)


def told_strangers(found: Mapping[str, str]) -> str:
    """Which Workers somebody else has deployed, and how; the first few of them."""
    told = "; ".join(f"{script}: {by}" for script, by in list(found.items())[:5])
    return f"{told}; and {len(found) - 5} more." if len(found) > 5 else f"{told}."


@contextmanager
def refusing() -> Iterator[None]:
    """Turn the errors of the pure parts into refusals."""
    try:
        yield
    except (BundleError, FleetError, LedgerError, PlanError, SecretError) as error:
        raise Refusal(str(error)) from None


def kinds_of(probes: Sequence[Mapping[str, Any]]) -> set[str]:
    """The kinds of Workers that these probes are for; a probe that names none is for all."""
    return {str(kind) for probe in probes for kind in probe.get("kinds") or KINDS}


def rules_of(args: Mapping[str, Any]) -> Rules:
    """When a gate decides, from a task's options."""
    limits = Limits(args["alpha"], args["beta"], args["tolerance"])
    return Rules(limits, args["pairs"], args["cap"], args["patience"])


def declared_wrong(rules: Rules, probes: Sequence[Mapping[str, Any]]) -> str:
    """Everything that is wrong with a gate's rules and probes, or nothing."""
    found = rules.problems()
    for number, probe in enumerate(probes):
        found += problems(f"probes[{number}]", probe)
    return " ".join(found)


def check_status_dest(dest: str | None) -> None:
    """Refuse a file for the status that can't be written, before there is anything to tell about."""
    path = Path(dest or "")
    if not dest:
        return
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise Refusal(
            f"Nothing was written. The status can't be written to {dest}: {error.strerror}. Name a file in a "
            "folder that is there and yours."
        ) from None


def fields_of(error: Exception) -> dict[str, Any]:
    """What a failed result says about one error."""
    if isinstance(error, ApiError):
        return error.as_dict()
    return {"kind": type(error).__name__, "messages": [str(error)]}


__all__ = [
    "KINDS",
    "MOVES",
    "PROBE",
    "RULES",
    "FleetAction",
    "LocalAction",
    "Refusal",
    "check_status_dest",
    "declared_wrong",
    "fields_of",
    "kinds_of",
    "rules_of",
    "told_strangers",
]
