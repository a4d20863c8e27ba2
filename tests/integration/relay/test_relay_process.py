# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay as a process on loopback: where the secret arrives, what is refused, what a kill leaves."""

from __future__ import annotations

import base64
import concurrent.futures
import hashlib
import json
import random
import resource
import subprocess
import sys
import time
from dataclasses import replace
from urllib.parse import quote

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger import Ledger
from relay_plane import CANARY, Plane, connector, digest

FORMS = {
    CANARY,
    base64.b64encode(CANARY.encode()).decode().rstrip("="),
    base64.b64encode(f"x{CANARY}yz".encode()).decode()[2:30],
    base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("="),
    CANARY.encode().hex(),
    CANARY.encode().hex().upper(),
    quote(CANARY, safe=""),
    json.dumps(CANARY)[1:-1],
    json.dumps(CANARY)[1:-1].replace("/", "\\/"),
    json.dumps(CANARY)[1:-1].replace("+", "\\u002B"),
}


def told(response):
    """What a refusal says."""
    assert response.headers["relay-outcome"] == "refused"
    return response.status_code, response.json()["code"]


def test_the_secret_arrives_at_the_third_party_and_nowhere_else(start, plane, third_party):
    relay = start(plane)
    fields = [("content-type", "application/json")]
    response = relay.send(plane.signed(target="/v1/connectors/echo/things/7?expand=owner", fields=fields))
    assert response.status_code == 200
    assert response.headers["relay-outcome"] == "answered"
    (seen,) = third_party.seen
    assert seen["headers"]["authorization"] == f"Bearer {CANARY}"
    assert seen["target"] == "/things/7?expand=owner"
    assert seen["headers"]["content-type"] == "application/json"
    assert set(seen["headers"]) == {
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    }
    assert response.json()["headers"]["authorization"] == "Bearer ********"
    relay.stop()
    found = [path for path in relay.folder.rglob("*") if path.is_file() and path.name != "secrets.json"]
    assert len(found) >= 4
    for form in FORMS:
        assert form not in response.text
        assert not [path for path in found if form.encode() in path.read_bytes()]


def test_an_echo_in_any_form_is_masked(relay, plane, third_party):
    third_party.answers["/things/1"] = lambda _seen: (
        200,
        {"etag": CANARY, "x-debug": CANARY, "set-cookie": f"a={CANARY}"},
        "\0".join(FORMS).encode() + b"\xff\x00\xfe",
    )
    response = relay.send(plane.signed())
    assert response.content.endswith(b"\xff\x00\xfe")
    assert response.headers["etag"] == "********"
    assert not {"x-debug", "set-cookie"} & set(response.headers)
    assert response.content.count(b"********") == len(FORMS)
    for form in FORMS:
        assert form.encode() not in response.content


def test_what_was_sent_is_audited_before_and_after(start, plane):
    relay = start(plane)
    relay.send(plane.signed(nonce="n" * 24))
    begun, done = relay.entries()
    assert (begun["what"], begun["outcome"], done["outcome"]) == ("relay.call", "intended", "done")
    assert begun["subject"]["plane"] == "acme-eu"
    assert begun["subject"]["nonce"] == "n" * 24
    assert (done["of"], done["subject"]["status"]) == (1, 200)
    assert relay.stop() in (0, -15)
    assert len(Ledger(relay.folder / "audit/calls-000001.jsonl", "test").entries()) == 2


def test_100_parallel_copies_have_one_effect(start, plane, third_party):
    relay = start(plane)
    message = plane.signed()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(relay.send, [message] * 100))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 99
    assert len(third_party.seen) == 1


def test_a_copy_is_refused_after_a_kill(start, plane, third_party):
    relay = start(plane)
    first, second = plane.signed(), plane.signed()
    assert relay.send(first).status_code == 200
    for _round in range(3):
        relay.kill()
        relay.start()
        assert told(relay.send(first)) == (409, "replayed")
    assert relay.send(second).status_code == 200
    assert relay.stop() in (0, -15)
    relay.start()
    assert told(relay.send(second)) == (409, "replayed")
    assert len(third_party.seen) == 2


def test_a_kill_at_any_moment_forgets_no_effect(start, plane, third_party):
    """Whatever reached the third party is refused as a copy after the kill."""
    relay, seed = start(plane), random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    for _round in range(5):
        messages = [
            plane.signed(target=f"/v1/connectors/echo/things/{chance.getrandbits(60)}") for _copy in range(12)
        ]
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            sent = [pool.submit(relay.send, message) for message in messages]
            time.sleep(chance.uniform(0.002, 0.03))
            relay.kill()
        concurrent.futures.wait(sent)
        before = {seen["target"] for seen in third_party.seen}
        relay.start()
        for message in messages:
            if message.path.removeprefix("/v1/connectors/echo") in before:
                assert told(relay.send(message)) == (409, "replayed")
    targets = [seen["target"] for seen in third_party.seen]
    assert len(targets) == len(set(targets))


@pytest.mark.parametrize(
    ("skew", "code"), [(-299, ""), (299, ""), (-301, "stale"), (301, "stale"), (9_000, "stale")]
)
def test_clocks_may_differ_by_five_minutes(relay, plane, skew, code):
    # Seconds for the way, so that the edge of the window is not the test's own speed.
    shift = skew + {-301: -1, -299: 1, 301: 2}.get(skew, 0)
    response = relay.send(plane.signed(created=time.time() + shift))
    assert (response.status_code, response.json().get("code", "")) == ((401, code) if code else (200, ""))


def changed(message, **other):
    return replace(message, **other)


def with_field(message, name, value):
    return changed(message, fields=[(key, value if key == name else old) for key, old in message.fields])


@pytest.mark.parametrize(
    ("mutate", "code"),
    [
        (lambda m: changed(m, method="GET"), "altered"),
        (lambda m: changed(m, path="/v1/connectors/echo/things/2"), "altered"),
        (lambda m: changed(m, path="/v1/connectors/echo/things/%31"), "altered"),
        (lambda m: changed(m, query="expand=x"), "altered"),
        (lambda m: changed(m, body=b"[]"), "altered"),
        (lambda m: with_field(changed(m, body=b"[]"), "content-digest", digest(b"[]")), "altered"),
        (lambda m: with_field(m, "host", "other.test"), "malformed"),
        (lambda m: with_field(m, "relay-reference", "r1.AAAA"), "altered"),
        (lambda m: with_field(m, "content-type", "text/html"), "altered"),
        (lambda m: with_field(m, "content-digest", "sha-512=:AAAA:"), "malformed"),
        (lambda m: with_field(m, "signature", "relay=:AAAA:"), "malformed"),
        (lambda m: with_field(m, "signature-input", "sig1=()"), "malformed"),
        (lambda m: changed(m, fields=[*m.fields, ("relay-reference", "r1.AAAA")]), "malformed"),
        (lambda m: changed(m, fields=[*m.fields, ("signature", "relay=:AAAA:")]), "malformed"),
        (lambda m: changed(m, fields=[f for f in m.fields if f[0] != "signature-input"]), "malformed"),
        (lambda m: changed(m, fields=[f for f in m.fields if f[0] != "content-digest"]), "malformed"),
    ],
)
def test_what_is_changed_on_the_way_is_refused(relay, plane, third_party, mutate, code):
    message = plane.signed(fields=[("content-type", "application/json")])
    assert told(relay.send(mutate(message)))[1] == code
    assert not third_party.seen
    assert relay.send(message).status_code == 200


def test_order_of_arrival_does_not_matter(relay, plane):
    first, second, third = (plane.signed() for _one in range(3))
    assert [relay.send(one).status_code for one in (third, first, second, first)] == [200, 200, 200, 409]


def test_what_no_signature_covers_is_not_handed_on(relay, plane, third_party):
    message = plane.signed()
    extra = [
        ("accept-language", "de"),
        ("cookie", "a=b"),
        ("authorization", "Basic eA=="),
        ("x-forwarded-for", "1.2.3.4"),
    ]
    assert relay.send(changed(message, fields=[*message.fields, *extra])).status_code == 200
    headers = third_party.seen[0]["headers"]
    assert not {"accept-language", "cookie", "x-forwarded-for"} & set(headers)
    assert headers["authorization"] == f"Bearer {CANARY}"


def test_a_covered_field_of_any_bytes_is_handed_on_as_it_is(relay, plane, third_party):
    assert relay.send(plane.signed(fields=[("idempotency-key", "f\xfcr")])).status_code == 200
    assert third_party.seen[0]["headers"]["idempotency-key"] == "f\xfcr"


def test_a_covered_field_that_is_never_handed_on_stays_behind(relay, plane, third_party):
    assert relay.send(plane.signed(fields=[("cookie", "a=b")])).status_code == 200
    assert "cookie" not in third_party.seen[0]["headers"]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"method": "DELETE"}, "forbidden"),
        ({"target": "/v1/connectors/echo/others/1"}, "forbidden"),
        ({"target": "/v1/connectors/echo/things/1/2"}, "forbidden"),
        ({"target": "/v1/connectors/echo/things/%2e%2e"}, "forbidden"),
        ({"target": "/v1/connectors/echo//things/1"}, "forbidden"),
        ({"target": "/v1/connectors/echo/things/1?other=1"}, "forbidden"),
        ({"target": "/v1/connectors/echo/things/1?expand"}, "forbidden"),
        ({"target": "/v1/connectors/other/things/1"}, "forbidden"),
        ({"body": b"x" * 70_000}, "too_large"),
        ({"expires": 1_000_000_000}, "stale"),
    ],
)
def test_what_the_connector_does_not_allow_is_refused_and_entered(relay, plane, third_party, how, code):
    assert told(relay.send(plane.signed(**how)))[1] == code
    assert not third_party.seen
    entry = relay.entries()[-1]
    assert (entry["what"], entry["subject"]["code"]) == ("relay.refused", code)
    assert '"message": "refused"' in relay.journal()


def test_a_reference_is_for_its_plane_its_connector_and_its_time(relay, plane):
    cases = [
        (plane.reference(expires=1_700_000_000), (403, "expired")),
        (plane.reference(plane="acme-us"), (403, "reference")),
        (plane.reference("other"), (403, "reference")),
        (plane.reference(tenant="globex"), (403, "reference")),
        (plane.reference(environment="staging"), (403, "reference")),
        (plane.reference()[:-2] + "AA", (403, "reference")),
        ("nothing", (403, "reference")),
    ]
    for reference, expected in cases:
        assert told(relay.send(plane.signed(reference=reference))) == expected


def test_no_pair_of_planes_can_take_each_others_place(start, third_party):
    """Every key with every reference at every relay, over random planes of three tenants."""
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    tenants = {
        name: [Plane(f"{name}-{region}", name, sealing_text=f"{name:x<40}") for region in ("eu", "us")]
        for name in ("acme", "globex", "initech")
    }
    relays = {
        name: start(
            None,
            folder=name,
            planes={plane.name: plane.about({"echo": connector(third_party.port)}) for plane in planes},
            tenant=name,
            text=planes[0].sealing_text,
        )
        for name, planes in tenants.items()
    }
    everybody = [plane for planes in tenants.values() for plane in planes]
    triples = [(a, b, name) for a in everybody for b in everybody for name in tenants]
    for signer, referred, at in chance.sample(triples, len(triples)):
        answer = relays[at].send(signer.signed(reference=referred.reference()))
        if signer is referred and signer.tenant == at:
            assert answer.status_code == 200
        else:
            expected = (401, "unknown_key") if signer.tenant != at else (403, "reference")
            assert told(answer) == expected
    assert len(third_party.seen) == len(everybody)
    for name, relay in relays.items():
        refused = [entry for entry in relay.entries() if entry["what"] == "relay.refused"]
        assert len(refused) == 36 - 2, name


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(relay, plane, third_party, status):
    third_party.answers["/things/1"] = lambda _seen: (status, {"location": "http://169.254.169.254/"}, b"")
    response = relay.send(plane.signed())
    assert told(response) == (502, "redirected")
    assert "location" not in response.headers
    assert len(third_party.seen) == 1


def test_bad_answers_are_refused(start, plane, third_party):
    limits = connector(third_party.port, timeout=0.5, max_response_bytes=1000)
    relay = start(plane, {"echo": limits})
    third_party.answers |= {
        "/things/large": lambda _seen: (200, {}, b"x" * 1001),
        "/things/zipped": lambda _seen: (200, {"content-encoding": "gzip"}, b"x"),
        "/things/slow": lambda _seen: (time.sleep(1.5), (200, {}, b""))[1],
        "/things/short": lambda _seen: (200, {"content-length": "9", "connection": "close"}, b"x"),
    }
    expected = {"large": "answer_too_large", "zipped": "unreadable", "slow": "timed_out"}
    for name, code in expected.items():
        assert told(relay.send(plane.signed(target=f"/v1/connectors/echo/things/{name}")))[1] == code
    failed = [entry for entry in relay.entries() if entry["outcome"] == "failed" and entry["of"]]
    assert len(failed) == 3
    written = (relay.folder / "relay.json").read_bytes()
    assert relay.client.get("/healthz").json() == {
        "config": hashlib.sha256(written).hexdigest(),
        "status": "ok",
        "tenant": "acme",
        "environment": "production",
    }


def test_only_opened_networks_are_reached(start, plane, third_party):
    """localhost is a name like others: what it leads to decides."""
    closed = connector(third_party.port, scheme="https", networks=[])
    relay = start(plane, {"echo": closed})
    assert told(relay.send(plane.signed())) == (502, "target")
    assert not third_party.seen


def test_nothing_is_sent_without_an_audit(start, plane, third_party):
    """A disk that is full, by a limit on the size of files."""
    relay = start(plane)
    size = (relay.folder / "audit/calls-000001.jsonl").stat().st_size + 10
    resource.prlimit(relay.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    assert told(relay.send(plane.signed())) == (503, "no_audit")
    assert relay.client.get("/healthz").status_code == 503
    assert not third_party.seen
    resource.prlimit(
        relay.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    )
    assert relay.send(plane.signed()).status_code == 200
    assert relay.client.get("/healthz").status_code == 200


def test_two_relays_can_not_share_an_audit(relay):
    again = subprocess.run(
        [
            sys.executable,
            "-m",
            "relay",
            "--config",
            "relay.json",
            "--secrets",
            "secrets.json",
            "--audit",
            "audit",
        ],
        cwd=relay.folder,
        env={"PYTHONPATH": relay._python_path},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert again.returncode == 2
    assert "is being written by another process" in again.stderr


@pytest.mark.parametrize(("status", "body"), [(204, b""), (304, b""), (404, b"no"), (500, b"oh")])
def test_a_status_comes_back_as_it_is(relay, plane, third_party, status, body):
    third_party.answers["/things/1"] = lambda _seen: (status, {} if body else {"content-length": "0"}, body)
    for _twice in range(2):  # the connection to the third party is kept
        response = relay.send(plane.signed())
        assert (response.status_code, response.content) == (status, body)
