# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from topology_samples import GOOD, read, spoiled

FULL = """\
plugin: adsengineer.orchestrator.topology
name: full
origins: true
edge: {zone: edge.localhost, scheme: http, port: 8788, connect_to: "127.0.0.1:8788", front: true}
defaults: {settings: {max_batch: 1, max_event_bytes: 1000, labels: {a: defaults, b: defaults}}}
environments:
  production: {settings: {max_batch: 2, labels: {b: environment}}}
  staging: {zone: edge.test}
regions:
  eu:
    canary: true
    continents: [EU, AF]
    countries: ["NO"]
    placement: {region: "aws:eu-central-1"}
    jurisdiction: eu
    settings: {max_batch: 3, log_level: debug}
  us-east: {}
tenants:
  acme:
    environment: production
    settings: {max_batch: 4, max_event_bytes: null}
    regions:
      eu: {settings: {max_batch: 5}}
      us-east: {environment: staging}
control_planes:
  cp1: {host: 203.0.113.10, environment: staging, user: admin, port: 2222}
"""


def test_a_plane_has_all_its_variables() -> None:
    plane = read(FULL).planes[0]
    assert json.loads(json.dumps(plane.variables())) == {
        "name": "acme-eu",
        "tenant": "acme",
        "region": "eu",
        "environment": "production",
        "canary": True,
        "worker": "acme-eu-gateway",
        "hostname": "acme-eu.edge.localhost",
        "zone": "edge.localhost",
        "url": "http://acme-eu.edge.localhost:8788",
        "connect_to": "127.0.0.1:8788",
        "kv_namespace": "acme-eu-config",
        "placement": {"region": "aws:eu-central-1"},
        "jurisdiction": "eu",
        "continents": ["EU", "AF"],
        "countries": ["NO"],
        "front": {
            "worker": "acme-front",
            "hostname": "acme.edge.localhost",
            "zone": "edge.localhost",
            "url": "http://acme.edge.localhost:8788",
        },
        "relay": None,
        "settings": {"max_batch": 5, "labels": {"a": "defaults", "b": "environment"}, "log_level": "debug"},
        "secrets": {},
        "documents": {},
    }


def test_origins() -> None:
    assert read(FULL).planes[0].origins == {
        "environment": "tenants.acme",
        "hostname": "edge",
        "zone": "edge",
        "settings.max_batch": "tenants.acme.regions.eu.settings",
        "settings.labels.a": "defaults.settings",
        "settings.labels.b": "environments.production.settings",
        "settings.log_level": "regions.eu.settings",
    }


def test_a_plane_in_another_environment() -> None:
    plane = read(FULL).planes[1]
    assert (plane.environment, plane.zone, plane.hostname) == (
        "staging",
        "edge.test",
        "acme-us-east.edge.test",
    )
    assert plane.front is None, "visitors of the production front must not meet staging"
    assert plane.origins["environment"] == "tenants.acme.regions.us-east"
    assert plane.origins["zone"] == "environments.staging"


def test_groups() -> None:
    assert read(FULL).groups() == {
        "edge": ["acme-eu", "acme-us-east"],
        "control_plane": ["cp1"],
        "tenant_acme": ["acme-eu", "acme-us-east"],
        "region_eu": ["acme-eu"],
        "region_us_east": ["acme-us-east"],
        "environment_production": ["acme-eu"],
        "environment_staging": ["acme-us-east", "cp1"],
    }


def test_a_control_plane() -> None:
    assert read(FULL).control_planes[0].variables() == {
        "control_plane": {
            "name": "cp1",
            "host": "203.0.113.10",
            "environment": "staging",
            "user": "admin",
            "port": 2222,
            "relays": [],
        },
        "ansible_host": "203.0.113.10",
        "ansible_user": "admin",
        "ansible_port": 2222,
    }


@pytest.mark.parametrize(
    ("edge", "url"),
    [
        ("{zone: example.com}", "https://acme-eu.example.com"),
        ("{zone: example.com, port: 8443}", "https://acme-eu.example.com:8443"),
        ("{zone: example.com, scheme: http}", "http://acme-eu.example.com"),
        (
            '{zone: example.com, hostname: "{region}.{tenant}.{environment}.{zone}"}',
            "https://eu.acme.production.example.com",
        ),
    ],
)
def test_urls(edge: str, url: str) -> None:
    assert read(spoiled("{zone: example.com}", edge)).planes[0].url == url


@pytest.mark.parametrize("text", [GOOD, FULL], ids=["short", "full"])
def test_the_document_of_each_plane_has_the_schema_it_is_checked_with(text: str) -> None:
    from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology import DOCUMENT
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(DOCUMENT)
    documents: list[Any] = [plane.variables()["settings"] for plane in read(text).planes]
    for document in documents:
        Draft202012Validator(DOCUMENT).validate(document)
