# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds a tunnel's configuration to what cloudflared accepts."""

from __future__ import annotations

import math
import re
from typing import Any
from urllib.parse import urlsplit

from ..store.model import Json
from .errors import ApiError
from .numbers import is_whole

BAD_CONFIG = 1056
SCHEMES = ("http", "https", "unix", "unix+tls", "tcp", "ssh", "rdp", "smb")
BUILT_IN = ("hello_world", "bastion", "socks-proxy")
SECONDS = ("connectTimeout", "tlsTimeout", "tcpKeepAlive", "keepAliveTimeout")
MOST_RULES = 1000
_HOST = re.compile(
    r"(?=.{1,253}\Z)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)
_STATUS = re.compile(r"http_status:[1-5][0-9]{2}")


def checked_config(config: Json) -> Json:
    """Return the configuration, or refuse it by the number of the wrong rule."""
    rules = config.get("ingress")
    if not isinstance(rules, list) or not 0 < len(rules) <= MOST_RULES:
        raise _bad(f"'ingress' must be a list of 1 to {MOST_RULES} rules")
    for number, rule in enumerate(rules, 1):
        _check_rule(rule, number, last=number == len(rules))
    _check_origin(config.get("originRequest"), "originRequest")
    if (config.get("warp-routing") or {}).get("enabled") not in (None, True, False):
        raise _bad("'warp-routing.enabled' must be true or false")
    return config


def _check_rule(rule: Any, number: int, last: bool) -> None:
    if not isinstance(rule, dict):
        raise _bad(f"rule {number} must be an object")
    hostname, path = rule.get("hostname") or "", rule.get("path") or ""
    if not isinstance(hostname, str) or not isinstance(path, str):
        raise _bad(f"'hostname' and 'path' of rule {number} must be texts")
    _check_service(rule.get("service"), number)
    _check_origin(rule.get("originRequest"), f"originRequest of rule {number}")
    everything = hostname in ("", "*") and not path
    if last and not everything:
        raise _bad("the last rule must match every request: it may have neither hostname nor path")
    if everything and not last:
        raise _bad(f"rule {number} matches every request, so the rules after it are never used")
    if hostname not in ("", "*") and not _HOST.fullmatch(hostname.lower()):
        raise _bad(f"'hostname' of rule {number} must be a DNS name; '*.' may only be its start")
    try:
        re.compile(path)
    except (re.error, RecursionError, OverflowError):
        raise _bad(f"'path' of rule {number} is no regular expression") from None


def _check_service(service: Any, number: int) -> None:
    if not isinstance(service, str) or not service:
        raise _bad(f"rule {number} has no 'service'")
    if _STATUS.fullmatch(service) or service in BUILT_IN:
        return
    try:
        parts = urlsplit(service)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise _bad(f"'service' of rule {number} is no address") from None
    if service.startswith(("unix:", "unix+tls:")):
        return
    if parts.scheme not in SCHEMES or not parts.hostname or not port_is_fine:
        raise _bad(f"'service' of rule {number} must be such as http://localhost:8080 or http_status:404")
    if parts.path not in ("", "/"):
        raise _bad(f"'service' of rule {number} must not have a path: the request's own is kept")


def _check_origin(value: Any, place: str) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        raise _bad(f"{place} must be an object")
    for name in SECONDS:
        seconds = value.get(name)
        if seconds is not None and not is_whole(seconds, 0, math.inf):
            raise _bad(f"'{name}' in {place} must be a whole number of seconds")
    access = value.get("access")
    if access is not None and not (
        isinstance(access, dict)
        and isinstance(access.get("teamName"), str)
        and isinstance(access.get("audTag"), list)
    ):
        raise _bad(f"'access' in {place} needs 'teamName' and the list 'audTag'")


def _bad(message: str) -> ApiError:
    return ApiError(400, BAD_CONFIG, f"Bad Configuration: {message}")
