# SPDX-License-Identifier: GPL-3.0-or-later
"""A third party that accepts the keys it was told, and can be held in the middle of being told."""

from __future__ import annotations

import http.server
import threading
from pathlib import Path

import yaml

LOOKUP = "lookup('adsengineer.orchestrator.secret', 'acme/token{}', environment='production')"


class Accepting:
    """Knows keys by their SHA-256. C(hold) names the request that waits, C(held) is set when it does.

    One that waits is never answered, and has no effect after that: whoever sent it was killed.
    """

    def __init__(self) -> None:
        self.accepted: set[str] = set()
        self.hold, self.held, self.gone = "", threading.Event(), threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_args: object) -> None:
                return

            def do_POST(self) -> None:
                what, digest = self.path.strip("/").split("/")
                if outer._waits(f"before {what}"):
                    return
                known = outer._told(what, digest)
                if outer._waits(f"after {what}"):
                    return
                self.send_response(200 if known else 403)
                self.end_headers()

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def at(self, hold: str) -> None:
        """Wait at this request from now on; at none when it is empty."""
        self.gone.set()
        self.hold, self.held, self.gone = hold, threading.Event(), threading.Event()

    def tasks(self, folder: Path, prefix: str = "") -> dict[str, str]:
        """The variables of a rotation that tells this third party, with files of tasks for it."""
        versions = {"add": "@' ~ rotate_version ~ '", "verify": "@' ~ rotate_version ~ '", "revoke": ""}
        for what, version in versions.items():
            digest = f"{{{{ ('{prefix}' ~ {LOOKUP.format(version)}) | hash('sha256') }}}}"
            ask = {"url": f"{self._url}/{what}/{digest}", "method": "POST"}
            (folder / f"{what}.yml").write_text(yaml.safe_dump([{"ansible.builtin.uri": ask}]))
        return {f"rotate_{what}": str(folder / f"{what}.yml") for what in versions}

    def close(self) -> None:
        self.at("")
        self._server.shutdown()
        self._server.server_close()

    def _waits(self, here: str) -> bool:
        if here != self.hold:
            return False
        gone = self.gone
        self.held.set()
        gone.wait()
        return True

    def _told(self, what: str, digest: str) -> bool:
        if what == "add":
            self.accepted.add(digest)
        elif what == "revoke":
            # All but this one.
            self.accepted &= {digest}
        return digest in self.accepted
