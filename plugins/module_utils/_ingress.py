# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a tunnel serves: declared rules and the API's configuration, compared; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

FALLBACK = "http_status:404"
_SCHEMES = ("http", "https", "unix", "unix+tls", "tcp", "ssh", "rdp", "smb")
_BUILT_IN = ("hello_world", "bastion", "socks-proxy")
_STATUS = re.compile(r"http_status:[1-5][0-9]{2}")
_HOST = re.compile(
    r"(?=.{1,253}\Z)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)


class BadRule(ValueError):
    """A rule can't be served; the text names the rule, the value and the remedy."""


def declared(
    rules: Iterable[Mapping[str, Any]], fallback: str, origin: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The configuration for declared rules, which the rule for all other requests ends."""
    ingress = [_rule(rule, f"ingress[{number}]") for number, rule in enumerate(rules)]
    places = [(rule["hostname"], rule.get("path", "")) for rule in ingress]
    for number, place in enumerate(places):
        if place in places[:number]:
            raise BadRule(
                f"ingress[{number}] has hostname '{place[0]}' and path '{place[1]}' a second time: "
                "only the first rule would ever be used, remove one."
            )
    ingress.append({"service": _service(fallback, "fallback")})
    return {"ingress": ingress} | ({"originRequest": dict(origin)} if origin else {})


def hostnames(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The hostnames of a configuration, each once, in order."""
    rules = config.get("ingress") or []
    return tuple(dict.fromkeys(rule["hostname"] for rule in rules if rule.get("hostname")))


def comparable(config: Mapping[str, Any]) -> dict[str, Any]:
    """The declared parts of a configuration, without empty texts and objects, which mean nothing."""
    rules = [_bare(rule) for rule in config.get("ingress") or []]
    return {"ingress": rules} | _bare({"originRequest": config.get("originRequest")})


def merged(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration to write: what is declared, and the parts nobody declares as they were."""
    kept = {key: value for key, value in found.items() if key not in ("ingress", "originRequest")}
    return kept | dict(wanted)


def _rule(rule: Mapping[str, Any], place: str) -> dict[str, Any]:
    hostname = str(rule.get("hostname") or "").lower().rstrip(".")
    if not _HOST.fullmatch(hostname):
        raise BadRule(
            f"{place}.hostname is '{hostname}': give a full DNS name such as app.example.com; "
            "requests for all other hostnames are answered by fallback."
        )
    path = str(rule.get("path") or "")
    try:
        re.compile(path)
    except (re.error, RecursionError, OverflowError):
        raise BadRule(f"{place}.path is '{path}': give a regular expression such as ^/api/.") from None
    made = {"hostname": hostname, "service": _service(str(rule.get("service") or ""), f"{place}.service")}
    origin = rule.get("origin_request")
    return (
        made
        | ({"path": path} if path else {})
        | ({"originRequest": _seconds(origin, place)} if origin else {})
    )


def _service(service: str, place: str) -> str:
    if _STATUS.fullmatch(service) or service in _BUILT_IN or service.startswith(("unix:/", "unix+tls:/")):
        return service
    try:
        parts = urlsplit(service)
        fine = parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or parts.path not in ("", "/") or parts.query:
        raise BadRule(
            f"{place} is '{service}': give an address without a path such as http://127.0.0.1:8080, "
            "unix:/run/app.sock or http_status:404."
        )
    return service


def _seconds(origin: Mapping[str, Any], place: str) -> dict[str, Any]:
    for name in ("connectTimeout", "tlsTimeout", "tcpKeepAlive", "keepAliveTimeout"):
        value = origin.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise BadRule(
                f"{place}.origin_request.{name} is '{value}': give whole seconds such as 30; "
                "over the API a duration has no unit."
            )
    return dict(origin)


def _bare(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _bare(item) if isinstance(item, Mapping) else item
        for key, item in value.items()
        if item not in (None, "", {}) and not (isinstance(item, Mapping) and not _bare(item))
    }


__all__ = ["FALLBACK", "BadRule", "comparable", "declared", "hostnames", "merged"]
