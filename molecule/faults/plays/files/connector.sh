#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A stand-in for cloudflared that is ready as soon as it runs: only the role itself is on trial here.
exec python3 - "$@" <<'PROGRAM'
import http.server
import os
import socket
import sys

if "--version" in sys.argv:
    print("stand-in for cloudflared, not the real one")
    sys.exit()


class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status":200,"readyConnections":4,"connectorId":"stand-in"}')


host, port = sys.argv[sys.argv.index("--metrics") + 1].split(":")
server = http.server.HTTPServer((host, int(port)), Ready)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
    there.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
server.serve_forever()
PROGRAM
