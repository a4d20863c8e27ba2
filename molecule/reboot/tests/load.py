# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the service until told to stop, over new connections and kept ones; prints what became of it."""

from __future__ import annotations

import collections
import http.client
import json
import sys
import threading
import time
from pathlib import Path

# At most so many seconds, and until that file is there.
END, STOP = time.monotonic() + float(sys.argv[1]), Path(sys.argv[2])
answered: collections.Counter[str] = collections.Counter()
lost: list[str] = []


def ask(path: str, keep: bool) -> None:
    connection = None
    while time.monotonic() < END and not STOP.exists():
        try:
            connection = connection or http.client.HTTPConnection("127.0.0.1", 8080, timeout=20)
            connection.request("GET", path, headers={} if keep else {"Connection": "close"})
            answer = connection.getresponse()
            body = json.loads(answer.read())
            if answer.status != 200:
                raise ValueError(f"status {answer.status}")
            answered[str(body["pid"])] += 1
            if answer.will_close:
                connection.close()
                connection = None
        except (OSError, ValueError, http.client.HTTPException) as error:
            lost.append(f"{path} {'kept' if keep else 'new'}: {error!r}")
            connection = None
        time.sleep(0.02)


paths = ["/healthz", "/healthz?wait=300"]
threads = [threading.Thread(target=ask, args=(path, keep)) for path in paths for keep in (True, False) * 2]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({"answered": answered, "lost": lost}))
