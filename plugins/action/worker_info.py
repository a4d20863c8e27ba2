# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action behind the module worker_info; its documentation is in plugins/modules/worker_info.py."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from ..module_utils._cloudflare.client import Client
from ..module_utils._cloudflare.errors import NotFound
from ..module_utils._cloudflare.models import Deployment, Version
from ..plugin_utils._action import CloudflareAction


class ActionModule(CloudflareAction):
    """Reads Workers."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "name": {"type": "str"},
        "deployable": {"type": "bool", "default": False},
    }

    def run_with(self, client: Client, args: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        """List all Workers in one call, or describe one."""
        if args["name"] is None:
            return {"workers": [_script(script) for script in client.workers.list()]}
        try:
            found = [_described(client, args["name"], args["deployable"])]
        except NotFound:
            found = []
        return {"workers": found}


def _described(client: Client, name: str, deployable: bool) -> dict[str, Any]:
    deployments = client.workers.deployments(name)
    serving = [share[0] for share in deployments[0].versions] if deployments else []
    return {
        "name": name,
        "deployments": [_deployment(item) for item in deployments],
        "versions": [_version(item) for item in client.workers.versions(name, deployable)],
        "active": [_version(client.workers.version(name, version)) for version in serving],
        "hostnames": sorted(domain.hostname for domain in client.workers.domains(name)),
    }


def _script(script: Any) -> dict[str, Any]:
    unknown_in_lists = ("version_id", "startup_time_ms")
    return {key: value for key, value in asdict(script).items() if key not in unknown_in_lists}


def _deployment(deployment: Deployment) -> dict[str, Any]:
    shares = [{"version_id": version, "percentage": share} for version, share in deployment.versions]
    return asdict(deployment) | {"versions": shares}


def _version(version: Version) -> dict[str, Any]:
    return {key: value for key, value in asdict(version).items() if value not in (None, (), [])}
