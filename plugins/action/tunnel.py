# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action behind the module tunnel; its documentation is in plugins/modules/tunnel.py."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..module_utils import _ingress as ingress
from ..module_utils._cloudflare.client import Client
from ..module_utils._cloudflare.records import Record
from ..module_utils._cloudflare.tunnels import DOMAIN, Tunnel
from ..module_utils._cloudflare.zones import Zone
from ..plugin_utils import _remote_file as remote_file
from ..plugin_utils._action import CloudflareAction
from ..plugin_utils._controller import Refusal

SECRET_BYTES = 32


@dataclass(frozen=True)
class Routes:
    """DNS records to make, to turn to this tunnel, and to remove; ``kept`` are right already."""

    kept: tuple[Record, ...] = ()
    make: tuple[tuple[Zone, str], ...] = ()
    turn: tuple[tuple[Zone, Record], ...] = ()
    remove: tuple[tuple[Zone, Record], ...] = ()

    def before(self) -> list[str]:
        """The hostnames that lead here now."""
        return sorted(record.name for record in (*self.kept, *(record for _zone, record in self.remove)))

    def after(self) -> list[str]:
        """The hostnames that lead here then."""
        turned = (record.name for _zone, record in self.turn)
        return sorted((*(record.name for record in self.kept), *(name for _zone, name in self.make), *turned))

    def actions(self) -> list[str]:
        """One sentence for each change."""
        return [
            *(f"route {name} to the tunnel" for _zone, name in self.make),
            *(f"turn the route of {record.name} to the tunnel" for _zone, record in self.turn),
            *(f"remove the route of {record.name}" for _zone, record in self.remove),
        ]


class ActionModule(CloudflareAction):
    """Declares a tunnel, what it serves, the hostnames that lead to it, and the token file of a host."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "ingress": {
            "type": "list",
            "elements": "dict",
            "options": {
                "hostname": {"type": "str", "required": True},
                "path": {"type": "str"},
                "service": {"type": "str", "required": True},
                "origin_request": {"type": "dict"},
            },
        },
        "fallback": {"type": "str", "default": ingress.FALLBACK},
        "origin_request": {"type": "dict"},
        "dns": {"type": "bool", "default": True},
        "token_file": {"type": "path", "no_log": False},
        "rotate_secret": {"type": "bool", "default": False, "no_log": False},
        "close_connections": {"type": "bool", "default": True},
        "force": {"type": "bool", "default": False},
    }

    def run_with(self, client: Client, args: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        """Converge or remove the tunnel."""
        wanted, file = _declared(args), args["token_file"]
        try:
            if file:
                remote_file.look(self, file)
            tunnel = client.tunnels.find(args["name"])
            if args["state"] == "absent":
                return self._absent(client, args, tunnel, check)
            return self._present(client, args, tunnel, wanted, check)
        except remote_file.Unwritable as error:
            raise Refusal(f"token_file: {error}") from None

    def _present(
        self,
        client: Client,
        args: dict[str, Any],
        tunnel: Tunnel | None,
        wanted: Mapping[str, Any] | None,
        check: bool,
    ) -> dict[str, Any]:
        if tunnel and not tunnel.remote:
            raise Refusal(
                f"tunnel '{tunnel.name}' is configured by a file on its own machine (config_src local): "
                "migrate it in the dashboard, or choose another name."
            )
        found = client.tunnels.configuration(tunnel).config if tunnel and wanted is not None else {}
        routes = Routes()
        if wanted is not None and args["dns"]:
            routes = _routes(client, tunnel, wanted, args["force"])
        rewrite = wanted is not None and ingress.comparable(found) != ingress.comparable(wanted)
        is_new = tunnel is None
        actions = [f"create tunnel {args['name']}"] if is_new else []
        actions += [f"configure what {args['name']} serves"] if rewrite else []
        actions += routes.actions()
        if not check:
            tunnel = tunnel or self._did(client.tunnels.create(args["name"]))
            if rewrite and wanted is not None:
                self._did(client.tunnels.configure(tunnel, ingress.merged(found, wanted)))
            self._route(client, tunnel, routes)
        actions += self._secret(client, args, tunnel, check)
        before, after = _shown(found, routes.before()), _shown(wanted or found, routes.after())
        return {
            "changed": bool(actions),
            "actions": actions,
            "diff": {
                "before": {} if is_new else {"name": args["name"], **before},
                "after": {"name": args["name"], **after},
            },
            "tunnel": _facts(tunnel, args["name"]),
            "hostnames": routes.after(),
        }

    def _secret(self, client: Client, args: dict[str, Any], tunnel: Tunnel | None, check: bool) -> list[str]:
        """Rotate the secret and bring the token file of the host up to date."""
        file, rotate = args["token_file"], args["rotate_secret"] and tunnel is not None
        actions = [f"rotate the secret of {args['name']}"] if rotate else []
        token: str | None = tunnel.token if tunnel else None
        if rotate and not check and tunnel:
            secret = base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
            token = self._did(client.tunnels.rotate(tunnel, secret)).token
        if file:
            token = token or (client.tunnels.token(tunnel) if tunnel else None)
            actions += self._place(file, token, changes=bool(actions) or tunnel is None, check=check)
        if rotate and args["close_connections"]:
            actions.append(f"close the connections of {args['name']}")
            if not check and tunnel:
                client.tunnels.disconnect(tunnel)
        return actions

    def _place(self, file: str, token: str | None, changes: bool, check: bool) -> list[str]:
        found = remote_file.look(self, file)
        content = f"{token}\n".encode() if token else b""
        same = found.digest == hashlib.sha256(content).hexdigest() and found.private
        if same and not (check and changes):
            return []
        if not check:
            remote_file.write(self, file, content)
            self.so_far["changed"] = True
        return [f"write the token to {file}"]

    def _route(self, client: Client, tunnel: Tunnel, routes: Routes) -> None:
        for zone, name in routes.make:
            self._did(client.records.create(zone, name, tunnel.target))
        for zone, record in routes.turn:
            self._did(client.records.update(zone, record, tunnel.target))
        self._unroute(client, routes.remove)

    def _unroute(self, client: Client, records: Iterable[tuple[Zone, Record]]) -> None:
        for zone, record in records:
            client.records.delete(zone, record)
            self.so_far["changed"] = True

    def _absent(
        self, client: Client, args: dict[str, Any], tunnel: Tunnel | None, check: bool
    ) -> dict[str, Any]:
        if tunnel is None:
            return {"changed": False, "actions": [], "diff": {"before": {}, "after": {}}, "hostnames": []}
        busy = [connector.id for connector in client.tunnels.connectors(tunnel) if connector.places]
        if busy and not args["force"]:
            raise Refusal(
                f"tunnel '{tunnel.name}' is served by {len(busy)} connectors: stop them first, or set force "
                "to drop their connections."
            )
        routes = (
            [
                (zone, record)
                for zone in client.zones.list()
                for record in client.records.leading_to(zone, tunnel.target)
            ]
            if args["dns"]
            else []
        )
        if not check:
            self._unroute(client, routes)
            client.tunnels.delete(tunnel, force=args["force"])
        names = sorted(record.name for _zone, record in routes)
        return {
            "changed": True,
            "actions": [*(f"remove the route of {name}" for name in names), f"delete tunnel {tunnel.name}"],
            "diff": {"before": {"name": tunnel.name, "routes": names}, "after": {}},
            "hostnames": [],
        }

    def _did(self, made: Any) -> Any:
        self.so_far["changed"] = True
        return made


def _declared(args: Mapping[str, Any]) -> dict[str, Any] | None:
    if args["state"] == "absent" or args["ingress"] is None:
        return None
    try:
        return ingress.declared(args["ingress"], args["fallback"], args["origin_request"])
    except ingress.BadRule as error:
        raise Refusal(str(error)) from None


def _routes(client: Client, tunnel: Tunnel | None, wanted: Mapping[str, Any], force: bool) -> Routes:
    """Compare the records of the zones that the declared hostnames belong to."""
    names = ingress.hostnames(wanted)
    zones = client.zones.list() if names else ()
    of_name = {name: _zone(name, zones) for name in names}
    kept: list[Record] = []
    remove: list[tuple[Zone, Record]] = []
    for zone in dict.fromkeys(of_name.values()):
        for record in client.records.leading_to(zone, tunnel.target) if tunnel else ():
            if record.name in of_name and record.proxied:
                kept.append(record)
            elif record.name not in of_name:
                remove.append((zone, record))
    right = {record.name for record in kept}
    missing = [(of_name[name], name) for name in names if name not in right]
    target = tunnel.target if tunnel else ""
    there = [(zone, name, _there(client, zone, name, target, force)) for zone, name in missing]
    return Routes(
        kept=tuple(kept),
        make=tuple((zone, name) for zone, name, record in there if record is None),
        turn=tuple((zone, record) for zone, _name, record in there if record is not None),
        remove=tuple(remove),
    )


def _zone(name: str, zones: Iterable[Zone]) -> Zone:
    fitting = [zone for zone in zones if f".{name}".endswith(f".{zone.name}")]
    if not fitting:
        raise Refusal(
            f"hostname '{name}' is in no zone that the token sees: add the zone to the account, give the "
            "token 'Zone: Read' and 'DNS: Edit' for it, or set dns to false."
        )
    return max(fitting, key=lambda zone: len(zone.name))


def _there(client: Client, zone: Zone, name: str, target: str, force: bool) -> Record | None:
    """The CNAME of a name if it leads to a tunnel; any other record is somebody's own and is not touched."""
    for record in client.records.named(zone, name):
        if record.type not in ("A", "AAAA", "CNAME"):
            continue
        to_tunnel = record.type == "CNAME" and record.content.endswith(f".{DOMAIN}")
        if record.content == target or (to_tunnel and force):
            return record
        raise Refusal(
            f"hostname '{name}' has a DNS record of type {record.type} for '{record.content}' already: "
            + ("set force to take it over from that tunnel" if to_tunnel else "remove it")
            + ", or choose another hostname."
        )
    return None


def _shown(config: Mapping[str, Any], routes: list[str]) -> dict[str, Any]:
    return {**ingress.comparable(config), "routes": routes}


def _facts(tunnel: Tunnel | None, name: str) -> dict[str, Any]:
    return {
        "id": tunnel.id if tunnel else None,
        "name": name,
        "status": tunnel.status if tunnel else None,
        "target": tunnel.target if tunnel else None,
    }
