# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module embedded_relay: relays run beside the embedded edge, with secrets of the store."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Any, ClassVar

from ..module_utils._files import write_atomically
from ..module_utils._relay import keys
from ..module_utils._topology.relays import instances
from ..plugin_utils._embedded import lifecycle, relays, words
from ..plugin_utils._embedded.layout import Layout, here, private
from ..plugin_utils._embedded.problem import Problem
from ..plugin_utils._embedded.relays import Relay
from ..plugin_utils._planes import planes_of
from ..plugin_utils._relay_files import Files, entered, files
from ..plugin_utils._secret_store import SecretAction

_LOOPBACK = "127.0.0.1:"
_OVERLAP = 7


class ActionModule(SecretAction):
    """Runs the relays that the planes declare, and ends others."""

    speaking: ClassVar[tuple[type[Exception], ...]] = (*SecretAction.speaking, keys.KeyTextError, Problem)
    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "dir": {"type": "path", "default": ".run"},
        "planes": {"type": "list", "elements": "dict"},
        "started_with": {
            "type": "str",
            "default": words.PLAYBOOK,
            "choices": [words.PLAYBOOK, words.MAKE],
        },
    }

    def missing(self) -> str:
        return keys.MISSING

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        layout, by = here(args["dir"]), args["started_with"]
        wanted = local(planes_of(self._vars, args["planes"]))
        if not layout.run.exists():
            raise Problem(f"there is no embedded edge in {layout.run}", f"Run {words.quickstart(by)}")
        with nullcontext() if self.check else lifecycle.locked(layout.run):
            gone = relays.undeclared(layout, {about["tenant"] for about in wanted})
            due = [relay for relay in (self._prepared(layout, args, about) for about in wanted) if relay]
            if not self.check:
                self._brought(layout, gone, due, by)
        return {
            "changed": self.so_far["changed"] or bool(gone or due),
            "started": [relay.tenant for relay in due],
            "ended": [folder.name for folder in gone],
        }

    def _prepared(self, layout: Layout, args: dict[str, Any], about: dict[str, Any]) -> Relay | None:
        """Bring the secrets of a relay. Answer it when it does not run with them and as declared."""
        store, where = self.store(args), self.place(about)
        made = files(store, where, about, _OVERLAP, self.check, self._changed)
        self.hide(*made.hidden)
        config = json.dumps(made.config, indent=1, sort_keys=True) + "\n"
        relay = Relay(layout.relays / where.tenant, relays.port_of(about["listen"]), config.encode())
        same = _same(relay, made)
        if not same and not self.check:
            for folder in (layout.relays, relay.folder):
                private(folder)
            with entered(store, made, "localhost", str(relay.private)):
                write_atomically(relay.private, made.secrets)
            self._changed()
        return None if same and relays.current(layout, relay) else relay

    def _brought(self, layout: Layout, gone: Iterable[Any], due: list[Relay], by: str) -> None:
        for folder in gone:
            relays.remove(layout, folder)
            self._changed()
        # All of them before the first starts: they may have changed their ports.
        for relay in due:
            relays.stop(layout, relay.folder)
        for relay in due:
            relays.start(layout, relay, by)
            self._changed()

    def _changed(self) -> None:
        self.so_far["changed"] = True


def local(planes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The relays of planes that run on no control plane and listen on this machine. Raises Problem."""
    found = [about for about in instances(planes, None) if about["listen"].startswith(_LOOPBACK)]
    by_listen: dict[str, str] = {}
    for about in found:
        other = by_listen.setdefault(about["listen"], about["tenant"])
        if other != about["tenant"]:
            raise Problem(
                f"the relays of {other} and {about['tenant']} both listen at {about['listen']}",
                "Give each a port of its own in url and listen",
            )
    return found


def _same(relay: Relay, made: Files) -> bool:
    try:
        state = relay.private.stat()
        return state.st_mode & 0o777 == 0o600 and relay.private.read_bytes() == made.secrets
    except OSError:
        return False
