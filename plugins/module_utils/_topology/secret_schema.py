# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets that gateways are declared to have, as JSON Schema. No value is in them."""

from __future__ import annotations

from .shapes import SECRET, choice, integer, layer, mapping, named, text

#: Where the value of a secret is, and how the Worker has it. The first one is meant when none is written.
SECRET_KINDS = ("bound", "relayed", "secrets_store", "kept")
SECRETS = layer(
    named(
        mapping(
            {
                "kind": choice(*SECRET_KINDS),
                "from": SECRET,
                "rotate_after": integer(1, 3650),
                "store": text("[0-9a-f]{32}", 32, "the id of a Secrets Store, 32 hexadecimal digits"),
            }
        ),
        text("[A-Z][A-Z0-9_]*", 63, "upper-case letters, digits and underscores, as in STRIPE_KEY"),
        "a mapping of names to secrets",
    )
)

__all__ = ["SECRETS", "SECRET_KINDS"]
