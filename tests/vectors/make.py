# SPDX-License-Identifier: GPL-3.0-or-later
"""Make sealed.json anew: python tests/vectors/make.py (in the development environment).

One envelope each for what the gateway must open or refuse, sealed by the collection's library, and one that
was sealed by the JavaScript library of the gateway.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, replace
from pathlib import Path

from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.envelope import (
    Context,
    Signer,
    seal,
    turned,
)

HERE = Path(__file__).resolve().parent
VALUE = "canary-sealed-5f0e71ab"


def main() -> None:
    signer, stranger = Signer.made(), Signer.made()
    before = turned(None, signer)
    ring, other = turned(before, signer), turned(None, signer)
    context = Context("acme", "eu", "acme-eu-gateway", "SINK_TOKEN", 2, 7, ring.current)
    changes = {"tenant": "globex", "region": "us", "worker": "acme-us-gateway", "name": "OTHER"}
    envelopes = {
        "good": seal(context, VALUE, ring.public, signer),
        "older": seal(replace(context, version=1, sequence=6), VALUE, ring.public, signer),
        "before": seal(replace(context, key=before.current), VALUE, before.public, signer),
        "key": seal(replace(context, key=other.current), VALUE, other.public, signer),
        "signer": seal(context, VALUE, ring.public, stranger),
        **{
            name: seal(replace(context, **{name: text}), VALUE, ring.public, signer)
            for name, text in changes.items()
        },
    }
    found = {name: json.loads(envelope) for name, envelope in envelopes.items()}
    asked = {
        "context": asdict(context),
        "value": VALUE,
        "public": ring.keys[ring.current][1],
        "signer": signer.id,
        "signing": signer.private.hex(),
    }
    done = subprocess.run(
        ["node", str(HERE / "seal.mjs")], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    found["by_javascript"] = json.loads(done.stdout)
    vectors = {"value": VALUE, "ring": json.loads(ring.text()), "envelopes": found}
    (HERE / "sealed.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
