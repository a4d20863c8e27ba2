# SPDX-License-Identifier: GPL-3.0-or-later
"""What a connector lets through, how each kind of credential is applied, and what is refused at the start."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from urllib.parse import parse_qs

import pytest
from relay.config import ConfigError, load
from relay.connector import connector, template
from relay.credentials import Outgoing, credential
from relay.refusal import Refused
from relay_plane import CANARY, Plane, files
from relay_plane import connector as declared

SECRETS = {"token": CANARY}
ASKED = Outgoing("POST", "/things/1", "a=b", (("accept", "*/*"),), b"{body} {timestamp}")


async def nothing(*_args):
    raise AssertionError("nothing is to be sent")


def applied(data, send=nothing, now=1_800_000_000.5):
    return asyncio.run(credential({"secret": "token", **data}, SECRETS).apply(ASKED, now, send))


@pytest.mark.parametrize(
    ("path", "fits", "does_not"),
    [
        (
            "/v1/charges/{id}",
            ["/v1/charges/ch_1-2~3.4"],
            "/v1/charges/ /v1/charges/. /v1/charges/.. /v1/charges/a/b",
        ),
        (
            "/v1/{a}/x/{b}",
            ["/v1/1/x/2"],
            "/v1/../x/2 /v1/1/x/.. /v1//x/2 /v1/%2e/x/2 /v1/1/x/2\n /v1/1/x/2?x /V1/1/x/2",
        ),
        ("/fixed", ["/fixed"], "/fixed/ /Fixed /fixedx x/fixed"),
        ("/", ["/"], "// /a"),
        ("/a.b/", ["/a.b/"], "/a.b /axb/"),
    ],
)
def test_paths(path, fits, does_not):
    pattern = template(path)
    assert all(pattern.fullmatch(text) for text in fits)
    assert not [text for text in does_not.split(" ") if pattern.fullmatch(text)]


@pytest.mark.parametrize(
    "path", ["", "a", "//", "/a//b", "/../a", "/a/..", "/{A}", "/{a", "/a{b}", "/%2e", "/a?b", "/a b"]
)
def test_paths_that_are_no_templates(path):
    with pytest.raises(ValueError, match="no template"):
        template(path)


@pytest.mark.parametrize(
    ("query", "handed_on"),
    [
        ("", ""),
        ("expand=1", "expand=1"),
        ("expand=%26x%3d", "expand=%26x%3D"),
        ("expand=", "expand="),
        ("expand=a+b", "expand=a+b"),
    ],
)
def test_queries(query, handed_on):
    assert connector("echo", declared(1), SECRETS).check("GET", "/things/1", query, 0) == handed_on


@pytest.mark.parametrize(
    "query", ["other=1", "expand=1&other=1", "expand", "expand=%ff", "&", "expand=1;other=2&o=1"]
)
def test_queries_that_are_refused(query):
    with pytest.raises(Refused):
        connector("echo", declared(1), SECRETS).check("GET", "/things/1", query, 0)


def test_header():
    made = applied({"header": "X-Key", "prefix": "Token "})
    assert made.headers[-1] == ("X-Key", f"Token {CANARY}")
    assert made.hidden == (CANARY,)


def test_query():
    made = applied({"query": "key"})
    assert parse_qs(made.query) == {"a": ["b"], "key": [CANARY]}


def test_basic():
    made = applied({"basic": "user"})
    login = base64.b64encode(f"user:{CANARY}".encode()).decode()
    assert made.headers[-1] == ("Authorization", f"Basic {login}")
    assert set(made.hidden) == {CANARY, login}


@pytest.mark.parametrize(
    ("encoding", "encode"), [("hex", bytes.hex), ("base64", lambda raw: base64.b64encode(raw).decode())]
)
def test_hmac(encoding, encode):
    data = {
        "header": "X-Signature",
        "over": "{timestamp}.{method} {path}?{query}.{body}",
        "timestamp_header": "X-Time",
    }
    made = applied({"hmac": data | {"prefix": "v1=", "encoding": encoding, "algorithm": "sha512"}})
    text = b"1800000000.POST /things/1?a=b.{body} {timestamp}"
    expected = encode(hmac.new(CANARY.encode(), text, hashlib.sha512).digest())
    assert made.headers[-2:] == (("X-Signature", f"v1={expected}"), ("X-Time", "1800000000"))


def test_oauth2_fetches_a_token_and_keeps_it_until_it_is_refused_or_ends():
    asked = []

    async def send(scheme, host, request):
        asked.append((scheme, host, request))
        return 200, json.dumps(
            {"access_token": f"token-{len(asked)}-xyz", "token_type": "Bearer", "expires_in": 90}
        ).encode()

    made = credential(
        {
            "oauth2": {"token_url": "https://id.test:8443/t", "client_id": "me/1", "scope": "a b"},
            "secret": "token",
        },
        SECRETS,
    )

    def used(now):
        return dict(asyncio.run(made.apply(ASKED, now, send)).headers)["Authorization"]

    assert [used(now) for now in (100, 159, 160)] == [
        "Bearer token-1-xyz",
        "Bearer token-1-xyz",
        "Bearer token-2-xyz",
    ]
    made.refused(ASKED.with_header("Authorization", "Bearer token-1-xyz"))
    assert used(161) == "Bearer token-2-xyz", "an older token was refused, not this one"
    made.refused(ASKED.with_header("Authorization", "Bearer token-2-xyz"))
    assert [used(now) for now in (162, 163)] == ["Bearer token-3-xyz"] * 2
    scheme, host, request = asked[0]
    assert (scheme, host, request.path) == ("https", "id.test:8443", "/t")
    assert parse_qs(request.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["a b"]}
    login = base64.b64decode(dict(request.headers)["Authorization"].removeprefix("Basic ")).decode()
    assert login == "me%2F1:sk_live%2Fc4n4ry%2Be7d1%3D90"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (200, b"["),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"access_token": "abcdefghij"}'),
        (200, b'{"access_token": "abc\\ndefghij", "token_type": "bearer"}'),
        (200, b'{"access_token": 5, "token_type": "bearer"}'),
        (401, b'{"access_token": "abcdefghij", "token_type": "bearer"}'),
        (200, b'{"access_token": "abcdefghij", "token_type": "bearer", "expires_in": %s}' % (b"9" * 400)),
        (200, b'{"access_token": "abcdefghij", "token_type": "bearer", "expires_in": "soon"}'),
        (200, b'{"access_token": "abcdefghij", "token_type": "mac"}'),
        (200, b"[" * 60_000),
        (200, b"\xff\xfe"),
    ],
)
def test_oauth2_without_a_usable_token(status, body):
    async def send(*_args):
        return status, body + CANARY.encode()[:0]

    with pytest.raises(Refused, match="no bearer token") as refused:
        applied({"oauth2": {"token_url": "https://id.test/t", "client_id": "me"}}, send)
    assert refused.value.__cause__ is None


BAD = [
    ({"host": "127.0.0.1"}, "is no host name"),
    ({"host": "api.exämple.com"}, "is no host name"),
    ({"scheme": "http", "networks": []}, "scheme: http is for networks"),
    ({"scheme": "ftp"}, "scheme: http is for networks"),
    ({"path": "/a/../b"}, "is no template"),
    ({"headers": ["Cookie"]}, "cookie is never handed on"),
    (
        {"headers": ["X-Key"], "credential": {"header": "x-key", "secret": "token"}},
        "x-key can't be left to the plane",
    ),
    (
        {"query": ["key"], "credential": {"query": "key", "secret": "token"}},
        r"\?key can't be left to the plane",
    ),
    ({"credential": {"header": "Accept", "secret": "token"}}, "accept can't be left to the plane"),
    ({"credential": {"header": "X", "secret": "none"}}, "the secret none was not handed to the relay"),
    ({"credential": {"header": "X", "secret": "short"}}, "the secret is not 8 or more printable"),
    ({"credential": {"header": "X", "secret": "lines"}}, "the secret is not 8 or more printable"),
    ({"networks": ["10.0.0.1/8"]}, "has host bits set"),
]


@pytest.mark.parametrize(("other", "reason"), BAD)
def test_a_declaration_that_can_not_be_used_stops_the_start(tmp_path, other, reason):
    planes = {"acme-eu": Plane().about({"echo": declared(1, **other)})}
    more = {"short": "c4n4ry", "lines": "c4n4ry\nc4n4ry"}
    with pytest.raises(ConfigError, match=reason) as refused:
        load(*files(tmp_path, planes, "127.0.0.1:1", secrets=more))
    assert "planes.acme-eu.connectors.echo" in str(refused.value)
    assert "c4n4ry" not in str(refused.value)


def test_the_secrets_of_another_tenant_are_refused(tmp_path):
    public, private = files(tmp_path, {}, "127.0.0.1:1")
    private.write_text(private.read_text().replace("acme", "globex"))
    with pytest.raises(ConfigError, match="another tenant"):
        load(public, private)


@pytest.mark.parametrize(
    "content",
    ["", "[", "[]", "{}", '{"format": 2}', '{"format": 1, "tenant": "acme", "environment": "production"}'],
)
def test_files_that_can_not_be_read(tmp_path, content):
    public, private = files(tmp_path, {}, "127.0.0.1:1")
    private.write_text(content)
    with pytest.raises(ConfigError):
        load(public, private)
    public.write_text(content)
    with pytest.raises(ConfigError):
        load(public, private)
    public.unlink()
    with pytest.raises(ConfigError, match="can't be read"):
        load(public, private)
