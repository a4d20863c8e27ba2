# SPDX-License-Identifier: GPL-3.0-or-later
"""What the relay costs on top of a bare reverse proxy, on loopback, with sides that take turns.

Run by ``make bench`` and alone: ``python tests/benchmarks/bench_relay.py``. The proxy is the same stack
(uvicorn, Starlette, httpcore) and passes a request on unchecked, so the ratio is of what the relay does, not
of the web server. Prints medians of single requests over a kept connection, and what they are made of.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]
importlib.import_module("conftest")  # makes the collection and the relay importable
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._redact import Redactor  # noqa: E402
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._relay import keys  # noqa: E402
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._relay.reference import unseal  # noqa: E402
from relay import signature  # noqa: E402
from relay.audit import Audit  # noqa: E402
from relay_plane import CANARY, TEXT, Plane, Relay, ThirdParty, connector, free_port  # noqa: E402

ROUNDS, WARM = 400, 40
PROXY = """
import sys, httpcore, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
pool = httpcore.AsyncConnectionPool()
async def passed(request):
    url = f"http://127.0.0.1:{sys.argv[2]}{request.url.path}"
    got = await pool.request(request.method, url, content=await request.body())
    return Response(got.content, got.status)
app = Starlette(routes=[Route("/{rest:path}", passed, methods=["POST"])])
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
"""


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def median(work: Callable[[], object], times: int = ROUNDS) -> float:
    return statistics.median(timed(work) for _time in range(times))


def sides(folder: Path) -> dict[str, float]:
    """Median milliseconds of the third party alone, behind the proxy, and behind the relay."""
    third_party, plane, port = ThirdParty(), Plane(), free_port()
    planes = {plane.name: plane.about({"echo": connector(third_party.port)})}
    relay = Relay(folder, planes)
    proxy = subprocess.Popen([sys.executable, "-c", PROXY, str(port), str(third_party.port)])
    with httpx.Client(trust_env=False) as client:
        work: dict[str, Callable[[], object]] = {
            "third party alone": lambda: client.post(
                f"http://127.0.0.1:{third_party.port}/things/1", content=b"{}"
            ),
            "behind a bare proxy": lambda: client.post(f"http://127.0.0.1:{port}/things/1", content=b"{}"),
            # Signing is the Worker's own time, so it is outside.
            "behind the relay": lambda: None,
        }
        try:
            up(client, port)
            found: dict[str, list[float]] = {name: [] for name in work}
            for turn in range(ROUNDS + WARM):
                message = plane.signed()
                work["behind the relay"] = lambda message=message: relay.send(message).raise_for_status()  # type: ignore[misc]
                for name, one in work.items():
                    took = timed(one)
                    if turn >= WARM:
                        found[name].append(took)
        finally:
            proxy.terminate()
            proxy.wait()
            relay.close()
            third_party.close()
    return {name: statistics.median(times) for name, times in found.items()}


def up(client: httpx.Client, port: int) -> None:
    """Return when the proxy answers."""
    for _try in range(200):
        try:
            client.post(f"http://127.0.0.1:{port}/things/1", content=b"{}").raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise SystemExit("the proxy does not answer")


def parts(folder: Path) -> dict[str, float]:
    """Median milliseconds of what the relay does for one request, each part alone."""
    plane = Plane()
    message = plane.signed()
    verify, sealing = plane.key.public_key().verify, [keys.sealing_key(TEXT)]
    reference, redactor, body = plane.reference(), Redactor([CANARY]), "x" * 1024
    audit = Audit(folder / "parts", "relay@bench")
    subject = {"plane": plane.name, "connector": "echo", "nonce": "n" * 32, "expires": 4_000_000_000}

    def checked() -> None:
        claim = signature.claimed(message)
        signature.check_digest(message)
        signature.check_signature(message, claim, verify)

    def entered() -> None:
        begun = audit.begin(subject)
        audit.settle()
        audit.end(begun, {"status": 200})

    made = {
        "signature and digest": median(checked),
        "reference": median(lambda: unseal(reference, sealing, plane.tenant, plane.environment)),
        "audit, on the disk": median(entered),
        "mask of 1 KiB": median(lambda: redactor.mask(body)),
    }
    audit.close()
    return made


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="relay-bench-", dir=os.environ.get("BENCH_DIR")) as name:
        found, made = sides(Path(name)), parts(Path(name))
    ratio = found["behind the relay"] / found["behind a bare proxy"]
    for title, rows in (("milliseconds a request", found), ("of which the relay's own", made)):
        print(title)
        for row, value in rows.items():
            print(f"  {row:24} {value:7.3f}")
    print(f"relay / bare proxy       {ratio:7.2f}")
    print(
        json.dumps(
            {
                "machine": platform.processor() or platform.machine(),
                "cores": os.cpu_count(),
                "load": os.getloadavg(),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
