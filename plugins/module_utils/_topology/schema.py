# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology file and the config document as JSON Schema 2020-12."""

from __future__ import annotations

from .relay_schema import CONNECTORS, RELAY
from .secret_schema import SECRETS
from .shapes import DOMAIN, HOSTNAME, NAME, Schema, array, choice, flag, integer, layer, mapping, named, text

PLUGIN = "adsengineer.orchestrator.topology"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ADDRESS = rf"({DOMAIN}|\[[0-9a-f:.]+\]):[0-9]{{1,5}}"

_LABEL_NAME = text("[a-z][a-z0-9_-]*", 63, "lower-case letters, digits, dashes and underscores")
_EVENT_TYPE = text("[a-z][a-z0-9_-]*", 64, "a lower-case event type such as click")
_ORIGIN = text(rf"https?://{DOMAIN}(:[0-9]{{1,5}})?", 300, "an origin such as https://www.example.com")
_HOSTNAME_PATTERN = text(
    r"([a-z0-9.-]|\{(tenant|region|environment|zone)\})+",
    253,
    "a host name in which {tenant}, {region}, {environment} and {zone} are filled in",
)
_FRONT_PATTERN = text(
    r"([a-z0-9.-]|\{(tenant|environment|zone)\})+",
    253,
    "a host name in which {tenant}, {environment} and {zone} are filled in",
)

DOCUMENT: Schema = {
    "$schema": DIALECT,
    "title": "Config document of one plane",
    **mapping(
        {
            "accept": {
                **array(_EVENT_TYPE, "a list of event types such as [impression, click]"),
                "minItems": 1,
                "default": ["impression", "click", "conversion", "view"],
            },
            "max_event_bytes": integer(256, 131072, 16384),
            "max_batch": integer(1, 1000, 100),
            "sample_rate": {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "default": 1,
                "description": "a number from 0 to 1",
            },
            "cors_origins": array(_ORIGIN, "a list of origins such as [https://www.example.com]"),
            "log_level": {**choice("debug", "info", "warn", "error"), "default": "info"},
            "labels": named(
                {"type": "string", "maxLength": 1024, "description": "text of at most 1024 characters"},
                _LABEL_NAME,
                "a mapping of label names to text",
            ),
        }
    ),
}


_SETTINGS = layer(DOCUMENT)
_DOCUMENTS = named(
    {"type": ["object", "null"], "description": "a mapping, checked against the document's own schema"},
    {
        **text(
            "[a-z][a-z0-9_-]*(/[a-z0-9][a-z0-9_.-]*)*",
            200,
            "a document's name such as flags or campaigns/spring, at most 200 lower-case characters",
        ),
        "not": {"const": "gateway"},
    },
    "a mapping of documents; the gateway's own is written under settings",
)
_LAYERS: dict[str, Schema] = {
    "settings": _SETTINGS,
    "secrets": SECRETS,
    "documents": _DOCUMENTS,
    "connectors": CONNECTORS,
}
_ADDRESS_TEXT = text(_ADDRESS, 300, "host:port such as 127.0.0.1:8788")
_REGION_OF_TENANT: Schema = {
    **mapping({"hostname": HOSTNAME, "environment": NAME, **_LAYERS}),
    "type": ["object", "null"],
}
_TENANT_REGIONS: Schema = {
    "type": ["array", "object"],
    "items": NAME,
    "uniqueItems": True,
    "propertyNames": NAME,
    "additionalProperties": _REGION_OF_TENANT,
    "description": "a list of regions, or a mapping of regions to what differs there",
}
_PLACEMENT: Schema = {
    **mapping(
        {
            "mode": choice("smart"),
            "region": text("[a-z0-9]+:[a-z0-9-]+", 64, "a cloud region such as aws:eu-central-1"),
            "host": _ADDRESS_TEXT,
            "hostname": HOSTNAME,
        },
        use="exactly one of mode, region, host, hostname",
    ),
    "minProperties": 1,
    "maxProperties": 1,
}
_EDGE = mapping(
    {
        "zone": {**HOSTNAME, "description": "the name of the Cloudflare zone, such as example.com"},
        "scheme": choice("https", "http"),
        "port": {**integer(1, 65535), "type": ["integer", "null"]},
        "connect_to": {**_ADDRESS_TEXT, "type": ["string", "null"]},
        "front": flag("whether each tenant gets a front Worker"),
        "config": flag("whether each plane gets a KV namespace with its config document"),
        "hostname": _HOSTNAME_PATTERN,
        "front_hostname": _FRONT_PATTERN,
    },
    required=("zone",),
    use="a mapping with at least the key zone",
)
_ENVIRONMENT = mapping({"zone": HOSTNAME, **_LAYERS})
_REGION = mapping(
    {
        "canary": flag("whether new releases begin in this region"),
        "continents": array(
            choice("AF", "AN", "AS", "EU", "NA", "OC", "SA"), "a list of continents such as [EU, AF]"
        ),
        "countries": array(
            text("[A-Z][A-Z0-9]", 2, "a country code such as DE, in quotes"), "a list of country codes"
        ),
        "placement": _PLACEMENT,
        "jurisdiction": choice("eu", "us", "fedramp"),
        **_LAYERS,
    }
)
_TENANT = mapping(
    {"environment": NAME, "regions": _TENANT_REGIONS, "relay": RELAY, **_LAYERS},
    required=("environment", "regions"),
)
_CONTROL_PLANE = mapping(
    {
        "host": text("[a-z0-9][a-z0-9.:-]*", 253, "a host name or an IP address"),
        "environment": NAME,
        "user": text("[a-z_][a-z0-9_-]*", 32, "the name of a Unix user"),
        "port": integer(1, 65535),
    },
    required=("host", "environment"),
)

_PATTERN = text(r"[^\s]+", 256, "a key pattern such as gateway.labels.*")
_CONFIGURATION = mapping(
    {
        "schemas": text(r"[^\s]+", 1024, "a folder of JSON Schemas, beside the topology or absolute"),
        "policies": named(
            choice("fail", "control_plane", "edge", "newest"),
            _PATTERN,
            "a mapping of key patterns to policies",
        ),
        "approval": array(_PATTERN, "a list of key patterns"),
    },
    use="how documents are checked and synchronised",
)


def _or_empty(schema: Schema) -> Schema:
    return {**schema, "type": ["object", "null"]}


TOPOLOGY: Schema = {
    "$schema": DIALECT,
    "title": "Topology of adsengineer.orchestrator",
    **mapping(
        {
            "plugin": choice(PLUGIN),
            "name": NAME,
            "origins": flag("whether hosts tell where each value comes from"),
            "trust_templates": {
                "type": ["boolean", "array"],
                "items": {
                    "type": "string",
                    "maxLength": 300,
                    "description": "a key path such as defaults.settings.labels",
                },
                "description": "true, false, or a list of key paths whose text may be rendered",
            },
            "edge": _EDGE,
            "defaults": _or_empty(mapping(_LAYERS)),
            "configuration": _CONFIGURATION,
            "environments": named(_or_empty(_ENVIRONMENT), NAME, "a mapping of environments", least=1),
            "regions": named(_or_empty(_REGION), NAME, "a mapping of regions", least=1),
            "tenants": named(_TENANT, NAME, "a mapping of tenants"),
            "control_planes": named(_CONTROL_PLANE, NAME, "a mapping of control planes"),
        },
        required=("plugin", "name", "edge", "environments", "regions", "tenants"),
    ),
}

__all__ = ["DOCUMENT", "PLUGIN", "TOPOLOGY"]
