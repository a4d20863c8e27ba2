# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action behind the module embedded_edge; its documentation is in plugins/modules/embedded_edge.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..plugin_utils._embedded import choice, install, lifecycle, reach, relays, words
from ..plugin_utils._embedded.layout import Layout, here
from ..plugin_utils._embedded.pm2 import Settings
from ..plugin_utils._embedded.problem import Problem


class ActionModule(ActionBase):
    """Brings the embedded edge of one run directory to a state."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "state": {
            "type": "str",
            "default": "started",
            "choices": ["absent", "installed", "required", "started", "stopped"],
        },
        "dir": {"type": "path", "default": ".run"},
        "api_port": {"type": "int"},
        "http_port": {"type": "int"},
        "relay_port": {"type": "int"},
        "relays": {"type": "list", "elements": "str", "default": []},
        "zones": {"type": "list", "elements": "str", "default": ["edge.localhost"]},
        "connect_to": {"type": "str"},
        "started_with": {
            "type": "str",
            "default": words.PLAYBOOK,
            "choices": [words.PLAYBOOK, words.MAKE],
        },
    }
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Validate the options and bring the embedded edge to its state."""
        result = super().run(None, task_vars)
        outcome = ArgumentSpecValidator(self.spec).validate(dict(self._task.args))
        if outcome.error_messages:
            return result | {"failed": True, "msg": "; ".join(outcome.error_messages)}
        args: dict[str, Any] = outcome.validated_parameters
        layout = here(args["dir"])
        try:
            return result | self._brought(layout, args, bool(self._task.check_mode))
        except Problem as problem:
            return result | {"failed": True, "msg": str(problem)}

    def _brought(self, layout: Layout, args: dict[str, Any], check: bool) -> dict[str, Any]:
        if args["state"] == "absent":
            gone = layout.run.exists() if check else lifecycle.remove(layout)
            return {"changed": gone, "dir": str(layout.run)}
        if args["state"] == "stopped":
            return {"changed": self._stopped(layout, check), "dir": str(layout.run)}
        ports = choice.chosen(layout, args["api_port"], args["http_port"], args["relay_port"])
        by = args["started_with"]
        if args["state"] == "required":
            reach.check_served(layout, args["connect_to"] or f"127.0.0.1:{ports.http}", by)
            return {"changed": False, "dir": str(layout.run)}
        reach.check_agreement(args["connect_to"] or "", ports.http, by)
        listening = frozenset(relays.port_of(listen) for listen in args["relays"])
        relays.check_agreement(args["relay_port"], listening, by)
        install.check_packages()
        settings = Settings(ports, tuple(args["zones"]), listening)
        if check:
            return _described(layout, settings, changed=_due(layout, settings, args["state"]))
        with lifecycle.locked(layout.run):
            wanted = args["state"] == "started"
            if wanted:
                lifecycle.check_ports(layout, settings, by)
            changed = self._installed(layout, settings if wanted else None, by)
            if wanted and not lifecycle.current(layout, settings):
                lifecycle.start(layout, settings, by)
                changed = True
            if wanted and choice.remembered(layout) != ports:
                # The relay alone moves, which is not started here.
                choice.remember(layout, ports)
            return _described(layout, settings, changed=changed)

    def _installed(self, layout: Layout, settings: Settings | None, by: str) -> bool:
        """Install what is missing; a port that is taken is told before that takes its time."""
        parts = install.missing(layout)
        if parts:
            if settings:
                lifecycle.make_way(layout, settings, by)
            else:
                lifecycle.stop(layout)
            install.install(layout, parts, Display().display)
        return bool(parts)

    def _stopped(self, layout: Layout, check: bool) -> bool:
        if not layout.run.exists():
            return False
        if check:
            return lifecycle.serving(layout) is not None
        with lifecycle.locked(layout.run):
            return lifecycle.stop(layout)


def _due(layout: Layout, settings: Settings, state: str) -> bool:
    if install.missing(layout):
        return True
    return state == "started" and not lifecycle.current(layout, settings)


def _described(layout: Layout, settings: Settings, changed: bool) -> dict[str, Any]:
    """Nothing here is secret: the token is in the files that env_file and token_file name."""
    return {
        "changed": changed,
        "dir": str(layout.run),
        "cwd": str(Path.cwd()),
        "env_file": str(layout.environment),
        "token_file": str(layout.token),
        "base_url": f"http://127.0.0.1:{settings.ports.api}/client/v4",
        "api_port": settings.ports.api,
        "http_port": settings.ports.http,
        "relay_port": settings.ports.relay,
    }
