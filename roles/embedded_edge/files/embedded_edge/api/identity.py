# SPDX-License-Identifier: GPL-3.0-or-later
"""Who one is: token, user, account, memberships, zones."""

from __future__ import annotations

from starlette.responses import Response

from ..store.clock import stable_id
from ..store.model import Json
from . import shapes
from .call import Call
from .errors import answer, forbidden
from .paging import requested
from .router import Endpoint


async def verify(call: Call) -> Response:
    """GET whether the token is active; any token may ask that of itself."""
    messages = {"active": "This API Token is valid and active"}
    return answer(
        {"id": call.token.id, "status": call.token.status, "message": messages.get(call.token.status)}
    )


async def user(call: Call) -> Response:
    """GET the user of the token."""
    accounts = call.store.accounts
    return answer(
        {
            "id": accounts.user_id,
            "email": accounts.email,
            "suspended": False,
            "organizations": [],
            "betas": [],
        }
    )


def _account(call: Call) -> Json:
    accounts = call.store.accounts
    return {
        "id": accounts.id,
        "name": "Embedded edge",
        "type": "standard",
        "created_on": accounts.created_on,
        "settings": {"enforce_twofactor": False, "abuse_contact_email": None},
    }


async def list_accounts(call: Call) -> Response:
    """GET the one account."""
    page = requested(call, 20, 50)
    shown = page.of([_account(call)])
    return answer(shown, info=page.info(len(shown), 1))


async def get_account(call: Call) -> Response:
    """GET the account."""
    return answer(_account(call))


async def memberships(call: Call) -> Response:
    """GET the membership of the user in the account."""
    page = requested(call, 20, 50)
    membership: Json = {
        "id": stable_id("membership", call.store.accounts.id),
        "status": "accepted",
        "account": _account(call),
        "api_access_enabled": True,
        "roles": ["Administrator"],
        "permissions": {},
    }
    shown = page.of([membership])
    return answer(shown, info=page.info(len(shown), 1))


async def list_zones(call: Call) -> Response:
    """GET the zones, optionally by name or account."""
    name, account = call.query("name"), call.query("account.id")
    found = [zone for zone in call.store.accounts.zones() if name in (None, zone.name)]
    if account not in (None, call.store.accounts.id):
        found = []
    page = requested(call, 20, 50)
    shown = [shapes.zone(call.store, zone) for zone in page.of(found)]
    return answer(shown, info=page.info(len(shown), len(found)))


async def get_zone(call: Call) -> Response:
    """GET a zone."""
    zone = call.store.accounts.zone(call.params["zone"])
    if zone is None:
        raise forbidden()
    return answer(shapes.zone(call.store, zone))


VERIFY = (
    Endpoint("GET", "/user/tokens/verify", verify),
    Endpoint("GET", "/accounts/{account}/tokens/verify", verify),
)
ENDPOINTS = (
    *VERIFY,
    Endpoint("GET", "/user", user, "User Details Read"),
    Endpoint("GET", "/accounts", list_accounts, "Account Settings Read"),
    Endpoint("GET", "/accounts/{account}", get_account, "Account Settings Read"),
    Endpoint("GET", "/memberships", memberships, "Memberships Read"),
    Endpoint("GET", "/zones", list_zones, "Zone Read"),
    Endpoint("GET", "/zones/{zone}", get_zone, "Zone Read"),
)
