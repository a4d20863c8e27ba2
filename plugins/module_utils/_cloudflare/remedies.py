# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the status and code of a refusal to the kind of error and what to do about it.

A code alone is not enough: 10007 means a missing Worker under /workers and a missing object
elsewhere, so each entry may be bound to a part of the endpoint.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import (
    ApiError,
    AuthenticationError,
    Conflict,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServerError,
    UnexpectedAnswer,
    ValidationError,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """The kind of error that a code stands for, and its remedy."""

    kind: type[ApiError]
    remedy: str
    under: str = ""


_TOKEN = "Check CLOUDFLARE_API_TOKEN: it may be mistyped, expired, disabled, or of another account."
_SCOPES = (
    "Give the token the permissions 'Workers Scripts: Edit' and 'Workers KV Storage: Edit' for this account, "
    "and 'Zone: Read' with 'DNS: Edit' for the zones of its hostnames; "
    "tunnels need 'Cloudflare Tunnel: Edit', VPC services 'Connectivity Directory: Admin', "
    "service tokens 'Access: Service Tokens: Edit'."
)
_NO_WORKER = "Check the name and the account; a version can be uploaded only to a Worker that exists."
_NAMESPACE = "List the namespaces of the account; the id or title may belong to another account."

_RULES = "Correct the ingress rule that the message names; the last rule must match every request."

MEANINGS: dict[int, tuple[Meaning, ...]] = {
    1000: (Meaning(AuthenticationError, _TOKEN),),
    1013: (
        Meaning(
            Conflict,
            "A tunnel with this name exists already; use it, or choose another name.",
            under="/cfd_tunnel",
        ),
    ),
    1022: (
        Meaning(
            Conflict,
            "Stop its connectors first, or set force to drop their connections.",
            under="/cfd_tunnel",
        ),
    ),
    1056: (Meaning(ValidationError, _RULES, under="/cfd_tunnel"),),
    6003: (Meaning(AuthenticationError, _TOKEN),),
    6111: (Meaning(AuthenticationError, "The Authorization header is malformed. " + _TOKEN),),
    7000: (Meaning(NotFound, "Check the account id and the base URL: no such route exists there."),),
    7003: (Meaning(NotFound, "Check the account id and the base URL: no such route exists there."),),
    9106: (Meaning(AuthenticationError, _TOKEN),),
    9109: (Meaning(PermissionDenied, f"{_TOKEN} {_SCOPES}"),),
    10000: (Meaning(AuthenticationError, f"{_TOKEN} {_SCOPES}"),),
    10007: (
        Meaning(NotFound, _NO_WORKER, under="/workers/"),
        Meaning(NotFound, "Check the name of the thing and the account."),
    ),
    10009: (
        Meaning(NotFound, "The key does not exist in this namespace.", under="/storage/kv/"),
        Meaning(NotFound, "Check the name of the thing and the account."),
    ),
    10013: (
        Meaning(NotFound, _NAMESPACE, under="/storage/kv/"),
        Meaning(ServerError, "An error on the API's side; try again later."),
    ),
    10014: (
        Meaning(
            Conflict,
            "A namespace with this title exists already; use it, or choose another title.",
            under="/storage/kv/",
        ),
    ),
    10021: (
        Meaning(
            ValidationError,
            "The Worker does not compile, start or find one of its bindings; the message names the place.",
        ),
    ),
    10027: (Meaning(ValidationError, "The Worker is too large; bundle and minify it, or drop modules."),),
    10057: (
        Meaning(
            ValidationError,
            "An inherited binding exists on no earlier version; declare it with its value instead.",
        ),
    ),
    10090: (Meaning(NotFound, _NO_WORKER),),
    10123: (Meaning(ValidationError, "Provision the Durable Object class by a migration or export first."),),
    10215: (
        Meaning(
            Conflict,
            "The newest version is not the deployed one; finish or undo the rollout, "
            "or send the secret inside a version upload.",
        ),
    ),
    10220: (
        Meaning(
            Conflict,
            "Secrets changed since that version was made; repeat with force to bring back its old secrets.",
        ),
    ),
    10222: (Meaning(NotFound, "The Worker has no version yet; upload one first."),),
    81053: (
        Meaning(
            Conflict,
            "The hostname has a DNS record already; remove that record, or choose another hostname.",
            under="/dns_records",
        ),
    ),
    100117: (
        Meaning(Conflict, "The hostname is taken; remove it from the other Worker or DNS record first."),
    ),
}

_BY_STATUS: dict[int, Meaning] = {
    400: Meaning(ValidationError, "Correct the value that the message names."),
    401: Meaning(AuthenticationError, _TOKEN),
    403: Meaning(PermissionDenied, _SCOPES),
    404: Meaning(NotFound, "Check the name, the account id and the base URL."),
    405: Meaning(UnexpectedAnswer, "Check the base URL; it must end in /client/v4."),
    409: Meaning(Conflict, "Read the present state, then decide."),
    410: Meaning(NotFound, "The API has withdrawn this; update the collection."),
    412: Meaning(Conflict, "Somebody changed it in between; read the present state, then decide."),
    413: Meaning(ValidationError, "The request is too large; send less in one call."),
    429: Meaning(RateLimited, "Wait five minutes, and see what else uses this token."),
}

_ODD = Meaning(UnexpectedAnswer, "Check the base URL and any proxy in between; it must end in /client/v4.")
_DEFAULT = Meaning(ValidationError, "Correct the value that the message names.")
_SERVER = Meaning(ServerError, "Try again later; see https://www.cloudflarestatus.com.")


def meaning(status: int, codes: tuple[int, ...], endpoint: str) -> Meaning:
    """The most specific meaning: a known code at its endpoint, else the status."""
    if status == 429:
        return _BY_STATUS[429]
    for code in codes:
        for entry in MEANINGS.get(code, ()):
            if entry.under in endpoint:
                return entry
    if status < 400:
        return _ODD
    return _SERVER if status >= 500 else _BY_STATUS.get(status, _DEFAULT)


__all__ = ["MEANINGS", "Meaning", "meaning"]
