# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of all actions that talk to Cloudflare's API.

A subclass gives its options and :meth:`CloudflareAction.run_with`. The base builds the client, and counts
calls.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.basic import env_fallback

from ..module_utils._cloudflare.budget import LIMIT, Budget
from ..module_utils._cloudflare.client import BASE_URL, Client
from ..module_utils._cloudflare.errors import ApiError
from ..module_utils._cloudflare.library import MISSING
from ._controller import ControllerAction, Refusal

SHARED: dict[str, dict[str, Any]] = {
    "api_token": {
        "type": "str",
        "required": True,
        "no_log": True,
        "fallback": (env_fallback, ["CLOUDFLARE_API_TOKEN"]),
    },
    "account_id": {
        "type": "str",
        "required": True,
        "fallback": (env_fallback, ["CLOUDFLARE_ACCOUNT_ID"]),
    },
    "base_url": {"type": "str", "default": BASE_URL, "fallback": (env_fallback, ["CLOUDFLARE_BASE_URL"])},
    "timeout": {"type": "float", "default": 30.0},
    "call_budget": {
        "type": "int",
        "default": LIMIT,
        "fallback": (env_fallback, ["CLOUDFLARE_CALL_BUDGET"]),
    },
}
_ACCOUNT_ID = re.compile(r"[0-9a-f]{32}")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class CloudflareAction(ControllerAction):
    """Runs one operation on the API; ``spec`` is the argument_spec without the shared options."""

    shared = SHARED
    _api: Client | None = None

    def run_with(self, client: Client, args: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        """Do the work and answer the result. May raise :class:`Refusal` and ApiError."""
        raise NotImplementedError

    def work(self, args: dict[str, Any]) -> dict[str, Any]:
        """Do the work with a client, whose errors become the task's."""
        try:
            with self._client(args) as self._api:
                return self.run_with(self._api, args, self.check, bool(self._task.diff))
        except ApiError as error:
            raise Refusal(str(error), error=error.as_dict()) from None

    def missing(self) -> str:
        """Whether httpx is missing."""
        return MISSING

    def validated(self, spec: dict[str, dict[str, Any]], given: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Answer the completed options and, when they are wrong, why."""
        args, problem = super().validated(spec, given)
        missing = [name for name in ("api_token", "account_id") if not args.get(name)]
        if missing:
            variables = [SHARED[name]["fallback"][1][0] for name in missing]
            return (
                args,
                f"Set {' and '.join(missing)}, or the environment variable {' and '.join(variables)}.",
            )
        return args, problem or refused(args)

    def _guarded(self, args: dict[str, Any]) -> dict[str, Any]:
        result = super()._guarded(args)
        return {"api_calls": self._api.calls if self._api else 0} | result

    def _client(self, args: dict[str, Any]) -> Client:
        limit = args["call_budget"]
        return Client(
            account_id=args["account_id"],
            api_token=args["api_token"],
            base_url=args["base_url"],
            timeout=args["timeout"],
            budget=Budget.for_token(args["api_token"], limit=limit, notice=self._waiting) if limit else None,
        )

    def _waiting(self, seconds: float) -> None:
        self.say(f"The call budget of this token is used up: waiting {seconds:.0f} s (see call_budget).")


def refused(args: Mapping[str, Any]) -> str:
    """Why the options of the connection are not used, or nothing."""
    token = args["api_token"]
    if not (token.isascii() and token.isprintable() and " " not in token):
        return "api_token holds a blank or a character that no API token has: copy it again."
    if not _ACCOUNT_ID.fullmatch(args["account_id"]):
        # Not shown: a token is easily pasted here.
        return (
            f"account_id has {len(args['account_id'])} characters: an account id is 32 hexadecimal digits, "
            "as the dashboard shows it."
        )
    return refused_url(args["base_url"]) or refused_budget(args["call_budget"])


def refused_url(url: str) -> str:
    """Why a base URL is not used: the token would travel in the clear, or to nowhere."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return ""
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return ""
    return (
        f"base_url is '{url}': use https, so that the token is not sent in the clear; "
        "http is for the loopback addresses of an embedded edge."
    )


def refused_budget(limit: int) -> str:
    """Why a call budget is not used."""
    return "" if 0 <= limit <= LIMIT else f"call_budget is {limit}: use 0 (no pacing) to {LIMIT}."
