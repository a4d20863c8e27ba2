# SPDX-License-Identifier: GPL-3.0-or-later
"""Relayed secrets end to end: sealed on the controller, delivered by KV, opened by Workers in workerd."""

from __future__ import annotations

import os
import random
from typing import Any

import httpx
import pytest
import yaml
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


def test_no_plane_opens_what_is_for_another_one_or_another_name(secretive, monkeypatch):
    """Every envelope of two tenants in the place of another, at random: refused, logged, and not used."""
    seed = int(os.environ.get("SECRETS_SEED") or random.randrange(2**32))
    print("SECRETS_SEED", seed)
    chance = random.Random(seed)
    tenants, names = ("acme", "globex"), ("SINK_TOKEN", "OTHER")
    ids = ",".join(f"{tenant}-production@{secretive.folder}/password" for tenant in tenants)
    monkeypatch.setenv("ANSIBLE_VAULT_IDENTITY_LIST", ids)
    topology = yaml.safe_load(secretive.site.inventory.read_text())
    for tenant in tenants:
        declared = {name: {"kind": "relayed", "from": name.lower()} for name in names}
        topology["tenants"][tenant]["secrets"] = declared
        for name in names:
            where = {"tenant": tenant, "environment": "production", "name": name.lower()}
            secretive.task("secret", **where, value=f"{ONE}/{tenant}/{name}")
    secretive.site.inventory.write_text(yaml.safe_dump(topology, sort_keys=False))
    first = secretive.play("site", edge_release="v1", edge_verify="false")
    assert first.code == 0, first.output
    planes = [f"{tenant}-{region}" for tenant in tenants for region in ("eu", "us")]
    cells = [(plane, name) for plane in planes for name in names]
    own = {cell: secretive.kv(cell[0], f"sealed/{cell[1]}") for cell in cells}

    def problem(cell):
        return secretive.relayed(cell[0])[cell[1]].get("problem")

    def has_own(plane):
        value = f"Bearer {ONE}/{plane.partition('-')[0]}/SINK_TOKEN"
        return used(secretive, plane) == digest(value)

    def log():
        return (secretive.site.edge.directory / "workerd.log").read_text()

    for _round in range(3):
        order = chance.sample(cells, len(cells))
        for cell in cells:
            secretive.until(lambda cell=cell: problem(cell) is None)
        before = log()
        for cell, other in zip(order, [*order[1:], order[0]], strict=True):
            secretive.kv(cell[0], f"sealed/{cell[1]}", own[other])
        for (plane, name), (other, _name) in zip(order, [*order[1:], order[0]], strict=True):
            differs = [a != b for a, b in zip(plane.split("-"), other.split("-"), strict=True)]
            part = "tenant" if differs[0] else "region" if differs[1] else "name"
            reason = f"the envelope is for another {part}"
            secretive.until(lambda cell=(plane, name), reason=reason: problem(cell) == reason)
            line = f'"message":"relayed secret refused","name":"{name}","reason":"{reason}"'
            assert line in log().removeprefix(before)
        assert all(has_own(plane) for plane in planes)
        for cell in cells:
            secretive.kv(cell[0], f"sealed/{cell[1]}", own[cell])
    assert ONE not in log()
