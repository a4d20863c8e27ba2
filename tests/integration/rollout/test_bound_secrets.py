# SPDX-License-Identifier: GPL-3.0-or-later
"""Bound secrets end to end: declared in the topology, kept in the store, served by Workers in workerd."""

from __future__ import annotations

import pytest
import yaml
from secret_tools import EU, ONE, TWO, digest

pytestmark = pytest.mark.edge


def test_declared_bound_rotated_and_undone_with_its_release(secretive):
    secretive.site.declare({"TOKEN": {}})
    refused = secretive.play("site")
    assert refused.code != 0
    assert "There are no secrets of acme in production" in refused.output
    assert refused.writes == []

    secretive.secret(name="token", value=ONE)
    without = secretive.play("site", password=False)
    assert "--vault-id acme-production@FILE" in without.output
    assert without.writes == []

    first = secretive.play("site", edge_release="v1")
    assert first.code == 0, first.output
    assert secretive.has("acme-eu", "TOKEN") == secretive.has("acme-us", "TOKEN") == digest(ONE)
    assert secretive.has("globex-eu", "TOKEN") == "none"
    again = secretive.play("site", edge_release="v1")
    assert "6 unchanged" in again.output
    assert again.writes == []

    secretive.secret(name="token", value=TWO, state="rotated")
    bad = secretive.play("deploy", "-e", '{"edge_probes": [{"path": "/healthz", "status": 418}]}')
    assert bad.code != 0
    assert secretive.has("acme-eu", "TOKEN") == digest(ONE)
    rotated = secretive.play("deploy", edge_release="v1")
    assert rotated.code == 0, rotated.output
    assert "4 unchanged, 2 update" in rotated.output
    assert secretive.has("acme-eu", "TOKEN") == secretive.has("acme-us", "TOKEN") == digest(TWO)

    back = secretive.play("rollback", edge_rollback_force="true")
    assert back.code == 0, back.output
    assert secretive.has("acme-eu", "TOKEN") == secretive.has("acme-us", "TOKEN") == digest(ONE)
    assert "UNDECLARED" not in secretive.said


def test_what_nobody_declares_stays_until_somebody_says_otherwise(secretive):
    secretive.site.declare({})
    assert secretive.play("site", edge_release="v1").code == 0
    secretive.by_hand(EU, "LEGACY", ONE)
    secretive.by_hand(EU, "OTHER", TWO)

    stopped = secretive.play("site", edge_release="v2")
    assert "deployed by somebody else" in stopped.output
    taken = secretive.play("site", edge_release="v2", edge_drift="take_over")
    assert taken.code == 0, taken.output
    assert "secrets that nobody declares stay" in taken.output
    assert f"LEGACY, OTHER of {EU}" in taken.output
    assert secretive.has("acme-eu", "LEGACY") == digest(ONE)
    assert f"LEGACY, OTHER of {EU}" in secretive.play("site", edge_release="v2", edge_verify="false").output

    # Declared as kept in one region, and put into the store for both: taken over, each in its way.
    secretive.secret(name="other", value=TWO)
    secretive.site.declare({"OTHER": {}})
    topology = yaml.safe_load(secretive.site.inventory.read_text())
    topology["tenants"]["acme"]["regions"] = {"eu": {"secrets": {"LEGACY": {"kind": "kept"}}}, "us": None}
    secretive.site.inventory.write_text(yaml.safe_dump(topology))
    declared = secretive.play("site", edge_release="v3", edge_undeclared_secrets="remove")
    assert declared.code == 0, declared.output
    assert "nobody declares" not in declared.output
    assert secretive.has("acme-eu", "LEGACY") == digest(ONE)
    assert secretive.has("acme-eu", "OTHER") == secretive.has("acme-us", "OTHER") == digest(TWO)

    # No longer declared: kept, shown, and removed when asked for.
    secretive.site.declare({"OTHER": {}})
    shown = secretive.play("site", edge_release="v3")
    assert "secrets that nobody declares stay" in shown.output
    assert secretive.names(EU) == ["LEGACY", "OTHER"]
    gone = secretive.play("site", edge_release="v3", edge_undeclared_secrets="remove")
    assert (
        f"secrets that nobody declares go (an undo brings them back with their version): LEGACY of {EU}"
        in (gone.output)
    )
    assert secretive.names(EU) == ["OTHER"]
    assert secretive.play("site", edge_release="v3", edge_undeclared_secrets="remove").writes == []
