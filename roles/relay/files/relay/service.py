# SPDX-License-Identifier: GPL-3.0-or-later
"""From a signed request to an answer without the secret. Who asks follows from the key alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger import (
    Entry,
    LedgerError,
    Subject,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._redact import Redactor
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._relay.reference import (
    Reference,
    ReferenceRefused,
    unseal,
)

from . import signature
from .audit import Audit
from .config import Config
from .connector import Connector
from .credentials import Outgoing
from .nonces import Nonces
from .outbound import Answer, Outbound, Resolve, resolve
from .refusal import BUSY, EXPIRED, FORBIDDEN, MALFORMED, NO_AUDIT, NO_TOKEN, REFERENCE, REPLAYED, Refused
from .signature import Claim, Message

PREFIX = "/v1/connectors/"
AT_ONCE = 64
_TOKEN_ANSWER = 64 * 1024
#: What of an answer's header goes back. Cookies, for one, are between the relay and the third party.
ANSWERED = frozenset(
    (
        "content-type",
        "content-language",
        "etag",
        "last-modified",
        "retry-after",
        "request-id",
        "x-request-id",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
    )
)


@dataclass(frozen=True)
class Asked:
    """A request whose sender is known, as this connector lets it through."""

    plane: str
    connector: Connector
    claim: Claim
    path: str
    query: str
    message: Message

    def outgoing(self) -> Outgoing:
        covered = frozenset(self.claim.components) & self.connector.headers
        fields = tuple((name, self.message.field(name)) for name in sorted(covered))
        return Outgoing(self.message.method, self.path, self.query, fields, self.message.body)

    def subject(self) -> Subject:
        """What the audit keeps: neither query nor body nor header, which may be private."""
        return {
            "plane": self.plane,
            "connector": self.connector.name,
            "method": self.message.method,
            "path": self.path,
            "bytes": len(self.message.body),
            "nonce": self.claim.nonce,
            "expires": self.claim.expires,
        }


class Service:
    """One relay. Effects are passed in: the clock, the audit, and how names are resolved."""

    def __init__(
        self, config: Config, audit: Audit, clock: Callable[[], float] = time.time, resolve: Resolve = resolve
    ) -> None:
        self.config, self.audit, self._clock = config, audit, clock
        self._nonces = Nonces((plane, nonce) for plane, nonce, _end in audit.used())
        self._running = 0
        self.broken = ""
        self._outbounds = {
            (plane, name): Outbound(connector.networks, resolve)
            for plane, connectors in config.connectors.items()
            for name, connector in connectors.items()
        }

    async def answer(self, message: Message) -> Answer:
        """Carry a request out. Raises Refused, which is in the audit then."""
        known: dict[str, str | int] = {}
        try:
            asked = self._asked(message, known)
            if self._running >= AT_ONCE:
                raise Refused(BUSY, f"{AT_ONCE} calls are under way")
            self._running += 1
            try:
                return await self._carried_out(asked)
            finally:
                self._running -= 1
        except Refused as refused:
            self.refuse(refused, known)
            raise

    def refuse(self, refused: Refused, known: Subject) -> None:
        """Enter a refusal. It stands whether or not the audit can be written."""
        try:
            self.audit.refuse(refused, known)
        except LedgerError as error:
            self.broken = str(error)

    async def close(self) -> None:
        for outbound in self._outbounds.values():
            await outbound.close()
        self.audit.close()

    def _asked(self, message: Message, known: dict[str, str | int]) -> Asked:
        """Check everything; ``known`` is filled with what the sender proved."""
        claim = signature.claimed(message)
        now = self._clock()
        signature.check_time(claim, now)
        if message.authority != self.config.authority:
            raise Refused(MALFORMED, f"the request is for {message.authority[:80]!r}, not for this relay")
        signature.check_digest(message)
        key = self.config.keys.get(claim.keyid)
        signature.check_signature(message, claim, key.verify if key else None)
        plane = key.plane if key else ""
        known |= {"plane": plane}
        self._take(plane, claim)
        known |= {"nonce": claim.nonce, "expires": claim.expires}
        reference = self._reference(message.field("relay-reference"), plane, now)
        return self._allowed(plane, reference, claim, message)

    def _take(self, plane: str, claim: Claim) -> None:
        try:
            new = self._nonces.use(plane, claim.nonce)
        except OverflowError:
            raise Refused(BUSY, "too many requests in these minutes") from None
        if not new:
            raise Refused(REPLAYED, "this request came before")

    def _reference(self, text: str, plane: str, now: float) -> Reference:
        try:
            found = unseal(text, self.config.sealing, self.config.tenant, self.config.environment)
        except ReferenceRefused as error:
            raise Refused(REFERENCE, f"the reference is refused: {error}") from None
        if (found.tenant, found.environment, found.plane) != (
            self.config.tenant,
            self.config.environment,
            plane,
        ):
            raise Refused(REFERENCE, "the reference is of another plane than the key")
        if found.expires <= now:
            raise Refused(EXPIRED, "the reference has expired: deploy the plane again")
        return found

    def _allowed(self, plane: str, reference: Reference, claim: Claim, message: Message) -> Asked:
        name, slash, rest = message.path.removeprefix(PREFIX).partition("/")
        if not message.path.startswith(PREFIX) or not slash:
            raise Refused(MALFORMED, f"the path is {PREFIX}CONNECTOR/... with the path at the third party")
        if name != reference.connector:
            raise Refused(REFERENCE, "the reference is of another connector than the path")
        connector = self.config.connectors[plane].get(name)
        if connector is None:
            raise Refused(FORBIDDEN, f"the plane has no connector {name[:64]}")
        path = f"/{rest}"
        query = connector.check(message.method, path, message.query, len(message.body))
        return Asked(plane, connector, claim, path, query, message)

    async def _carried_out(self, asked: Asked) -> Answer:
        begun = await self._entered(asked)
        at = time.monotonic()
        facts: dict[str, str | int] = {"plane": asked.plane, "connector": asked.connector.name}
        try:
            answer = await self._called(asked)
        except BaseException as error:
            self._ended(begun, facts, str(error) if isinstance(error, Refused) else type(error).__name__)
            raise
        took = round((time.monotonic() - at) * 1000)
        self._ended(begun, facts | {"status": answer.status, "bytes": len(answer.body), "milliseconds": took})
        return answer

    async def _entered(self, asked: Asked) -> Entry:
        try:
            begun = self.audit.begin(asked.subject())
            await asyncio.to_thread(self.audit.settle)
        except LedgerError as error:
            self.broken = str(error)
            raise Refused(NO_AUDIT, "the audit can't be written, so nothing is sent") from None
        self.broken = ""
        return begun

    def _ended(self, begun: Entry, facts: Mapping[str, str | int], failed: str = "") -> None:
        try:
            self.audit.end(begun, facts, failed)
        except LedgerError as error:
            # It happened; the entry that it was begun says so, and the next call is refused.
            self.broken = str(error)

    async def _called(self, asked: Asked) -> Answer:
        connector = asked.connector
        outbound = self._outbounds[asked.plane, connector.name]

        ends = time.monotonic() + connector.timeout

        async def token(scheme: str, host: str, request: Outgoing) -> tuple[int, bytes]:
            name, _colon, port = host.partition(":")
            at = int(port or (443 if scheme == "https" else 80))
            got = await outbound.send(scheme, name, at, request, _TOKEN_ANSWER, connector.timeout)
            return got.status, got.body

        try:
            async with asyncio.timeout(connector.timeout):
                request = await connector.credential.apply(asked.outgoing(), self._clock(), token)
        except TimeoutError:
            raise Refused(NO_TOKEN, f"there was no token within {connector.timeout:g} s") from None
        got = await outbound.send(
            connector.scheme,
            connector.host,
            connector.port,
            request,
            connector.max_response_bytes,
            ends - time.monotonic(),
        )
        if got.status == 401:
            connector.credential.refused(request)
        return cleaned(got, request.hidden)


def cleaned(answer: Answer, hidden: tuple[str, ...]) -> Answer:
    """The answer with the headers that go back, and nothing hidden in them or in the body."""
    redactor = _redactor(hidden)
    headers = tuple((name, redactor.mask(value)) for name, value in answer.headers if name in ANSWERED)
    # Latin-1 has a character for each byte, so a body of any kind comes back as it was.
    return Answer(answer.status, headers, redactor.mask(answer.body.decode("latin-1")).encode("latin-1"))


@lru_cache(maxsize=64)
def _redactor(hidden: tuple[str, ...]) -> Redactor:
    # Also as their bytes look where each is taken for a character, see above.
    return Redactor((*hidden, *(value.encode().decode("latin-1") for value in hidden)))
