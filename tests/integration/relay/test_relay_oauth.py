# SPDX-License-Identifier: GPL-3.0-or-later
"""OAuth 2.0 client credentials through a relay as a process: tokens, their end, and endpoints that fail."""

from __future__ import annotations

import base64
import concurrent.futures
import json
import socket
import time
from urllib.parse import parse_qs

import pytest
from relay_plane import CANARY, connector, free_port
from test_relay_process import FORMS, told

CLIENT, SCOPE = "client/1", "read write"


class Tokens:
    """A token endpoint, and a third party that accepts the tokens that were not revoked."""

    def __init__(self, third_party, seconds=3600):
        self.given, self.revoked, self.seconds, self.answer = [], set(), seconds, None
        self.third_party, self.asked, self.delay = third_party, [], 0.0
        third_party.answers |= {"/token": self._token, "/things/1": self._things}

    def connector(self, port=0, **oauth2):
        url = f"http://localhost:{port or self.third_party.port}/token"
        about = {"token_url": url, "client_id": CLIENT, "scope": SCOPE} | oauth2
        return connector(self.third_party.port, credential={"oauth2": about, "secret": "token"}, timeout=2)

    @property
    def calls(self):
        """What arrived at the third party itself."""
        return [seen for seen in self.third_party.seen if seen["target"] == "/things/1"]

    def _token(self, seen):
        self.asked.append(seen)
        time.sleep(self.delay)
        if self.answer:
            return self.answer(seen)
        form = dict(parse_qs(seen["body"]))
        login = seen["headers"].get("authorization", "")
        if login:
            user, _colon, password = base64.b64decode(login.removeprefix("Basic ")).decode().partition(":")
            known = (user, password) == ("client%2F1", "sk_live%2Fc4n4ry%2Be7d1%3D90")
        else:
            known = (form.pop("client_id", []), form.pop("client_secret", [])) == ([CLIENT], [CANARY])
        if not known or form != {"grant_type": ["client_credentials"], "scope": [SCOPE]}:
            return 401, {}, json.dumps({"error": "invalid_client", "sent": seen}).encode()
        self.given.append(f"t0ken/{len(self.given)}+{'x' * 20}")
        told = {"access_token": self.given[-1], "token_type": "bearer", "expires_in": self.seconds}
        return 200, {}, json.dumps(told).encode()

    def _things(self, seen):
        token = seen["headers"].get("authorization", "").removeprefix("Bearer ")
        accepted = token in self.given and token not in self.revoked
        return (200 if accepted else 401), {}, json.dumps(seen).encode()


@pytest.fixture
def tokens(third_party):
    return Tokens(third_party)


@pytest.mark.parametrize("auth", ["basic", "post"])
def test_one_token_serves_many_requests_and_is_in_no_answer_or_file(start, plane, tokens, auth):
    relay = start(plane, {"echo": tokens.connector(auth=auth)})
    answers = [relay.send(plane.signed()) for _time in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len(tokens.asked) == 1
    assert ("authorization" in tokens.asked[0]["headers"]) == (auth == "basic")
    assert {seen["headers"]["authorization"] for seen in tokens.calls} == {f"Bearer {tokens.given[0]}"}
    assert CANARY not in json.dumps(tokens.calls), "the third party gets the token alone"
    assert answers[0].json()["headers"]["authorization"] == "Bearer ********"
    relay.stop()
    found = [path for path in relay.folder.rglob("*") if path.is_file() and path.name != "secrets.json"]
    assert len(found) >= 4
    token = tokens.given[0]
    for form in (*FORMS, token, base64.b64encode(token.encode()).decode(), token.encode().hex()):
        assert not [answer for answer in answers if form in answer.text]
        assert not [path for path in found if form.encode() in path.read_bytes()]


def test_a_token_that_ended_is_followed_by_a_new_one(start, plane, tokens):
    tokens.seconds = 31
    relay = start(plane, {"echo": tokens.connector()})
    assert relay.send(plane.signed()).status_code == 200
    time.sleep(1.1)
    assert [relay.send(plane.signed()).status_code for _time in range(2)] == [200, 200]
    assert len(tokens.given) == 2


def test_after_a_refused_token_the_next_request_has_one_new_one(start, plane, tokens):
    """The request itself is not repeated: the Worker alone knows whether it may be."""
    relay = start(plane, {"echo": tokens.connector()})
    assert relay.send(plane.signed()).status_code == 200
    tokens.revoked.add(tokens.given[0])
    refused = relay.send(plane.signed())
    assert (refused.status_code, refused.headers["relay-outcome"]) == (401, "answered")
    assert [relay.send(plane.signed()).status_code for _time in range(3)] == [200] * 3
    assert (len(tokens.given), len(tokens.calls)) == (2, 5)


def test_requests_at_once_wait_for_one_token(start, plane, tokens):
    tokens.delay = 0.3
    relay = start(plane, {"echo": tokens.connector()})
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(relay.send, [plane.signed() for _one in range(20)]))
    assert {answer.status_code for answer in answers} == {200}
    assert len(tokens.asked) == 1


def slow(_seen):
    time.sleep(3)
    return 200, {}, b"{}"


def repeating(seen):
    """An endpoint that tells its whole request, and so the secret, with its refusal."""
    return 400, {}, json.dumps(seen).encode()


ODD = {
    "slow": slow,
    "repeating": repeating,
    "failing": lambda _seen: (503, {"retry-after": "1"}, b"busy"),
    "huge": lambda _seen: (200, {}, b'{"access_token": "' + b"x" * 100_000 + b'"}'),
    "no JSON": lambda _seen: (200, {}, b"<html>"),
    "an endless end": lambda _seen: (
        200,
        {},
        b'{"access_token": "abcdefghij", "token_type": "bearer", "expires_in": ' + b"9" * 400 + b"}",
    ),
    "lines in the token": lambda _seen: (
        200,
        {},
        b'{"access_token": "abcdefgh\\r\\nX: y", "token_type": "bearer"}',
    ),
    "redirecting": lambda _seen: (307, {"location": "http://169.254.169.254/"}, b""),
    "compressed": lambda _seen: (200, {"content-encoding": "gzip"}, b"x"),
    "cut": lambda _seen: (200, {"content-length": "99", "connection": "close"}, b"{"),
}


@pytest.mark.parametrize("how", ODD)
def test_without_a_token_nothing_is_sent_and_the_next_request_asks_again(start, plane, tokens, how):
    relay = start(plane, {"echo": tokens.connector()})
    tokens.answer = ODD[how]
    began = time.monotonic()
    answer = relay.send(plane.signed())
    assert told(answer) == (502, "no_token")
    assert time.monotonic() - began < 2.8
    assert tokens.calls == []
    assert len(tokens.asked) == 1, "no redirect is followed, and nothing is repeated"
    failed = relay.entries()[-2]
    assert (failed["what"], failed["outcome"]) == ("relay.call", "failed")
    tokens.answer = None
    assert relay.send(plane.signed()).status_code == 200
    said = answer.text + relay.journal() + json.dumps(relay.entries())
    assert not [form for form in FORMS if form in said]
    assert "abcdefgh" not in said


def test_an_endpoint_that_is_down_is_told_as_such(start, plane, tokens):
    relay = start(plane, {"echo": tokens.connector(port=free_port())})
    answer = relay.send(plane.signed())
    assert told(answer) == (502, "no_token")
    assert "can't be reached" in answer.json()["error"]
    assert tokens.calls == []


def test_those_who_wait_for_a_token_wait_no_longer_than_one_call_may(start, plane, tokens):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        relay = start(plane, {"echo": tokens.connector(port=silent.getsockname()[1])})
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(relay.send, [plane.signed() for _one in range(8)]))
        assert {told(answer) for answer in answers} == {(502, "no_token")}
        assert time.monotonic() - began < 5


def test_a_client_that_is_refused_gets_no_token(start, plane, tokens):
    relay = start(plane, {"echo": tokens.connector(client_id="another")})
    assert told(relay.send(plane.signed())) == (502, "no_token")
    assert tokens.calls == []
