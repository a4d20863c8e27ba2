# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of the relay need: a plane that signs, a third party that echoes, and a relay as a process."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._relay import keys
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._relay.reference import Reference, seal
from relay import signature

ROOT = Path(__file__).resolve().parents[1]
CANARY = "sk_live/c4n4ry+e7d1=90"
FAR = 4_000_000_000
TEXT = "0123456789abcdef" * 4


@dataclass(frozen=True)
class Plane:
    """A plane with its key and the sealed references that it was given."""

    name: str = "acme-eu"
    tenant: str = "acme"
    environment: str = "production"
    authority: str = "relay.test"
    key_text: str = field(default_factory=lambda: secrets.token_hex(32))
    sealing_text: str = TEXT

    @property
    def key(self) -> Any:
        return keys._signing_key(self.key_text)

    def reference(self, connector: str = "echo", **other: Any) -> str:
        facts = {"tenant": self.tenant, "environment": self.environment, "plane": self.name, "expires": FAR}
        made = Reference(**(facts | {"connector": connector} | other))
        return seal(made, keys.sealing_key(self.sealing_text))

    def signed(
        self,
        method: str = "POST",
        target: str = "/v1/connectors/echo/things/1",
        body: bytes = b"{}",
        **how: Any,
    ) -> signature.Message:
        """A message as a plane sends it. ``how``: created, expires, nonce, fields, reference."""
        path, _mark, query = target.partition("?")
        created = int(how.get("created", time.time()))
        fields = [("host", how.get("authority", self.authority)), *how.get("fields", ())]
        fields += [
            ("relay-reference", how.get("reference") or self.reference(path.split("/")[3] or "echo")),
            ("content-digest", digest(body)),
        ]
        covered = [*signature.COVERED, *sorted(name for name, _value in how.get("fields", ()))]
        params = (
            "(" + " ".join(f'"{name}"' for name in covered) + ")"
            f";created={created};expires={how.get('expires', created + 300)}"
            f';nonce="{how.get("nonce") or secrets.token_urlsafe(24)}"'
            f';keyid="{keys.public_jwk(self.key_text)["kid"]}";alg="ed25519";tag="{signature.TAG}"'
        )
        made = signature.Message(method, how.get("authority", self.authority), path, query, fields, body)
        value = base64.b64encode(self.key.sign(signature.base(made, covered, params))).decode()
        fields += [("signature-input", f"relay={params}"), ("signature", f"relay=:{value}:")]
        return replace(made, fields=fields)

    def about(self, connectors: dict[str, Any]) -> dict[str, Any]:
        """This plane as the relay's configuration has it."""
        return {"keys": [keys.public_jwk(self.key_text)], "connectors": connectors}


def digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def connector(port: int, **other: Any) -> dict[str, Any]:
    """A connector to a third party of this machine."""
    return {
        "methods": ["GET", "POST"],
        "scheme": "http",
        "host": "localhost",
        "port": port,
        "path": "/things/{id}",
        "query": ["expand"],
        "networks": ["127.0.0.0/8", "::1/128"],
        "credential": {"header": "Authorization", "prefix": "Bearer ", "secret": "token"},
        **other,
    }


def files(
    folder: Path, planes: dict[str, Any], listen: str, authority: str = "relay.test", **other: Any
) -> tuple[Path, Path]:
    """Write both files of a relay's configuration."""
    who = {"format": 1, "tenant": other.get("tenant", "acme"), "environment": "production"}
    public, private = folder / "relay.json", folder / "secrets.json"
    public.write_text(json.dumps(who | {"listen": listen, "authority": authority, "planes": planes}))
    known = {"token": CANARY, **other.get("secrets", {})}
    private.write_text(json.dumps(who | {"reference_keys": [other.get("text", TEXT)], "secrets": known}))
    return public, private


class ThirdParty:
    """Answers every request with what it got, or as ``answers`` says for its path; with ``tls`` by TLS."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[dict[str, Any]] = []
        self.answers: dict[str, Any] = {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_args: Any) -> None:
                return

            def handle_any(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                seen = {
                    "method": self.command,
                    "target": self.path,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "body": self.rfile.read(size).decode("latin-1"),
                }
                outer.seen.append(seen)
                made = outer.answers.get(self.path.partition("?")[0])
                status, headers, body = made(seen) if made else (200, {}, json.dumps(seen).encode())
                self.send_response(status)
                for name, value in ({"content-type": "application/json"} | headers).items():
                    self.send_header(name, value)
                if "content-length" not in headers:
                    self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Relay:
    """A relay as a process of its own."""

    def __init__(
        self, folder: Path, planes: dict[str, Any] | None = None, port: int = 0, **other: Any
    ) -> None:
        """Without planes, both files are in the folder already and say this port."""
        self.folder, self.port = folder, port or free_port()
        self.authority = other.pop("authority", "relay.test")
        self._trusted: dict[str, str] = (
            {"SSL_CERT_FILE": str(other.pop("trusted"))} if "trusted" in other else {}
        )
        self._python_path = os.pathsep.join(map(str, (ROOT / "roles/relay/files", ROOT / ".collections")))
        if planes is not None:
            self.configure(planes, **other)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30, trust_env=False)
        self.start()

    def configure(self, planes: dict[str, Any], **other: Any) -> None:
        files(self.folder, planes, f"127.0.0.1:{self.port}", self.authority, **other)

    def start(self) -> None:
        command = [sys.executable, "-m", "relay", "--config", "relay.json", "--secrets", "secrets.json"]
        environment = {
            "PYTHONPATH": self._python_path,
            "PATH": os.environ["PATH"],
            "HTTP_PROXY": "http://127.0.0.1:9",
            **self._trusted,
        }
        with (self.folder / "journal").open("ab") as journal:
            self.process = subprocess.Popen(
                [*command, "--audit", "audit"],
                cwd=self.folder,
                env=environment,
                stdout=journal,
                stderr=journal,
            )
        for _try in range(400):
            try:
                if self.client.get("/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert self.process.poll() is None, self.journal()
            time.sleep(0.025)
        raise AssertionError(self.journal())

    def send(self, message: signature.Message) -> httpx.Response:
        target = message.path + (f"?{message.query}" if message.query else "")
        fields = [(name.encode(), value.encode("latin-1")) for name, value in message.fields]
        return self.client.request(message.method, target, headers=fields, content=message.body)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=30)

    def close(self) -> None:
        if self.process.poll() is None:
            self.stop()
        self.client.close()

    def journal(self) -> str:
        return (self.folder / "journal").read_text()

    def entries(self) -> list[dict[str, Any]]:
        found = sorted((self.folder / "audit").glob("calls-*.jsonl"))
        return [json.loads(line) for path in found for line in path.read_text().splitlines()]


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])
