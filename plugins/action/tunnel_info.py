# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action behind the module tunnel_info; its documentation is in plugins/modules/tunnel_info.py."""

from __future__ import annotations

from typing import Any, ClassVar

from ..module_utils import _ingress as ingress
from ..module_utils._cloudflare.client import Client
from ..module_utils._cloudflare.tunnels import Tunnel
from ..plugin_utils._action import CloudflareAction


class ActionModule(CloudflareAction):
    """Reads tunnels."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {"name": {"type": "str"}}

    def run_with(self, client: Client, args: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        """Read the list, and of a named tunnel what it serves and who serves it."""
        name = args["name"]
        found = [tunnel for tunnel in client.tunnels.list(name) if name in (None, tunnel.name)]
        shown = [_shown(tunnel) | (_details(client, tunnel) if name else {}) for tunnel in found]
        return {"changed": False, "tunnels": shown}


def _shown(tunnel: Tunnel) -> dict[str, Any]:
    return {
        "id": tunnel.id,
        "name": tunnel.name,
        "status": tunnel.status,
        "target": tunnel.target,
        "created_at": tunnel.created_at,
    }


def _details(client: Client, tunnel: Tunnel) -> dict[str, Any]:
    configuration = client.tunnels.configuration(tunnel) if tunnel.remote else None
    config = configuration.config if configuration else {}
    return {
        "config_version": configuration.version if configuration else None,
        "ingress": ingress.comparable(config)["ingress"],
        "hostnames": list(ingress.hostnames(config)),
        "connectors": [
            {
                "id": connector.id,
                "version": connector.version,
                "config_version": connector.config_version,
                "run_at": connector.run_at,
                "connections": len(connector.places),
                "places": sorted(set(connector.places)),
            }
            for connector in client.tunnels.connectors(tunnel)
        ],
    }
