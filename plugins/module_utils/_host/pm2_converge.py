# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Takes the steps that :mod:`.pm2` planned, and puts the former processes back when new ones are unfit."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from .pm2 import Instance, Problem
from .pm2_declared import named_next
from .pm2_plan import Step, unfit

_ATTEMPTS = 10


class Supervisor(Protocol):
    """What is asked of PM2."""

    def list(self) -> list[Instance]: ...
    def start(self, apps: Sequence[Mapping[str, Any]]) -> None: ...
    def delete(self, name: str) -> None: ...
    def size(self, path: str) -> int: ...
    def said(self, path: str, since: int) -> str: ...


class Converger:
    """Takes steps, one process after the other. ``settle`` is how many seconds a process must stay up."""

    def __init__(
        self,
        pm2: Supervisor,
        settle: float = 1.5,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pm2, self.settle, self.sleep, self.clock = pm2, settle, sleep, clock
        self.logs: dict[str, int] = {}

    def take(self, step: Step, former: Mapping[str, Any] | None) -> None:
        """Take one step. ``former`` is the declaration that ran until now, to go back to."""
        getattr(self, f"_{step.action}")(step, former)

    def _remove(self, step: Step, former: Mapping[str, Any] | None) -> None:
        self._end(step.name)

    def _start(self, step: Step, former: Mapping[str, Any] | None) -> None:
        wrong = self._bring_up(step.entry)
        if wrong:
            said = self._said()
            self._end(step.name)
            raise self._problem(step.entry, wrong, "it was taken away again", said or self._alone(step.entry))

    def _restart(self, step: Step, former: Mapping[str, Any] | None) -> None:
        self._end(step.name)
        wrong = self._bring_up(step.entry)
        if not wrong:
            return
        said = self._said()
        self._end(step.name)
        now = self._back(step.entry, former)
        raise self._problem(step.entry, wrong, now, said or self._alone(step.entry))

    def _back(self, entry: Mapping[str, Any], former: Mapping[str, Any] | None) -> str:
        """Start the former one again; tell what runs now."""
        if not former or former == entry:
            return "it does not run now"
        wrong = self._bring_up(former)
        return f"the former one was started again, and {wrong}" if wrong else "the former one runs again"

    def _replace(self, step: Step, former: Mapping[str, Any] | None) -> None:
        """Bring the new ones up beside the old ones, which share their port, before the old ones go.

        PM2 can't rename a process, so the new ones come up twice: first under another name, as the proof, and
        to serve while the old ones of that name make room.
        """
        proof = named_next(step.entry)
        wrong = self._bring_up(proof)
        if wrong:
            said = self._said()
            self._end(proof["name"])
            now = "the former one was left running"
            raise self._problem(step.entry, wrong, now, said or self._alone(step.entry))
        self._end(step.name)
        wrong = self._bring_up(step.entry)
        if wrong:
            raise self._problem(step.entry, wrong, f"{proof['name']} serves in its place", self._said())
        self._end(proof["name"])

    def _bring_up(self, app: Mapping[str, Any]) -> str:
        self.logs = {log: self.pm2.size(log) for log in (app["error_file"], app["out_file"])}
        begin = self.clock()
        self.pm2.start([app])
        took = self.clock() - begin
        self.sleep(self.settle)
        return unfit(app, [one for one in self.pm2.list() if one.name == app["name"]], took)

    def _end(self, name: str) -> None:
        """Delete until it is gone, and stays so.

        PM2 forgets a deletion that meets a process just being started: one that ends and is started again may
        come back once more after the list has shown it gone.
        """
        restless = False
        for _attempt in range(_ATTEMPTS):
            found = [one for one in self.pm2.list() if one.name == name]
            if not found and not restless:
                return
            restless = any(one.status != "online" or one.restarts for one in found)
            if found:
                self.pm2.delete(name)
            else:
                self.sleep(self.settle)
        if any(one.name == name for one in self.pm2.list()):
            raise Problem(f"process {name} does not end", "See what PM2 says of it, then run the play again")

    def _said(self) -> str:
        said = next(filter(None, (self.pm2.said(log, size) for log, size in self.logs.items())), "")
        return said and f"it said: {said}"

    def _alone(self, app: Mapping[str, Any]) -> str:
        """What a process says that is started once more, in fork mode and beside what serves.

        In cluster mode PM2 loses what is thrown while the script loads.
        """
        if app["exec_mode"] != "cluster":
            return ""
        alone = {**named_next(app), "exec_mode": "fork", "instances": 1, "wait_ready": False}
        said = ""
        # Whatever stands in the way of this, what failed before is what has to be told.
        with contextlib.suppress(Problem):
            said = self._said() if self._bring_up(alone) else ""
            self._end(alone["name"])
        # Its port may be taken only because another one serves there.
        return "" if "EADDRINUSE" in said else said and f"alone {said}"

    def _problem(self, app: Mapping[str, Any], wrong: str, now: str, said: str) -> Problem:
        return Problem(
            f"process {app['name']} did not come up: {wrong}; {now}; {said or 'it wrote nothing'}",
            f"Read {app['error_file']}, or start it by hand as PM2's user",
        )


__all__ = ["Converger", "Supervisor"]
