# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures against another implementation of RFC 9421, the RFC's own key, and every change of a byte."""

from __future__ import annotations

import base64
import random
from dataclasses import replace
from types import SimpleNamespace

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._relay import keys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import (
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)
from relay import signature
from relay.refusal import Refused
from relay_plane import Plane
from requests.structures import CaseInsensitiveDict

NOW = 1_800_000_000
PLANE = Plane()
VERIFY = PLANE.key.public_key().verify


def checked(message, now=NOW, verify=VERIFY):
    claim = signature.claimed(message)
    signature.check_time(claim, now)
    signature.check_digest(message)
    signature.check_signature(message, claim, verify)
    return claim


def code(message, **how):
    with pytest.raises(Refused) as refused:
        checked(message, **how)
    return refused.value.kind.code


def test_another_implementation_verifies_what_planes_send():
    class Resolver(HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id):
            assert key_id == keys.public_jwk(PLANE.key_text)["kid"]
            return PLANE.key.public_key()

    made = PLANE.signed(
        target="/v1/connectors/echo/things/1?expand=a", created=NOW, fields=[("accept", "a/b")]
    )
    request = SimpleNamespace(
        method=made.method,
        url=f"http://{made.authority}{made.path}?{made.query}",
        headers=CaseInsensitiveDict(made.fields),
    )
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Resolver())
    verifier.validate_created_and_expires = lambda *_args, **_more: None
    (found,) = verifier.verify(request, max_age=None)
    covered = (*signature.COVERED, "accept", "@signature-params")
    assert set(found.covered_components) == {f'"{name}"' for name in covered}
    request.headers["accept"] = "a/c"
    with pytest.raises(InvalidSignature):
        verifier.verify(request, max_age=None)


def test_the_vector_of_the_rfc():
    """RFC 9421, appendix B.2.6, by its key test-key-ed25519 (B.1.4)."""
    base = (
        '"date": Tue, 20 Apr 2021 02:07:55 GMT\n"@method": POST\n"@path": /foo\n"@authority": example.com\n'
        '"content-type": application/json\n"content-length": 18\n'
        '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )
    message = signature.Message(
        "POST",
        "example.com",
        "/foo",
        "",
        [
            ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("content-type", "application/json"),
            ("content-length", "18"),
        ],
        b"",
    )
    components = ("date", "@method", "@path", "@authority", "content-type", "content-length")
    params = base.rpartition('"@signature-params": ')[2]
    assert signature.base(message, components, params) == base.encode()
    key = Ed25519PrivateKey.from_private_bytes(
        keys.unbase64url("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU")
    )
    value = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    assert base64.b64encode(key.sign(base.encode())).decode() == value


@pytest.mark.parametrize(
    ("created", "expires", "now", "expected"),
    [
        (NOW, NOW + 300, NOW, ""),
        (NOW - 299, NOW + 1, NOW, ""),
        (NOW - 300, NOW, NOW, "stale"),
        (NOW - 301, NOW - 1, NOW, "stale"),
        (NOW + 299, NOW + 599, NOW, ""),
        (NOW + 301, NOW + 601, NOW, "stale"),
        (NOW, NOW + 301, NOW, "stale"),
        (NOW, NOW, NOW, "stale"),
        (NOW, NOW - 1, NOW, "stale"),
    ],
)
def test_time(created, expires, now, expected):
    message = PLANE.signed(created=created, expires=expires)
    assert (code(message, now=now) if expected else checked(message, now=now) and "") == expected


def test_a_key_of_another_is_told_from_a_change():
    message = PLANE.signed(created=NOW)
    assert code(message, verify=None) == "unknown_key"
    assert code(message, verify=Plane().key.public_key().verify) == "altered"


def test_any_change_of_any_byte_is_refused():
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    whole = PLANE.signed(
        target="/v1/connectors/echo/things/1?a=b", created=NOW, fields=[("accept", "a/b")], body=b"{1}"
    )
    checked(whole)
    for _round in range(600):
        checked_part = chance.choice(["method", "authority", "path", "query", "body", "fields"])
        if checked_part == "fields":
            at = chance.randrange(1, len(whole.fields))
            name, value = whole.fields[at]
            fields = [*whole.fields]
            fields[at] = (name, flipped(chance, value))
            message = replace(whole, fields=fields)
        elif checked_part == "body":
            message = replace(whole, body=flipped(chance, whole.body.decode("latin-1")).encode("latin-1"))
        else:
            message = replace(whole, **{checked_part: flipped(chance, getattr(whole, checked_part))})
        assert code(message) in ("altered", "malformed", "stale", "unknown_key")


def flipped(chance, text):
    """The text with one character changed, removed or put in; never only blanks at its ends."""
    at, how = chance.randrange(len(text)), chance.randrange(3)
    other = chr(chance.choice([code for code in range(33, 127) if chr(code) != text[at]]))
    made = text[:at] + ("" if how == 0 else other) + (text[at:] if how == 2 else text[at + 1 :])
    return made if made.strip(" \t") != text.strip(" \t") else f"{text}{other}"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"@path" "@query"', '"@query" "@path"'),
        lambda text: text.replace('"@query" ', ""),
        lambda text: text.replace(';alg="ed25519"', ""),
        lambda text: text.replace("ed25519", "hmac-sha256"),
        lambda text: text.replace("adsengineer-relay", "another"),
        lambda text: f"{text}, other=()",
        lambda text: text.replace('"accept"', '"accept";sf'),
        lambda text: text.replace('"accept"', '"accept" "accept"'),
        lambda text: text.replace('"accept"', '"@method"'),
        lambda text: text.replace('"accept"', '"content-type" "accept"'),
    ],
)
def test_only_one_form_is_read(change):
    message = PLANE.signed(created=NOW, fields=[("accept", "a/b")])
    fields = [(name, change(value) if name == "signature-input" else value) for name, value in message.fields]
    assert code(replace(message, fields=fields)) == "malformed"
