# SPDX-License-Identifier: GPL-3.0-or-later
"""Envelopes: sealed here and opened by the Worker, and the other way round; a vector of RFC 9180."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.envelope import (
    Context,
    Ring,
    Signer,
    opened,
    seal,
    turned,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.model import SecretError
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

VECTORS = Path(__file__).resolve().parents[4] / "vectors"
SIGNER = Signer(bytes(range(32)))
RING = turned(None, SIGNER)
CONTEXT = Context("acme", "eu", "acme-eu-gateway", "TOKEN", 3, 17, RING.current)
VALUE = "canary-value-\u00fc"


def test_sealed_is_opened_and_shown_nowhere():
    envelope = seal(CONTEXT, VALUE, RING.public, SIGNER)
    assert opened(CONTEXT, envelope, RING) == VALUE
    assert VALUE not in envelope
    private = RING.keys[RING.current][0]
    assert private not in repr(RING)
    assert SIGNER.text() not in repr(SIGNER)
    assert repr(bytes(range(32))) not in repr(SIGNER)


def test_two_envelopes_of_one_value_are_not_alike():
    assert seal(CONTEXT, VALUE, RING.public, SIGNER) != seal(CONTEXT, VALUE, RING.public, SIGNER)


@pytest.mark.parametrize(
    "other",
    [
        {"tenant": "globex"},
        {"region": "us"},
        {"worker": "acme-us-gateway"},
        {"name": "OTHER"},
        {"version": 4},
        {"sequence": 18},
    ],
    ids=str,
)
def test_a_relabelled_envelope_does_not_open(other):
    envelope = json.loads(seal(CONTEXT, VALUE, RING.public, SIGNER))
    with pytest.raises(SecretError, match="something else"):
        opened(replace(CONTEXT, **other), json.dumps(envelope), RING)
    with pytest.raises(SecretError, match="does not open"):
        opened(replace(CONTEXT, **other), json.dumps(envelope | other), RING)


def test_without_its_signature_the_words_are_bound_by_the_seal_as_well():
    """Whoever has stolen the signing key still can't move a sealed value to another place."""
    envelope = json.loads(seal(CONTEXT, VALUE, RING.public, SIGNER))
    moved = replace(CONTEXT, tenant="globex")
    other = json.loads(seal(moved, "x", RING.public, SIGNER))
    sealed = base64.b64decode(envelope["sealed"])
    signature = Ed25519PrivateKey.from_private_bytes(SIGNER.private).sign(moved.info + b"\n" + sealed)
    forged = other | {"sealed": envelope["sealed"], "signature": base64.b64encode(signature).decode()}
    with pytest.raises(SecretError, match="does not open"):
        opened(moved, json.dumps(forged), RING)


@pytest.mark.parametrize("field", ["sealed", "signature"])
def test_every_flipped_byte_is_noticed(field):
    envelope = json.loads(seal(CONTEXT, VALUE, RING.public, SIGNER))
    raw = base64.b64decode(envelope[field])
    for at in range(len(raw)):
        broken = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises(SecretError):
            opened(CONTEXT, json.dumps(envelope | {field: base64.b64encode(broken).decode()}), RING)


def test_a_turned_ring_opens_what_is_under_way_and_nothing_older():
    second = turned(RING, SIGNER)
    third = turned(second, SIGNER)
    envelope = seal(CONTEXT, VALUE, RING.public, SIGNER)
    assert opened(CONTEXT, envelope, second) == VALUE
    with pytest.raises(SecretError):
        opened(CONTEXT, envelope, third)
    assert Ring.parse(third.text()) == third


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"current": "a", "keys": {}, "signers": {}}', "null"])
def test_a_damaged_ring_is_refused_without_its_content(text):
    with pytest.raises(SecretError, match="damaged"):
        Ring.parse(text)


def test_what_the_workers_library_sealed_opens_here():
    """And the other way round: the Worker's tests open what this library sealed."""
    vectors = json.loads((VECTORS / "sealed.json").read_text())
    ring = Ring.parse(json.dumps(vectors["ring"]))
    context = Context("acme", "eu", "acme-eu-gateway", "SINK_TOKEN", 2, 7, ring.current)
    for name in ("good", "by_javascript"):
        assert opened(context, json.dumps(vectors["envelopes"][name]), ring) == vectors["value"]


def test_the_library_is_that_of_rfc_9180():
    """Key encapsulation and derivation as they are used; the RFC has no vector of them with AES-256."""
    vector = json.loads((VECTORS / "hpke.json").read_text())
    known = {name: bytes.fromhex(text) for name, text in vector.items() if name != "from"}
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
    private = X25519PrivateKey.from_private_bytes(known["skRm"])
    # Its public method takes no additional data, which the RFC's messages have.
    opened_ = hpke.rust_openssl.hpke._decrypt_with_aad
    assert opened_(suite, known["enc"] + known["ct"], private, known["info"], known["aad"]) == known["pt"]
