# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an HTTP answer to a result or a typed error; pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._redact import Redactor
from .errors import ApiError, Facts, UnexpectedAnswer
from .remedies import meaning
from .shapes import Odd, mapping, sequence

if TYPE_CHECKING:
    import httpx

_MESSAGES = 5
_HTML = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The API's envelope: ``result`` and, for lists, ``info`` (pages, cursors)."""

    result: Any
    info: dict[str, Any]


class Garbled(Exception):
    """A success whose body can't be read: cut off, or not the API's. Its text is safe to show."""


def read(response: httpx.Response, facts: Facts, redactor: Redactor) -> Envelope:
    """Read an enveloped answer.

    Raises :class:`Garbled` for an unreadable success, and an :class:`ApiError` for a refusal.
    """
    facts = known(response, facts)
    if response.status_code == 204 or (response.is_success and not response.content):
        return Envelope(None, {})
    body = _decode(response)
    if response.is_success:
        return _success(body, response, facts, redactor)
    raise refusal(response, facts, redactor, body)


def refusal(response: httpx.Response, facts: Facts, redactor: Redactor, body: object = None) -> ApiError:
    """The typed error for an answer that is not a success."""
    facts = known(response, facts)
    body = _decode(response) if body is None else body
    if body is None and response.headers.get("cf-mitigated"):
        return UnexpectedAnswer(replace(facts, messages=("a challenge page came",), remedy=_CHALLENGE))
    codes, messages = _complaints(body, response, redactor)
    sense = meaning(response.status_code, codes, facts.endpoint)
    return sense.kind(replace(facts, codes=codes, messages=messages, remedy=sense.remedy))


def known(response: httpx.Response, facts: Facts) -> Facts:
    """The facts with status and ray id of an answer."""
    ray = re.sub(r"[^0-9A-Za-z-]", "", response.headers.get("cf-ray", ""))[:40]
    return replace(facts, status=response.status_code, ray=ray or None)


_CHALLENGE = (
    "The firewall in front of the API challenged this machine; check its address and proxy, "
    "and the IP filter of the token."
)
_ODD = "Check the base URL and any proxy in between; it must end in /client/v4."


def _success(body: object, response: httpx.Response, facts: Facts, redactor: Redactor) -> Envelope:
    if body is None:
        raise Garbled(_what_came(response, redactor))
    if not isinstance(body, dict) or not ({"success", "result"} & body.keys()):
        raise UnexpectedAnswer(replace(facts, messages=("no envelope in the JSON",), remedy=_ODD))
    if body.get("success") is False:
        raise refusal(response, facts, redactor, body)
    info = body.get("result_info")
    return Envelope(body.get("result"), info if isinstance(info, dict) else {})


def _decode(response: httpx.Response) -> Any:
    """The JSON of a body, or None when it holds none."""
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None


def _complaints(
    body: object, response: httpx.Response, redactor: Redactor
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Codes and messages of an envelope, of ``{code, error}``, or of a page."""
    if not isinstance(body, dict):
        return (), (_what_came(response, redactor),)
    try:
        found = [mapping(item) for item in sequence(body.get("errors"))]
    except Odd:
        found = []
    found = found or [body]
    flat = [entry for item in found for entry in _with_chain(item)][: 2 * _MESSAGES]
    codes = tuple(dict.fromkeys(code for item in flat if (code := _code(item.get("code"))) is not None))
    messages = tuple(dict.fromkeys(text for item in flat if (text := _said(item, redactor))))
    return codes, messages[:_MESSAGES]


def _with_chain(item: Any) -> list[Any]:
    chain = item.get("error_chain")
    return [item, *(link for link in chain if isinstance(link, dict))] if isinstance(chain, list) else [item]


def _code(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:9])
    return value if isinstance(value, int) else None


def _said(item: Any, redactor: Redactor) -> str:
    text = item.get("message", item.get("error", ""))
    source = item.get("source")
    pointer = source.get("pointer") if isinstance(source, dict) else None
    where = f" (at {redactor.clean(pointer, 100)})" if isinstance(pointer, str) and pointer else ""
    return redactor.clean(text) + where if isinstance(text, str) and text else ""


def _what_came(response: httpx.Response, redactor: Redactor) -> str:
    kind = redactor.clean(response.headers.get("content-type", "no content type"), 60)
    title = _HTML.search(response.text[:20_000])
    named = f" titled '{redactor.clean(title[1], 120)}'" if title else ""
    return f"{len(response.content)} bytes of {kind}{named} came instead of JSON"


__all__ = ["Envelope", "Garbled", "known", "read", "refusal"]
