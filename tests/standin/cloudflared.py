# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for cloudflared, where the real one can't be had. It says so wherever it speaks.

It takes the arguments that the role gives, reads the token file, holds connections at the embedded
edge's control endpoint, answers /ready, tells systemd when it is connected, and proxies requests that
come to its front port by the ingress rules that the edge gave it.

/etc/cloudflared-stand-in.json says where the edge is: {"edge": "http://172.17.0.1:9000", "front": 9080}
"""

from __future__ import annotations

import argparse
import http.client
import http.server
import json
import os
import re
import signal
import socket
import sys
import threading
import uuid
from pathlib import Path
from urllib.parse import urlsplit

NAME = "stand-in for cloudflared, not the real one"
CONFIG = Path("/etc/cloudflared-stand-in.json")
BEAT = 0.5


class State:
    """What one connector knows."""

    def __init__(self, token: str, edge: str) -> None:
        self.id = str(uuid.uuid4())
        self.token, self.edge = token, urlsplit(edge)
        self.connections = 0
        self.rules: list[dict[str, str]] = []

    def beat(self, connections: int = 4) -> str:
        """Hold the connections; why they are not held, or nothing."""
        body = {"id": self.id, "connections": connections, "seconds": 6, "version": NAME}
        try:
            status, answer = self._ask(json.dumps(body))
        except (OSError, ValueError, http.client.HTTPException) as error:
            status, answer = 0, {"error": f"the edge does not answer ({type(error).__name__})"}
        self.connections = connections if status == 200 else 0
        self.rules = (answer.get("config") or {}).get("ingress", self.rules) if status == 200 else self.rules
        return "" if status == 200 else str(answer.get("error", status))

    def _ask(self, body: str) -> tuple[int, dict]:
        there = http.client.HTTPConnection(self.edge.hostname or "", self.edge.port, timeout=3)
        # The embedded edge answers loopback names only; the way to it may be a relay.
        headers = {
            "host": "127.0.0.1",
            "authorization": f"Bearer {self.token}",
            "content-type": "application/json",
        }
        try:
            there.request("POST", "/_embedded/connector", body, headers)
            answer = there.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            there.close()


def say(text: str) -> None:
    print(f"[{NAME}] {text}", flush=True)


def notify(text: str) -> None:
    """Tell systemd, as sd_notify(3) does."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if place:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.connect("\0" + place[1:] if place.startswith("@") else place)
            out.sendall(text.encode())


def handler(state: State, proxies: bool) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if proxies:
                self.proxy()
            elif self.path == "/ready":
                body = {"readyConnections": state.connections, "connectorId": state.id, "standIn": NAME}
                self.send(200 if state.connections else 503, json.dumps(body).encode())
            else:
                self.send(404, b"")

        def proxy(self) -> None:
            host = self.headers.get("host", "").partition(":")[0]
            rule = next(
                (rule for rule in state.rules if fits(rule, host, self.path)), {"service": "http_status:530"}
            )
            service = rule["service"]
            if not state.connections:
                self.send(530, b"no connection to the edge")
            elif service.startswith("http_status:"):
                self.send(int(service.partition(":")[2]), NAME.encode())
            else:
                self.forward(urlsplit(service), host)

        def forward(self, service, host: str) -> None:
            origin = http.client.HTTPConnection(service.hostname, service.port or 80, timeout=5)
            try:
                origin.request("GET", self.path, headers={"host": host})
                answer = origin.getresponse()
                self.send(answer.status, answer.read())
            except OSError:
                self.send(502, b"the origin does not answer")
            finally:
                origin.close()

        def send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.send_header("x-stand-in", NAME)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing of requests."""

    return Handler


def fits(rule: dict[str, str], host: str, path: str) -> bool:
    wanted = rule.get("hostname") or "*"
    named = wanted in ("*", host) or (wanted.startswith("*.") and host.endswith(wanted[1:]))
    return named and (not rule.get("path") or re.search(rule["path"], path) is not None)


class Server(http.server.ThreadingHTTPServer):
    """Several stand-ins share one front port."""

    daemon_threads = True

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


def serve(address: tuple[str, int], kind: type[http.server.BaseHTTPRequestHandler]) -> None:
    threading.Thread(target=Server(address, kind).serve_forever, daemon=True).start()


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cloudflared", description=NAME)
    parser.add_argument("--version", action="version", version=f"cloudflared version 0.0.0 ({NAME})")
    tunnel = parser.add_subparsers(required=True).add_parser("tunnel")
    tunnel.add_argument("--no-autoupdate", action="store_true", required=True)
    tunnel.add_argument("--metrics", required=True)
    tunnel.add_argument("--protocol", choices=["quic", "http2", "auto"], required=True)
    tunnel.add_argument("--loglevel", required=True)
    run = tunnel.add_subparsers(required=True).add_parser("run")
    run.add_argument("--token-file", type=Path, required=True)
    return parser.parse_args(argv)


def main(argv: list[str]) -> int:
    options, config = arguments(argv), json.loads(CONFIG.read_text())
    state = State(options.token_file.read_text().strip(), config["edge"])
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    host, _colon, port = options.metrics.rpartition(":")
    serve((host, int(port)), handler(state, proxies=False))
    if config.get("front"):
        serve(("127.0.0.1", config["front"]), handler(state, proxies=True))
    say(f"connector {state.id}, protocol {options.protocol}")
    said = None
    while not stopping.wait(BEAT):
        problem = state.beat()
        if problem != said:
            say(problem or "connected")
            if not problem:
                notify("READY=1")
        said = problem
    notify("STOPPING=1")
    state.beat(0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
