# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls over TLS: the certificate has to be of the declared host, by an authority that this host trusts."""

from __future__ import annotations

import asyncio
import http.server
import ipaddress
import ssl
import threading
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from relay.credentials import Outgoing
from relay.outbound import Outbound
from relay.refusal import Refused

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
HOST = "api.third.test"


def certificate(name):
    """A key and a certificate that is its own authority."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, made.public_bytes(serialization.Encoding.PEM)


class Third(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_args):
        return


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Serve with a certificate of a name, and trust it or another one."""
    servers = []

    def serve(name, trusted=True):
        private, public = certificate(name)
        (tmp_path / "pair.pem").write_bytes(private + public)
        (tmp_path / "trusted.pem").write_bytes(public if trusted else certificate(name)[1])
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
        monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "pair.pem")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Third)
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server.server_address[1]

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def called(port):
    async def resolve(_host, _port):
        return ["127.0.0.1"]

    async def call():
        outbound = Outbound(LOOPBACK, resolve)
        try:
            return await outbound.send("https", HOST, port, Outgoing("GET", "/", "", (), b""), 100, 5)
        finally:
            await outbound.close()

    return asyncio.run(call())


def test_a_certificate_of_the_host(served):
    assert called(served(HOST)).body == b"ok"


@pytest.mark.parametrize(
    ("name", "trusted"), [("other.third.test", True), (HOST, False), ("127.0.0.1.test", True)]
)
def test_another_certificate_is_refused(served, name, trusted):
    port = served(name, trusted)
    with pytest.raises(Refused) as refused:
        called(port)
    assert refused.value.kind.code == "unreachable"
