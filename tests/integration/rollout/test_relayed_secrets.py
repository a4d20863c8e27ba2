# SPDX-License-Identifier: GPL-3.0-or-later
"""Relayed secrets end to end: sealed on the controller, delivered by KV, opened by Workers in workerd."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from secret_tools import ONE, TWO, digest

pytestmark = pytest.mark.edge
EVENT = {"type": "click", "id": "1", "time": "2026-01-01T00:00:00Z"}


def used(secretive: Any, plane: str) -> str:
    """The digest of the authorization that a plane's gateway hands its events on with."""
    edge = secretive.site.edge
    headers = {"host": f"{plane}.{edge.zone}"}
    url = f"http://127.0.0.1:{edge.http_port}/v1/events"
    assert httpx.post(url, json=EVENT, headers=headers, timeout=15).status_code == 202
    return str(secretive.has(plane, "seen"))


def test_sealed_delivered_opened_and_rotated(secretive):
    secretive.site.declare({"SINK_TOKEN": {"kind": "relayed", "from": "sink"}})
    secretive.secret(name="sink", value=ONE)
    first = secretive.play("site", edge_release="v1")
    assert first.code == 0, first.output
    for plane in ("acme-eu", "acme-us"):
        # The gates have asked before it was delivered, and KV remembers for a while that nothing was there.
        secretive.until(lambda plane=plane: used(secretive, plane) == digest(f"Bearer {ONE}"))
    assert used(secretive, "globex-eu") == "none"
    again = secretive.play("site", edge_release="v1")
    assert "6 unchanged" in again.output
    assert again.writes == []

    # Another value is another envelope, and no other version of a Worker.
    secretive.secret(name="sink", value=TWO, state="rotated")
    rotated = secretive.play("site", edge_release="v1")
    assert rotated.code == 0, rotated.output
    assert "6 unchanged" in rotated.output
    assert [method for method, _path in rotated.writes] == ["PUT", "PUT"]
    secretive.until(lambda: used(secretive, "acme-eu") == digest(f"Bearer {TWO}"))

    # Another key is another version, and then another envelope.
    secretive.task("sealed_secrets", hosts="tenant_acme", state="rotated")
    turned = secretive.play("site", edge_release="v1")
    assert turned.code == 0, turned.output
    assert "4 unchanged, 2 update" in turned.output
    keys = {secretive.relayed(plane)["SINK_TOKEN"]["key"] for plane in ("acme-eu", "acme-us")}
    assert len(keys) == 2
    secretive.until(lambda: used(secretive, "acme-eu") == digest(f"Bearer {TWO}"))

    # Whoever can write to a namespace can't give one plane the envelope of another.
    stolen = secretive.kv("acme-eu", "sealed/SINK_TOKEN")
    assert TWO not in stolen
    secretive.kv("acme-us", "sealed/SINK_TOKEN", stolen)
    secretive.until(lambda: "another region" in secretive.relayed("acme-us")["SINK_TOKEN"].get("problem", ""))
    assert used(secretive, "acme-us") == digest(f"Bearer {TWO}")
