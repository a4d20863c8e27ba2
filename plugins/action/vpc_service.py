# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action behind the module vpc_service; its documentation is in plugins/modules/vpc_service.py."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from ..module_utils._cloudflare.client import Client
from ..plugin_utils._action import CloudflareAction
from ..plugin_utils._controller import Refusal

MODES = ["verify_full", "verify_ca", "disabled"]


class ActionModule(CloudflareAction):
    """Declares one VPC service."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "type": {"type": "str", "default": "http", "choices": ["http", "tcp"]},
        "tunnel": {"type": "str"},
        "ipv4": {"type": "str"},
        "ipv6": {"type": "str"},
        "hostname": {"type": "str"},
        "resolver_ips": {"type": "list", "elements": "str"},
        "http_port": {"type": "int"},
        "https_port": {"type": "int"},
        "tcp_port": {"type": "int"},
        "app_protocol": {"type": "str", "choices": ["postgresql", "mysql"]},
        "tls_verification": {"type": "str", "choices": MODES},
    }
    constraints: ClassVar[dict[str, Any]] = {
        "required_if": [
            ("state", "present", ("tunnel",)),
            ("state", "present", ("ipv4", "ipv6", "hostname"), True),
        ],
        "mutually_exclusive": [("hostname", "ipv4"), ("hostname", "ipv6")],
        "required_by": {"resolver_ips": ("hostname",)},
    }

    def run_with(self, client: Client, args: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        """Converge or remove the service."""
        name = args["name"]
        if args["state"] == "present":
            _refuse(args)
        found = client.vpc_services.find(name)
        if args["state"] == "absent":
            if found and not check:
                client.vpc_services.delete(found)
            return _report(name, found and dict(found.body), {}, found.id if found else None, "delete")
        wanted = _body(args, _tunnel_id(client, args["tunnel"]))
        made = found
        if not check and found is None:
            made = client.vpc_services.create(wanted)
        elif not check and found and _comparable(found.body) != _comparable(wanted):
            made = client.vpc_services.replace(found, wanted)
        before = dict(found.body) if found else None
        return _report(name, before, wanted, made.id if made else None, "update" if found else "create")


def _report(
    name: str, before: dict[str, Any] | None, after: dict[str, Any], service_id: str | None, verb: str
) -> dict[str, Any]:
    changed = _comparable(before or {}) != _comparable(after)
    return {
        "changed": changed,
        "actions": [f"{verb} VPC service {name}"] if changed else [],
        "diff": {"before": _comparable(before or {}), "after": _comparable(after)},
        "service": {"id": service_id if after else None, "name": name},
    }


def _comparable(body: Mapping[str, Any]) -> dict[str, Any]:
    """A service in full, so that what is declared and what is there can differ in spelling."""
    if not body:
        return {}
    settings = body.get("tls_settings") or {}
    mode = settings.get("cert_verification_mode") or MODES[0]
    host = {key: value for key, value in dict(body.get("host") or {}).items() if value}
    plain = {key: value for key, value in body.items() if key not in ("tls_settings", "host")}
    return plain | {"host": host, "tls_settings": {"cert_verification_mode": mode}}


def _body(args: Mapping[str, Any], tunnel_id: str) -> dict[str, Any]:
    network = {"tunnel_id": tunnel_id}
    if args["hostname"]:
        resolvers = {"resolver_ips": args["resolver_ips"]} if args["resolver_ips"] else {}
        host: dict[str, Any] = {"hostname": args["hostname"], "resolver_network": network | resolvers}
    else:
        host = {family: args[family] for family in ("ipv4", "ipv6") if args[family]} | {"network": network}
    optional = {
        field: args[field]
        for field in ("http_port", "https_port", "tcp_port", "app_protocol")
        if args[field] is not None
    }
    mode = args["tls_verification"]
    tls = {"tls_settings": {"cert_verification_mode": mode}} if mode else {}
    return {"name": args["name"], "type": args["type"], "host": host, **optional, **tls}


def _tunnel_id(client: Client, tunnel: str) -> str:
    try:
        return str(uuid.UUID(tunnel))
    except ValueError:
        found = client.tunnels.find(tunnel)
    if found is None:
        raise Refusal(f"tunnel '{tunnel}' does not exist: make it first with the module tunnel.")
    return found.id


def _refuse(args: Mapping[str, Any]) -> None:
    belongs = {"http_port": "http", "https_port": "http", "tcp_port": "tcp", "app_protocol": "tcp"}
    for option, kind in belongs.items():
        if args[option] is not None and args["type"] != kind:
            raise Refusal(f"{option} is for services of type {kind}, this one's type is '{args['type']}'.")
    for option in ("http_port", "https_port", "tcp_port"):
        if args[option] is not None and not 0 < args[option] < 65536:
            raise Refusal(f"{option} is {args[option]}: give a port from 1 to 65535.")
    for option, version in (("ipv4", 4), ("ipv6", 6)):
        if args[option] and not _is_address(args[option], version):
            raise Refusal(f"{option} is '{args[option]}': give an address of IPv{version}.")


def _is_address(value: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(value).version == version
    except ValueError:
        return False
