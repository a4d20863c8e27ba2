# SPDX-License-Identifier: GPL-3.0-or-later
"""A mirror of an npm registry on loopback that says what it served: npm_mirror.py PORT UPSTREAM LOG"""

from __future__ import annotations

import http.server
import sys
import urllib.error
import urllib.request
from pathlib import Path

PORT, UPSTREAM, LOG = int(sys.argv[1]), sys.argv[2].rstrip("/"), Path(sys.argv[3])
OWN = f"http://127.0.0.1:{PORT}"


class Mirror(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        headers = {"accept": self.headers.get("accept", "*/*")}
        asked = urllib.request.Request(UPSTREAM + self.path, headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                status, kind, body = answer.status, answer.headers.get("content-type", ""), answer.read()
        except urllib.error.HTTPError as error:
            status, kind, body = error.code, "text/plain", error.read()
        except OSError as error:
            status, kind, body = 502, "text/plain", str(error).encode()
        if "json" in kind:  # tarballs are to come from here, too
            body = body.replace(UPSTREAM.encode(), OWN.encode())
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        with LOG.open("a") as log:
            log.write(f"{status} {self.path}\n")

    def log_message(self, *_arguments: object) -> None:
        """The log has its own file."""


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Mirror).serve_forever()
