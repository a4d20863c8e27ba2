# SPDX-License-Identifier: GPL-3.0-or-later
"""The module pki on real files, and openssl as the judge of what it makes."""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._pki import store
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._pki import x509 as lib
from ansible_collections.adsengineer.orchestrator.plugins.modules import pki

NOW = datetime.now(UTC).replace(microsecond=0)
PAIR = {"name": "web", "names": ["localhost", "127.0.0.1"]}


def run(folder, *, check=False, after=0.0, **params):
    """Run the module's work so many days from now; the outcome."""
    given = {"directory": str(folder / "pki"), **params}
    for pair in given.get("certificates", []):
        pair.setdefault("owner", me()[0])
        pair.setdefault("group", me()[1])
    valid = ArgumentSpecValidator(pki.SPEC).validate(given)
    assert not valid.error_messages, valid.error_messages
    return pki.work(valid.validated_parameters, check, NOW + timedelta(days=after))


def me():
    import grp
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name


def authority(folder, **more):
    return {"path": str(folder / "ca"), "common_name": "test", **more}


def alone(folder, *pairs, **more):
    return {"authority": authority(folder, **more), "certificates": [dict(pair) for pair in pairs or (PAIR,)]}


def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=False)


def verified(folder, name="web", purpose="sslserver", at=0.0):
    pki_folder = folder / "pki"
    moment = int((NOW + timedelta(days=at)).timestamp())
    cert = pki_folder / "live" / name / "cert.pem"
    done = openssl(
        "verify",
        "-x509_strict",
        "-attime",
        moment,
        "-purpose",
        purpose,
        "-CAfile",
        pki_folder / "ca.pem",
        cert,
    )
    return done.returncode == 0


def contents(folder):
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("key_type", ["ecdsa-p256", "ed25519"])
def test_a_host_that_is_its_own_authority(tmp_path, key_type):
    pairs = [
        PAIR | {"key_type": key_type},
        {"name": "acme-eu", "kind": "client", "names": ["spiffe://x/acme"]},
    ]
    first = run(tmp_path, **alone(tmp_path, *pairs, key_type=key_type))
    assert len(first.actions) == 4
    assert verified(tmp_path)
    assert verified(tmp_path, "acme-eu", "sslclient")
    assert not verified(tmp_path, "acme-eu", "sslserver")
    assert not verified(tmp_path, at=91)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "pki" / "live" / "web").iterdir()}
    assert modes == {"key.pem": 0o600, "cert.pem": 0o644}
    assert (tmp_path / "ca").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "ca" / "1.key").stat().st_mode & 0o777 == 0o600
    before = contents(tmp_path)
    assert run(tmp_path, **alone(tmp_path, *pairs, key_type=key_type)).actions == []
    assert contents(tmp_path) == before


def test_check_mode_tells_the_same_and_writes_nothing(tmp_path):
    told = run(tmp_path, check=True, **alone(tmp_path))
    assert list(tmp_path.iterdir()) == []
    assert told.actions == run(tmp_path, **alone(tmp_path)).actions


def test_a_real_handshake_with_a_client_certificate(tmp_path):
    run(tmp_path, **alone(tmp_path, PAIR, {"name": "acme-eu", "kind": "client"}))
    live, trust = tmp_path / "pki" / "live", tmp_path / "pki" / "ca.pem"
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(live / "web" / "cert.pem", live / "web" / "key.pem")
    server.load_verify_locations(trust)
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=str(trust))
    client.load_cert_chain(live / "acme-eu" / "cert.pem", live / "acme-eu" / "key.pem")
    import socket

    seen = {}
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _address = listener.accept()
            with server.wrap_socket(connection, server_side=True) as secured:
                seen["subject"] = secured.getpeercert()["subject"]
                secured.sendall(b"x")

        thread = threading.Thread(target=serve)
        thread.start()
        with (
            socket.create_connection(listener.getsockname()) as plain,
            client.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            assert secured.recv(1) == b"x"
        thread.join()
    assert seen["subject"] == ((("commonName", "acme-eu"),),)


def test_a_certificate_is_replaced_before_its_end_with_a_new_key(tmp_path):
    run(tmp_path, **alone(tmp_path))
    old = (tmp_path / "pki" / "live" / "web" / "key.pem").read_bytes()
    assert run(tmp_path, after=54, **alone(tmp_path)).actions == []
    assert run(tmp_path, after=56, **alone(tmp_path)).actions == ["issue web, since it ends in 34 days"]
    assert verified(tmp_path, at=56)
    assert (tmp_path / "pki" / "live" / "web" / "key.pem").read_bytes() != old
    assert len(list((tmp_path / "pki" / "store").iterdir())) == 2, "the pair before is kept"
    run(tmp_path, after=112, **alone(tmp_path))
    assert len(list((tmp_path / "pki" / "store").iterdir())) == 2, "and no older one"


def test_an_authority_is_rotated_with_overlap(tmp_path):
    short = {"days": 400, "renew_before": 100, "spread": 14}
    run(tmp_path, **alone(tmp_path, **short))
    outcome = run(tmp_path, after=301, **alone(tmp_path, **short))
    assert [item["role"] for item in outcome.authorities] == ["active", "next"]
    assert outcome.bundle.count("BEGIN") == 2
    first = outcome.certificates[0]["issuer"]
    assert run(tmp_path, after=310, **alone(tmp_path, **short)).actions == []
    outcome = run(tmp_path, after=316, **alone(tmp_path, **short))
    assert outcome.actions == ["issue web, since another authority signs now"]
    assert [item["role"] for item in outcome.authorities] == ["old", "active"]
    assert outcome.certificates[0]["issuer"] != first
    assert outcome.bundle.count("BEGIN") == 2
    assert verified(tmp_path, at=316)
    old = tmp_path / "pki" / "store" / "web.2" / "cert.pem"
    assert openssl("verify", "-no_check_time", "-CAfile", tmp_path / "pki" / "ca.pem", old).returncode == 0
    outcome = run(tmp_path, after=401, **alone(tmp_path, **short))
    assert outcome.bundle.count("BEGIN") == 1


def test_a_distrusted_authority_is_gone_at_once(tmp_path):
    mark = run(tmp_path, **alone(tmp_path)).authorities[0]["fingerprint"]
    outcome = run(tmp_path, **alone(tmp_path, distrust=[mark.upper()]))
    assert [item["role"] for item in outcome.authorities] == ["distrusted", "active"]
    assert "issue web, since its authority is not trusted any more" in outcome.actions
    assert outcome.bundle.count("BEGIN") == 1
    assert verified(tmp_path)


@pytest.mark.parametrize("passphrase", [None, "canary pass phrase"])
def test_an_authority_that_is_elsewhere(tmp_path, passphrase):
    host, ca = tmp_path / "host", tmp_path / "elsewhere"
    host.mkdir()
    given = authority(ca, **({"passphrase": passphrase} if passphrase else {}))
    asked = run(host, certificates=[dict(PAIR)])
    assert list(asked.requests) == ["web"]
    again = run(host, certificates=[dict(PAIR)])
    assert openssl_key(again.requests["web"]) == openssl_key(asked.requests["web"]), (
        "the key that waits is kept"
    )
    answered = run(tmp_path, certificates=[dict(PAIR)], authority=given, requests=again.requests)
    put = run(host, certificates=[dict(PAIR)], issued=answered.issued, bundle=answered.bundle)
    assert len(put.actions) == 2
    assert verified(host)
    assert run(host, certificates=[dict(PAIR)], issued={}, bundle=answered.bundle).actions == []
    assert not list(ca.rglob("key.pem"))
    assert not list(host.rglob("*.key"))
    locked = b"ENCRYPTED" in (ca / "ca" / "1.key").read_bytes()
    assert locked is bool(passphrase)


def openssl_key(csr):
    done = subprocess.run(
        ["openssl", "req", "-noout", "-pubkey"], input=csr, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_names_come_from_the_declaration_and_not_from_the_request(tmp_path):
    host = tmp_path / "host"
    host.mkdir()
    sly = run(host, certificates=[{"name": "web", "names": ["admin.example.com"]}]).requests
    answered = run(tmp_path, certificates=[dict(PAIR)], authority=authority(tmp_path), requests=sly)
    text = subprocess.run(
        ["openssl", "x509", "-noout", "-text"],
        input=answered.issued["web"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "admin.example.com" not in text
    assert "DNS:localhost, IP Address:127.0.0.1" in text
    with pytest.raises(lib.PkiError, match="not declared"):
        run(tmp_path, certificates=[], authority=authority(tmp_path), requests=sly)
    with pytest.raises(lib.PkiError, match="not signed by its own key"):
        run(tmp_path, certificates=[dict(PAIR)], authority=authority(tmp_path), requests={"web": "x"})


def test_a_certificate_for_another_key_or_of_a_stranger_is_refused(tmp_path):
    for name in ("one", "two", "ca"):
        (tmp_path / name).mkdir()
    asked = {name: run(tmp_path / name, certificates=[dict(PAIR)]).requests for name in ("one", "two")}
    given = authority(tmp_path)
    other = run(tmp_path, certificates=[dict(PAIR)], authority=given, requests=asked["two"])
    with pytest.raises(lib.PkiError, match="for another key"):
        run(tmp_path / "one", certificates=[dict(PAIR)], issued=other.issued, bundle=other.bundle)
    stranger = run(
        tmp_path / "x", certificates=[dict(PAIR)], authority=authority(tmp_path / "x"), requests=asked["one"]
    )
    with pytest.raises(lib.PkiError, match="not trusted"):
        run(tmp_path / "one", certificates=[dict(PAIR)], issued=stranger.issued, bundle=other.bundle)


def test_a_request_for_another_authority(tmp_path):
    pair = {"name": "cloudflare", "kind": "request", "names": []}
    outcome = run(tmp_path, certificates=[pair])
    assert openssl_key(outcome.certificates[0]["csr"])
    assert run(tmp_path, certificates=[dict(pair)]).actions == []
    assert run(tmp_path, certificates=[dict(pair)], renew=True).actions


@pytest.mark.parametrize("broken", ["cert.pem", "key.pem", "both", "link"])
def test_what_is_damaged_is_made_anew(tmp_path, broken):
    run(tmp_path, **alone(tmp_path))
    live = tmp_path / "pki" / "live" / "web"
    if broken == "link":
        live.unlink()
    for name in ("cert.pem", "key.pem"):
        if broken in (name, "both"):
            (live / name).write_text("x")
    assert run(tmp_path, **alone(tmp_path)).actions
    assert verified(tmp_path)
    assert run(tmp_path, **alone(tmp_path)).actions == []


@pytest.mark.parametrize("point", range(1, 12))
def test_a_run_that_is_killed_is_repaired_by_the_next(tmp_path, monkeypatch, point):
    """Stop before the n-th change of a file, as kill -9 would, then run again."""
    left = [point]

    def counted(real):
        def step(*args, **options):
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt
            return real(*args, **options)

        return step

    with monkeypatch.context() as patched:
        patched.setattr(store, "write", counted(store.write))
        patched.setattr(Path, "rename", counted(Path.rename))
        patched.setattr(Path, "symlink_to", counted(Path.symlink_to))
        patched.setattr(Path, "replace", counted(Path.replace))
        try:
            run(tmp_path, **alone(tmp_path))
        except KeyboardInterrupt:
            assert left[0] == 0
    run(tmp_path, **alone(tmp_path))
    assert verified(tmp_path)
    assert run(tmp_path, **alone(tmp_path)).actions == []


def test_a_wrong_mode_is_put_right(tmp_path):
    run(tmp_path, **alone(tmp_path))
    key = tmp_path / "pki" / "live" / "web" / "key.pem"
    key.chmod(0o644)
    assert run(tmp_path, **alone(tmp_path)).actions == ["let the owner alone read the key of web"]
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_lost_key_of_the_authority_is_named(tmp_path):
    run(tmp_path, **alone(tmp_path))
    (tmp_path / "ca" / "1.key").unlink()
    assert run(tmp_path, **alone(tmp_path)).actions == [], "nothing is due, so nothing is missing yet"
    with pytest.raises(lib.PkiError, match=r"1\.key is missing: restore"):
        run(tmp_path, renew=True, **alone(tmp_path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"certificates": [{"name": "../x"}]}, "certificates[0].name is '../x'"),
        ({"certificates": [{"name": "a"}, {"name": "a"}]}, "a second time"),
        ({"certificates": [{"name": "a", "days": 30}]}, "renew_before is 35: give 1 to 29"),
        ({"certificates": [{"name": "a", "names": ["a b"]}]}, "has 'a b'"),
        ({"certificates": [{"name": "a", "common_name": "x" * 65}]}, "64 characters"),
        ({"authority": {"path": "/x", "common_name": "a", "spread": 400}}, "smaller than the next"),
        ({"authority": {"path": "/x", "common_name": ""}}, "1 to 64"),
    ],
    ids=str,
)
def test_wrong_options_are_named(change, words):
    valid = ArgumentSpecValidator(pki.SPEC).validate(change)
    assert words in pki.wrong(valid.validated_parameters)


def test_a_user_that_does_not_exist_is_named():
    item = {"name": "a", "owner": "nobody-there", "group": "root"}
    with pytest.raises(lib.PkiError, match="user 'nobody-there' of certificate 'a' does not exist"):
        pki.owner(item, known=True)
    assert pki.owner(item, known=False).uid == 0


def test_no_key_is_in_any_answer(tmp_path):
    outcome = run(tmp_path, **alone(tmp_path, passphrase="canary-passphrase"))
    shown = repr(pki.result(outcome)) + repr(SimpleNamespace(**vars(outcome)))
    assert "PRIVATE" not in shown
    assert "canary-passphrase" not in shown
