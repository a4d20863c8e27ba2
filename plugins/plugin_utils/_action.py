# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of all action plugins that talk to Cloudflare's API from the controller.

A subclass gives its options (``spec``, ``constraints``) and :meth:`CloudflareAction.run_with`. The base
validates, builds the client, counts calls, and makes sure that no secret is in a result.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ansible.module_utils.basic import env_fallback
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils._cloudflare.budget import LIMIT, Budget
from ..module_utils._cloudflare.client import BASE_URL, Client
from ..module_utils._cloudflare.errors import ApiError
from ..module_utils._cloudflare.library import MISSING
from ..module_utils._redact import Redactor

display = Display()

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
_LONG = 2000


class Refusal(Exception):
    """A task can't go on. ``text`` says why and what to do; ``fields`` go into the failed result."""

    def __init__(self, text: str, **fields: Any) -> None:
        super().__init__(text)
        self.fields = fields


class CloudflareAction(ActionBase):
    """Runs one operation on the API; see the module's docstring.

    ``spec`` is the argument_spec without the shared options, ``constraints`` holds ``required_if`` and the
    like. Set ``_supports_check_mode = False`` where check mode makes no sense. What is in ``so_far`` becomes
    a part of the result when the work fails half-way; set its ``changed`` with the first write.
    """

    spec: ClassVar[dict[str, dict[str, Any]]] = {}
    constraints: ClassVar[dict[str, Any]] = {}
    _supports_async = False

    def run_with(self, client: Client, args: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        """Do the work and answer the result. May raise :class:`Refusal` and ApiError."""
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Validate the options, run the operation, and turn every failure into a clean result."""
        result = super().run(None, task_vars)
        if MISSING:
            return result | {"failed": True, "msg": MISSING}
        spec = SHARED | self.spec
        given = self._given(spec)
        self._redactor = Redactor(hidden(spec, given))
        args, problem = validated(spec, self.constraints, given)
        problem = no_mapping(spec, given) or problem or refused(args)
        if problem:
            return result | {"failed": True, "msg": self.clean(problem)}
        self._redactor = Redactor(hidden(spec, args))
        return result | self._guarded(args)

    def say(self, text: str) -> None:
        """Show a line of progress while the task runs."""
        display.display(self.clean(text))

    def clean(self, text: str, limit: int = _LONG) -> str:
        """Answer ``text`` on one line without any secret of this task."""
        return self._redactor.clean(text, limit)

    def _guarded(self, args: dict[str, Any]) -> dict[str, Any]:
        self.so_far: dict[str, Any] = {"changed": False}
        client: Client | None = None
        try:
            with self._client(args) as client:
                result = self.run_with(client, args, bool(self._task.check_mode), bool(self._task.diff))
        except ApiError as error:
            result = self._failed(str(error), {"error": error.as_dict()})
        except Refusal as error:
            result = self._failed(str(error), error.fields)
        except Exception as error:
            result = self._failed(_defect(error), {})
        return {"changed": False, "api_calls": client.calls if client else 0} | result

    def _failed(self, text: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        scrubbed: dict[str, Any] = self._redactor.scrub(self.so_far | dict(fields))
        return scrubbed | {"failed": True, "msg": self.clean(text)}

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

    def _given(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The task's options as plain values, completed from the ``environment`` of the task or play."""
        given = {str(name): plain(value) for name, value in self._task.args.items()}
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        for name, entry in spec.items():
            for variable in entry.get("fallback", (None, []))[1]:
                if given.get(name) is None and variable in environment:
                    given[name] = plain(environment[variable])
        return given


def _defect(error: Exception) -> str:
    """An error that nobody foresaw, with its place for a bug report."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = f"{type(error).__name__} in {place.name}, line {place.lineno}: {error}"
    return f"This is a defect of the collection, please report it: {text}"


def validated(
    spec: dict[str, dict[str, Any]], constraints: dict[str, Any], given: dict[str, Any]
) -> tuple[dict[str, Any], str]:
    """Answer the completed options and, when they are wrong, why. The reason may hold secrets."""
    outcome = ArgumentSpecValidator(spec, **constraints).validate(given)
    args: dict[str, Any] = outcome.validated_parameters
    missing = [name for name in ("api_token", "account_id") if not args.get(name)]
    if missing:
        variables = [SHARED[name]["fallback"][1][0] for name in missing]
        return args, f"Set {' and '.join(missing)}, or the environment variable {' and '.join(variables)}."
    return args, "; ".join(outcome.error_messages)


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


def no_mapping(spec: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Which option with secrets is a text, or nothing. Ansible makes a mapping of one with an = in it."""
    found = [
        name
        for name, entry in spec.items()
        if entry.get("no_log") and entry.get("type") == "dict" and isinstance(given.get(name), str)
    ]
    return f"{found[0]} is a text and not a mapping. It is not shown, as it may be a secret." if found else ""


def hidden(spec: Mapping[str, Any], args: Mapping[str, Any]) -> list[str]:
    """Every text below an option that is marked no_log."""
    found: list[str] = []
    for name, entry in spec.items():
        value = args.get(name)
        if entry.get("no_log"):
            found += texts(value)
        elif entry.get("options"):
            inner = value if isinstance(value, list) else [value]
            found += [
                text for item in inner if isinstance(item, Mapping) for text in hidden(entry["options"], item)
            ]
    return found


def texts(value: object) -> Iterator[str]:
    """Every text in a value; names of a mapping are no secrets."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def plain(value: Any) -> Any:
    """The same value in Python's own types: Ansible's tagged and vaulted ones stay behind."""
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str.__str__(value) if isinstance(value, str) else str(value)


__all__ = ["SHARED", "CloudflareAction", "Refusal", "hidden", "plain"]
