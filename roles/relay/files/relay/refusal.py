# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a request is not carried out, as the Worker, the audit and the journal are told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """``status`` is of HTTP. ``known`` says whether the sender had proved who it is."""

    code: str
    status: int
    known: bool = True


MALFORMED = Kind("malformed", 400, known=False)
UNKNOWN_KEY = Kind("unknown_key", 401, known=False)
STALE = Kind("stale", 401, known=False)
ALTERED = Kind("altered", 401, known=False)
TOO_LARGE = Kind("too_large", 413, known=False)
SLOW = Kind("slow", 408, known=False)
REPLAYED = Kind("replayed", 409)
REFERENCE = Kind("reference", 403)
EXPIRED = Kind("expired", 403)
FORBIDDEN = Kind("forbidden", 403)
BUSY = Kind("busy", 503)
NO_AUDIT = Kind("no_audit", 503)
TARGET = Kind("target", 502)
UNREACHABLE = Kind("unreachable", 502)
REDIRECTED = Kind("redirected", 502)
UNREADABLE = Kind("unreadable", 502)
ANSWER_TOO_LARGE = Kind("answer_too_large", 502)
NO_TOKEN = Kind("no_token", 502)
TIMED_OUT = Kind("timed_out", 504)


class Refused(Exception):
    """A request is refused. The text is one sentence without a secret."""

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__(text)
        self.kind = kind
