# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell when the certificates of a host end: pki-expiry DIRECTORY [STATE].

Warns in the journal 30, 7 and 1 days before, writes STATE/pki/status.json and STATE/metrics/pki.prom for
whoever watches, and fails when something has ended.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

DAY = 86400
# (days, priority in the journal, word)
LIMITS = ((0, 2, "ended"), (1, 2, "critical"), (7, 3, "urgent"), (30, 4, "soon"))
MARK = b"-----END CERTIFICATE-----\n"


def certificates(directory: Path) -> Iterator[tuple[str, bytes]]:
    """Name and PEM of each certificate: those of this host, then the trusted authorities."""
    for folder in sorted((directory / "live").glob("*")):
        if (folder / "cert.pem").is_file():
            yield folder.name, (folder / "cert.pem").read_bytes()
    bundle = directory / "ca.pem"
    if bundle.is_file():
        parts = [part + MARK for part in bundle.read_bytes().split(MARK) if part.strip()]
        for number, part in enumerate(parts, 1):
            yield f"authority-{number}", part


def end(pem: bytes) -> float:
    """When a certificate ends, as Unix time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = x509.load_pem_x509_certificate(pem).not_valid_after
    return found.replace(tzinfo=datetime.timezone.utc).timestamp()  # noqa: UP017


def judged(seconds: float) -> tuple[int, str]:
    """Priority and word for what is left."""
    return next(
        ((number, word) for days, number, word in LIMITS if seconds < max(days * DAY, 1)), (6, "fine")
    )


def replaced(path: Path, text: str) -> None:
    """Write a whole file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text)
    draft.chmod(0o644)
    draft.replace(path)


def main(directory: Path, state: Path, now: float) -> int:
    """Look at every certificate; 1 when one has ended or can't be read."""
    found = []
    for name, pem in certificates(directory):
        try:
            ends = end(pem)
        except ValueError:
            print(f"<3>the certificate {name} in {directory} can't be read: run the role pki")
            found.append({"name": name, "state": "unreadable", "days_left": None, "not_after": None})
            continue
        priority, word = judged(ends - now)
        days = int((ends - now) // DAY)
        when = datetime.datetime.fromtimestamp(ends, datetime.timezone.utc)  # noqa: UP017
        if priority < 6:
            text = "has ended" if word == "ended" else f"ends in {days} days"
            print(f"<{priority}>the certificate {name} {text} ({when:%Y-%m-%d %H:%M} UTC): run the role pki")
        found.append({"name": name, "state": word, "days_left": days, "not_after": int(ends)})
    replaced(
        state / "pki" / "status.json", json.dumps({"at": int(now), "certificates": found}, indent=1) + "\n"
    )
    head = "# HELP adsengineer_certificate_end_seconds When a certificate ends, as Unix time.\n"
    head += "# TYPE adsengineer_certificate_end_seconds gauge\n"
    dates = [(item["name"], item["not_after"]) for item in found if item["not_after"] is not None]
    lines = [f'adsengineer_certificate_end_seconds{{name="{name}"}} {ends}\n' for name, ends in dates]
    replaced(state / "metrics" / "pki.prom", head + "".join(lines))
    return int(any(item["state"] in ("ended", "unreadable") for item in found))


if __name__ == "__main__":
    now = float(os.environ.get("PKI_EXPIRY_NOW") or datetime.datetime.now().timestamp())
    place = Path(sys.argv[2] if len(sys.argv) > 2 else "/var/lib/adsengineer")
    sys.exit(main(Path(sys.argv[1]), place, now))
