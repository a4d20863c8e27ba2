# SPDX-License-Identifier: GPL-3.0-or-later
"""From planes and a release to units: bindings, documents, fingerprints."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.fleet import (
    FRONT,
    GATEWAY,
    FleetError,
    Unit,
    secret_digests,
    units,
)
from rollout_world import bundle, plane, release


def one(plane_=None, release_=None) -> Unit:
    return units([plane_ or plane()], release_ or release())[0]


def test_a_gateway():
    unit = one()
    assert (unit.script, unit.kind, unit.canary) == ("acme-eu-gateway", GATEWAY, True)
    assert unit.bindings == (
        {"name": "CONFIG", "type": "kv_namespace", "namespace": "acme-eu-config"},
        {"name": "VERSION", "type": "version_metadata"},
        {"name": "TENANT", "type": "plain_text", "text": "acme"},
        {"name": "REGION", "type": "plain_text", "text": "eu"},
        {"name": "ENVIRONMENT", "type": "plain_text", "text": "production"},
        {"name": "RELEASE", "type": "plain_text", "text": "v1"},
    )
    assert unit.document == '{"max_batch":100}'
    assert unit.tag == f"fp:{unit.fingerprint[:32]}"


def test_without_a_namespace_there_is_neither_binding_nor_document():
    unit = one(plane(kv_namespace=None))
    assert unit.document is None
    assert unit.document_sha256 == ""
    assert "CONFIG" not in {binding["name"] for binding in unit.bindings}


def test_variables_and_services_are_bound():
    unit = one(release_=release(variables={"A": "x", "B": [1]}, services={"SINK": "store"}))
    assert unit.bindings[-3:] == (
        {"name": "A", "type": "plain_text", "text": "x"},
        {"name": "B", "type": "json", "json": [1]},
        {"name": "SINK", "type": "service", "service": "store"},
    )


def test_a_front_binds_the_gateways_of_its_tenant():
    planes = [plane("acme-eu"), plane("acme-us-west", tenant="acme", region="us-west"), plane("globex-eu")]
    found = units(planes, release(), fronts=["acme"])
    assert [unit.script for unit in found][-1] == "acme-front"
    front = found[-1]
    assert (front.kind, front.region, front.document) == (FRONT, "", None)
    assert front.bindings[:2] == (
        {"name": "GATEWAY_EU", "type": "service", "service": "acme-eu-gateway"},
        {"name": "GATEWAY_US_WEST", "type": "service", "service": "acme-us-west-gateway"},
    )
    assert front.bindings[2]["json"] == {
        "regions": [
            {"name": "eu", "binding": "GATEWAY_EU", "continents": ["EU"], "countries": []},
            {"name": "us-west", "binding": "GATEWAY_US_WEST", "continents": [], "countries": []},
        ],
        "default": "eu",
    }


JURISDICTIONS = {
    "none": ({"eu": None, "us": None}, {"eu": ..., "us": ...}),
    "alone": ({"eu": "eu", "us": None}, {"eu": [], "us": ...}),
    "two of one": ({"eu": "eu", "us": None, "de": "eu"}, {"eu": ["de"], "us": ..., "de": ["eu"]}),
    "different": ({"eu": "eu", "us": "fedramp"}, {"eu": [], "us": []}),
}


@pytest.mark.parametrize(("declared", "expected"), JURISDICTIONS.values(), ids=JURISDICTIONS)
def test_no_region_outside_of_a_jurisdiction_stands_in_for_one_inside(declared, expected):
    planes = [plane(f"acme-{region}", jurisdiction=value) for region, value in declared.items()]
    front = units(planes, release(), fronts=["acme"])[-1]
    (routes,) = [binding["json"] for binding in front.bindings if binding["name"] == "ROUTES"]
    assert {route["name"]: route.get("fallback", ...) for route in routes["regions"]} == expected


STORED = {"kind": "secrets_store", "from": "stripe", "store": "0" * 32}


def test_a_secret_of_the_secrets_store_is_a_binding():
    unit = one(plane(secrets={"STRIPE": STORED}))
    assert {
        "name": "STRIPE",
        "type": "secrets_store_secret",
        "store_id": "0" * 32,
        "secret_name": "stripe",
    } in unit.bindings


def test_a_secret_that_is_brought_to_the_secrets_store_is_bound_by_its_version():
    declared = plane(secrets={"STRIPE": {"kind": "secrets_store", "from": "stripe"}})
    ours = {"STRIPE": "acme__production__stripe__3"}
    unit = one(declared, release(stored={"acme-eu-gateway": ours}, secrets_store="1" * 32))
    assert {
        "name": "STRIPE",
        "type": "secrets_store_secret",
        "store_id": "1" * 32,
        "secret_name": "acme__production__stripe__3",
    } in unit.bindings
    assert {"name": "STORED", "type": "json", "json": ["STRIPE"]} in unit.bindings
    with pytest.raises(FleetError, match=r"STRIPE of acme-eu-gateway has no name in .*: bring it there"):
        one(declared)


def test_a_gateway_is_told_which_secrets_it_has_and_no_value():
    declared = {
        "API_KEY": {"kind": "bound", "from": "api_key"},
        "STRIPE": STORED,
        "TOKEN": {"kind": "relayed"},
    }
    pins = {
        "API_KEY": "production/acme/api_key@3",
        "SEALING_KEYS": "production/acme/relayed.keys.eu@1",
    }
    unit = one(
        plane(secrets=declared),
        release(pins={"acme-eu-gateway": pins}, relayed={"acme-eu-gateway": ["TOKEN"]}),
    )
    assert [binding for binding in unit.bindings if binding["type"] == "json"] == [
        {"name": "BOUND", "type": "json", "json": {"API_KEY": 3}},
        {"name": "RELAYED", "type": "json", "json": ["TOKEN"]},
        {"name": "STORED", "type": "json", "json": ["STRIPE"]},
    ]


CHANGES = {
    "code": {"gateway": bundle("cc")},
    "label": {"label": "v2"},
    "date": {"compatibility_date": "2026-11-01"},
    "flags": {"compatibility_flags": ("nodejs_compat",)},
    "variable": {"variables": {"A": "1"}},
    "service": {"services": {"SINK": "store"}},
    "secret": {"secrets": {"acme-eu-gateway": {"KEY": "digest"}}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_fingerprint_sees(change):
    assert one().fingerprint != one(release_=release(**change)).fingerprint


def test_the_fingerprint_sees_placement_and_not_settings():
    assert one().fingerprint != one(plane(placement={"region": "aws:eu-central-1"})).fingerprint
    assert one().fingerprint == one(plane(settings={"max_batch": 5})).fingerprint


def test_the_fingerprint_does_not_see_the_folder_of_the_bundle():
    part = bundle().parts[0]
    moved = replace(bundle(), parts=(replace(part, path="/elsewhere/gateway.js"),))
    assert one().fingerprint == one(release_=release(gateway=moved)).fingerprint


def test_plain_data_and_back():
    for unit in units([plane()], release(), fronts=["acme"]):
        assert Unit.from_dict(json.loads(json.dumps(unit.as_dict()))) == unit


def test_secret_digests_are_keyed_and_bound_to_their_place():
    first = secret_digests({"a": {"X": "s3cret", "Y": "s3cret"}, "b": {"X": "s3cret"}}, "key")
    assert len({first["a"]["X"], first["a"]["Y"], first["b"]["X"]}) == 3
    assert "s3cret" not in json.dumps(first)
    assert first == secret_digests({"a": {"X": "s3cret", "Y": "s3cret"}, "b": {"X": "s3cret"}}, "key")
    assert first["a"]["X"] != secret_digests({"a": {"X": "s3cret"}}, "another")["a"]["X"]


@pytest.mark.parametrize(
    ("planes", "change", "words"),
    [
        ([plane(), plane("acme-us", hostname="acme-eu.example.com")], {}, ["acme-us-gateway", "hostname"]),
        ([plane(), plane("acme-us", worker="acme-eu-gateway")], {}, ["script 'acme-eu-gateway'"]),
        ([plane()], {"variables": {"CONFIG": "x"}}, ["'CONFIG'", "variables"]),
        ([plane()], {"variables": {"A": "x"}, "services": {"A": "s"}}, ["'A'", "services", "variables"]),
        ([plane()], {"secrets": {"x": {"TENANT": "d"}}}, ["'TENANT'", "secrets"]),
        ([plane(secrets={"TENANT": STORED})], {}, ["'TENANT'", "secrets"]),
        ([plane(secrets={"A": STORED})], {"variables": {"A": "x"}}, ["'A'", "secrets", "variables"]),
    ],
    ids=["hostname", "script", "reserved", "twice", "reserved secret", "reserved in a store", "store"],
)
def test_contradictions_are_named(planes, change, words):
    with pytest.raises(FleetError) as caught:
        units(planes, release(**change))
    assert all(word in str(caught.value) for word in words), str(caught.value)
