# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probes: requests to one version of a plane, as a visitor would send them.

Effects: :class:`Prober` takes its transport and its coin as arguments.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from .._cloudflare.library import httpx
from .._redact import Redactor
from .fleet import FRONT

OVERRIDE = "Cloudflare-Workers-Version-Overrides"
_SNIPPET = 200
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(r"/(?!/)[\x21-\x22\x24-\x7e]*|/")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_CONNECTIONS = 64
#: Long unbroken words and what follows a telling name may be secrets that somebody's answer repeats.
_SUSPICIOUS = re.compile(
    r"(?i)((?:authorization[\"']?\s*[:=]\s*[\"']?)?(?:bearer|basic)\s+"
    r"|(?:token|secret|password|passwd|api[-_]?key|authorization)[\"']?\s*[:=]\s*[\"']?)[^\s\"',}]+"
    r"|[A-Za-z0-9_\-+/=.]{40,}"
)


@dataclass(frozen=True, slots=True)
class Probe:
    """One request and what is expected of its answer; ``json`` are members that the body must have."""

    method: str
    path: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    json: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def expected(self) -> str:
        members = f" with {json.dumps(dict(self.json), sort_keys=True)}" if self.json else ""
        return f"status {self.status}{members}"


@dataclass(frozen=True, slots=True)
class Target:
    """A Worker to probe, and the versions of it."""

    script: str
    kind: str
    url: str
    connect_to: str | None = None
    candidate: str | None = None
    running: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came. ``status`` is None when nothing came; ``text`` is short and fit to print."""

    ok: bool
    status: int | None
    version: str | None
    text: str = ""

    @property
    def told(self) -> str:
        return f"status {self.status}: {self.text}" if self.status else self.text


@dataclass(frozen=True, slots=True)
class Pair:
    """The answers of both versions to one probe.

    A pair is void when an answer is another version's. A Worker that throws cannot name its version, so a
    failure without one counts against the version that was asked for; and a running version need not know
    our header at all, because whatever lacks it is not the candidate's.
    """

    target: Target
    probe: Probe
    candidate: Answer
    running: Answer

    @property
    def void(self) -> bool:
        unnamed = self.candidate.version is None and not self.candidate.ok
        candidate = unnamed or self.candidate.version == self.target.candidate
        return not candidate or self.running.version not in (self.target.running, None)

    @property
    def difference(self) -> int:
        return (not self.candidate.ok) - (not self.running.ok)


class Prober:
    """Sends probes; thread-safe; a context manager. ``coin`` answers a number in [0, 1).

    ``secrets`` are masked in what an answer is told to have said: a Worker may repeat its own. They are asked
    for when there is something to tell; where they can't be read (None), nothing of an answer is told.
    """

    def __init__(
        self,
        *,
        coin: Callable[[], float],
        transport: Any = None,
        timeout: float = 10.0,
        secrets: Callable[[], Iterable[str] | None] = tuple,
    ) -> None:
        self._coin, self._transport, self._timeout, self._secrets = coin, transport, timeout, secrets
        self._clients: dict[bool, Any] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Prober:
        return self

    def __exit__(self, *_details: object) -> None:
        for client in self._clients.values():
            client.close()

    def pair(self, target: Target, probe: Probe) -> Pair:
        """Ask both versions back to back, in random order, so that a cold start hits both alike."""
        if self._coin() < 0.5:
            candidate = self.ask(target, probe, target.candidate)
            running = self.ask(target, probe, target.running)
        else:
            running = self.ask(target, probe, target.running)
            candidate = self.ask(target, probe, target.candidate)
        return Pair(target, probe, candidate, running)

    def ask(self, target: Target, probe: Probe, version: str | None = None) -> Answer:
        """Send one probe, to ``version`` or to whatever answers; no retries."""
        client, url, host, extensions = self._way(target, probe.path)
        headers = {"host": host, "cache-control": "no-cache", "x-probe": "1", **probe.headers}
        if version:
            headers[OVERRIDE] = f'{target.script}="{version}"'
        body = None if probe.body is None else probe.body.encode()
        try:
            answer = client.request(probe.method, url, headers=headers, content=body, extensions=extensions)
        except httpx.HTTPError as error:
            # No secret was sent, so there is none in it.
            told = Redactor().clean(str(error), 120)
            return Answer(False, None, None, f"no answer ({type(error).__name__}: {told})")
        return self._judged(target, probe, answer)

    def _way(self, target: Target, path: str) -> tuple[Any, str, str, dict[str, Any]]:
        """The client and address to use: ``connect_to`` names where to connect, the name asked for stays."""
        parts = urlsplit(target.url)
        address = target.connect_to or parts.netloc
        extensions = {"sni_hostname": parts.hostname} if parts.scheme == "https" else {}
        client = self._client(environment=not target.connect_to)
        return client, f"{parts.scheme}://{address}{path}", parts.netloc, extensions

    def _client(self, *, environment: bool) -> Any:
        """A client with or without the proxies of the environment, made when first needed."""
        with self._lock:
            if environment not in self._clients:
                self._clients[environment] = httpx.Client(
                    transport=self._transport,
                    timeout=self._timeout,
                    limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
                    follow_redirects=False,
                    trust_env=environment,
                )
            return self._clients[environment]

    def _judged(self, target: Target, probe: Probe, answer: Any) -> Answer:
        names = ("x-front-version-id", "x-version-id") if target.kind == FRONT else ("x-version-id",)
        version = next((answer.headers[name] for name in names if name in answer.headers), None)
        ok = answer.status_code == probe.status and _has(answer, probe.json)
        return Answer(ok, answer.status_code, version, "" if ok else self.shorten(answer.content))

    def shorten(self, content: bytes) -> str:
        """The beginning of an answer, on one line, without what looks like a secret."""
        redactor = self._redactor
        if redactor is None:
            return "(not shown, as the secrets to mask in it can't be read)"
        text = redactor.head(content, 2 * _SNIPPET)
        hidden = _SUSPICIOUS.sub(lambda match: f"{match.group(1) or ''}********", text)
        return redactor.clean(hidden, _SNIPPET) or "(empty body)"

    @cached_property
    def _redactor(self) -> Redactor | None:
        found = self._secrets()
        return None if found is None else Redactor(found)


def problems(place: str, probe: Mapping[str, Any]) -> list[str]:
    """What is wrong with a probe as it was declared at ``place``."""
    method, path, status = probe.get("method", "GET"), probe["path"], probe.get("status", 200)
    headers = probe.get("headers") or {}
    odd = [str(name) for name, value in headers.items() if not _header(name, value)]
    found = [
        (_TOKEN.fullmatch(method), f"method is '{method}': use one such as GET or POST"),
        (
            _PATH.fullmatch(path),
            f"path is '{path}': begin with one /, and encode blanks and what is not ASCII",
        ),
        (100 <= status <= 599, f"status is {status}: use 100 to 599"),
        # Values of headers may be credentials.
        (
            not odd,
            f"headers has {', '.join(odd)}: a name is a token, a value a text on one line (quote numbers)",
        ),
    ]
    return [f"{place}.{text}." for right, text in found if not right]


def _header(name: object, value: object) -> bool:
    texts = isinstance(name, str) and isinstance(value, str)
    return texts and bool(_TOKEN.fullmatch(str(name)) and _VALUE.fullmatch(str(value)))


def _has(answer: Any, members: Mapping[str, Any]) -> bool:
    if not members:
        return True
    try:
        data = json.loads(answer.content)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and all(data.get(name) == value for name, value in members.items())


__all__ = ["OVERRIDE", "Answer", "Pair", "Probe", "Prober", "Target", "problems"]
