# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology file and the config document as JSON Schema 2020-12.

Each C(description) completes the sentence "use ...": error messages end with it.
Every pattern is linear in its input and ends with C($(?!\\n)), because C($) alone lets a final newline
through.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

PLUGIN = "adsengineer.orchestrator.topology"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_END = r"$(?!\n)"
_DOMAIN = r"[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)*"
_ADDRESS = rf"({_DOMAIN}|\[[0-9a-f:.]+\]):[0-9]{{1,5}}"

NAME_LIMIT = 40


def _text(pattern: str, longest: int, use: str) -> Schema:
    return {"type": "string", "pattern": f"^{pattern}{_END}", "maxLength": longest, "description": use}


def _choice(*values: str) -> Schema:
    return {"type": "string", "enum": list(values), "description": "one of " + ", ".join(values)}


def _integer(least: int, most: int, default: int | None = None) -> Schema:
    use = f"a whole number from {least} to {most}"
    schema: Schema = {"type": "integer", "minimum": least, "maximum": most, "description": use}
    return schema if default is None else {**schema, "default": default}


def _list(items: Schema, use: str) -> Schema:
    return {"type": "array", "items": items, "uniqueItems": True, "maxItems": 256, "description": use}


def _object(properties: dict[str, Schema], required: tuple[str, ...] = (), use: str = "a mapping") -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        "description": use,
    }


def _named(value: Schema, names: Schema, use: str, least: int = 0) -> Schema:
    return {
        "type": "object",
        "propertyNames": names,
        "additionalProperties": value,
        "minProperties": least,
        "description": use,
    }


def _flag(use: str) -> Schema:
    return {"type": "boolean", "description": f"true or false: {use}"}


NAME = _text(
    "[a-z][a-z0-9]*(-[a-z0-9]+)*",
    NAME_LIMIT,
    f"lower-case letters, digits and single dashes, beginning with a letter, at most {NAME_LIMIT} characters",
)
HOSTNAME = _text(_DOMAIN, 253, "a lower-case host name such as acme-eu.example.com")
_LABEL_NAME = _text("[a-z][a-z0-9_-]*", 63, "lower-case letters, digits, dashes and underscores")
_EVENT_TYPE = _text("[a-z][a-z0-9_-]*", 64, "a lower-case event type such as click")
_ORIGIN = _text(rf"https?://{_DOMAIN}(:[0-9]{{1,5}})?", 300, "an origin such as https://www.example.com")
_HOSTNAME_PATTERN = _text(
    r"([a-z0-9.-]|\{(tenant|region|environment|zone)\})+",
    253,
    "a host name in which {tenant}, {region}, {environment} and {zone} are filled in",
)
_FRONT_PATTERN = _text(
    r"([a-z0-9.-]|\{(tenant|environment|zone)\})+",
    253,
    "a host name in which {tenant}, {environment} and {zone} are filled in",
)

DOCUMENT: Schema = {
    "$schema": DIALECT,
    "title": "Config document of one plane",
    **_object(
        {
            "accept": {
                **_list(_EVENT_TYPE, "a list of event types such as [impression, click]"),
                "minItems": 1,
                "default": ["impression", "click", "conversion", "view"],
            },
            "max_event_bytes": _integer(256, 131072, 16384),
            "max_batch": _integer(1, 1000, 100),
            "sample_rate": {
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "default": 1,
                "description": "a number from 0 to 1",
            },
            "cors_origins": _list(_ORIGIN, "a list of origins such as [https://www.example.com]"),
            "log_level": {**_choice("debug", "info", "warn", "error"), "default": "info"},
            "labels": _named(
                {"type": "string", "maxLength": 1024, "description": "text of at most 1024 characters"},
                _LABEL_NAME,
                "a mapping of label names to text",
            ),
        }
    ),
}


def layer(schema: Schema) -> Schema:
    """The schema of one layer of a document: the same, but null is allowed everywhere and removes the key."""
    changed = {key: value for key, value in schema.items() if key not in ("$schema", "title", "default")}
    if "properties" in schema:
        changed["properties"] = {name: _or_null(below) for name, below in schema["properties"].items()}
    if isinstance(schema.get("additionalProperties"), dict):
        changed["additionalProperties"] = _or_null(schema["additionalProperties"])
    return changed


def _or_null(schema: Schema) -> Schema:
    changed = layer(schema)
    changed["type"] = [schema["type"], "null"]
    if "enum" in schema:
        changed["enum"] = [*schema["enum"], None]
    return changed


_HEADER = _text("[A-Za-z][A-Za-z0-9-]*", 64, "a header field such as X-Api-Key")
_WORD = _text("[A-Za-z0-9_.~-]+", 64, "letters, digits and . _ ~ -")
_LINE = _text(r"[\x20-\x7e]*", 256, "printable characters of ASCII")
_URL = _text(
    rf"https://{_DOMAIN}(:[0-9]{{1,5}})?(/[\x21-\x7e]*)?", 300, "a URL such as https://id.example.com/token"
)
_CREDENTIAL = _object(
    {
        "secret": _text("[A-Za-z][A-Za-z0-9_.-]*", 63, "the name of a secret in the store"),
        "header": _HEADER,
        "prefix": _LINE,
        "query": _WORD,
        "basic": _text(r"[\x21-\x39\x3b-\x7e]+", 128, "the name of a user, without a colon"),
        "oauth2": _object(
            {"token_url": _URL, "client_id": _LINE, "scope": _LINE}, required=("token_url", "client_id")
        ),
        "hmac": _object(
            {
                "header": _HEADER,
                "over": _text(r"[\x20-\x7e\n]+", 256, 'a text such as "{timestamp}.{body}"'),
                "prefix": _LINE,
                "algorithm": _choice("sha256", "sha512"),
                "encoding": _choice("hex", "base64"),
                "timestamp_header": _HEADER,
            },
            required=("header", "over"),
        ),
    },
    required=("secret",),
    use="a mapping with secret and one of header, query, basic, oauth2, hmac",
)
_CONNECTOR: Schema = {
    **_object(
        {
            "host": _text(
                r"([a-z0-9]+(-+[a-z0-9]+)*\.)*[a-z][a-z0-9]*(-+[a-z0-9]+)*",
                253,
                "one exact host name in lower-case ASCII such as api.example.com, no address",
            ),
            "port": _integer(1, 65535),
            "scheme": _choice("https", "http"),
            "methods": {
                **_list(
                    _choice("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
                    "a list of methods such as [POST]",
                ),
                "minItems": 1,
            },
            "path": _text(r"/([A-Za-z0-9._~/-]|\{[a-z_]{1,32}\})*", 500, "a path such as /v1/charges/{id}"),
            "query": _list(_WORD, "a list of parameters such as [expand]"),
            "headers": _list(_HEADER, "a list of header fields such as [X-Request-Source]"),
            "credential": _CREDENTIAL,
            "max_request_bytes": _integer(0, 1048576),
            "max_response_bytes": _integer(0, 16777216),
            "timeout": _integer(1, 30),
            "networks": _list(
                _text("[0-9a-f:.]+/[0-9]{1,3}", 43, "a network such as 10.0.0.0/8"), "a list of networks"
            ),
            "exposed": _flag("whether the gateway calls it for whoever asks"),
        },
        required=("host", "methods", "path", "credential"),
    ),
    "type": ["object", "null"],
}
_CONNECTORS = _named(
    _CONNECTOR,
    _text("[a-z][a-z0-9_-]*", NAME_LIMIT, "lower-case letters, digits, dashes and underscores"),
    "a mapping of connectors",
)
_RELAY = _object(
    {
        "url": _text(
            rf"(https://{_DOMAIN}(:[0-9]{{1,5}})?|http://127\.0\.0\.1:[0-9]{{2,5}})",
            300,
            "an origin such as https://relay-acme.example.com, or http://127.0.0.1:8801 on one machine",
        ),
        "control_plane": NAME,
        "listen": _text(
            r"(127\.0\.0\.1:[0-9]{2,5}|unix:/run/adsengineer-relay-[a-z0-9-]+/relay\.sock)",
            200,
            "127.0.0.1:PORT or unix:/run/adsengineer-relay-TENANT/relay.sock",
        ),
        "reference_days": _integer(1, 365),
    },
    required=("url",),
    use="a mapping with at least the key url",
)
_SETTINGS = layer(DOCUMENT)
#: Where the value of a secret is, and how the Worker has it. The first one is meant when none is written.
SECRET_KINDS = ("bound", "relayed", "secrets_store", "kept")
_SECRETS = layer(
    _named(
        _object(
            {
                "kind": _choice(*SECRET_KINDS),
                "from": _text("[A-Za-z][A-Za-z0-9_.-]*", 63, "the name of a secret of the store"),
                "rotate_after": _integer(1, 3650),
                "store": _text("[0-9a-f]{32}", 32, "the id of a Secrets Store, 32 hexadecimal digits"),
            }
        ),
        _text("[A-Z][A-Z0-9_]*", 63, "upper-case letters, digits and underscores, as in STRIPE_KEY"),
        "a mapping of names to secrets",
    )
)
_DOCUMENTS = _named(
    {"type": ["object", "null"], "description": "a mapping, checked against the document's own schema"},
    {
        **_text(
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
    "secrets": _SECRETS,
    "documents": _DOCUMENTS,
    "connectors": _CONNECTORS,
}
_ADDRESS_TEXT = _text(_ADDRESS, 300, "host:port such as 127.0.0.1:8788")
_REGION_OF_TENANT: Schema = {
    **_object({"hostname": HOSTNAME, "environment": NAME, **_LAYERS}),
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
    **_object(
        {
            "mode": _choice("smart"),
            "region": _text("[a-z0-9]+:[a-z0-9-]+", 64, "a cloud region such as aws:eu-central-1"),
            "host": _ADDRESS_TEXT,
            "hostname": HOSTNAME,
        },
        use="exactly one of mode, region, host, hostname",
    ),
    "minProperties": 1,
    "maxProperties": 1,
}
_EDGE = _object(
    {
        "zone": {**HOSTNAME, "description": "the name of the Cloudflare zone, such as example.com"},
        "scheme": _choice("https", "http"),
        "port": {**_integer(1, 65535), "type": ["integer", "null"]},
        "connect_to": {**_ADDRESS_TEXT, "type": ["string", "null"]},
        "front": _flag("whether each tenant gets a front Worker"),
        "config": _flag("whether each plane gets a KV namespace with its config document"),
        "hostname": _HOSTNAME_PATTERN,
        "front_hostname": _FRONT_PATTERN,
    },
    required=("zone",),
    use="a mapping with at least the key zone",
)
_ENVIRONMENT = _object({"zone": HOSTNAME, **_LAYERS})
_REGION = _object(
    {
        "canary": _flag("whether new releases begin in this region"),
        "continents": _list(
            _choice("AF", "AN", "AS", "EU", "NA", "OC", "SA"), "a list of continents such as [EU, AF]"
        ),
        "countries": _list(
            _text("[A-Z][A-Z0-9]", 2, "a country code such as DE, in quotes"), "a list of country codes"
        ),
        "placement": _PLACEMENT,
        "jurisdiction": _choice("eu", "us", "fedramp"),
        **_LAYERS,
    }
)
_TENANT = _object(
    {"environment": NAME, "regions": _TENANT_REGIONS, "relay": _RELAY, **_LAYERS},
    required=("environment", "regions"),
)
_CONTROL_PLANE = _object(
    {
        "host": _text("[a-z0-9][a-z0-9.:-]*", 253, "a host name or an IP address"),
        "environment": NAME,
        "user": _text("[a-z_][a-z0-9_-]*", 32, "the name of a Unix user"),
        "port": _integer(1, 65535),
    },
    required=("host", "environment"),
)

_PATTERN = _text(r"[^\s]+", 256, "a key pattern such as gateway.labels.*")
_CONFIGURATION = _object(
    {
        "schemas": _text(r"[^\s]+", 1024, "a folder of JSON Schemas, beside the topology or absolute"),
        "policies": _named(
            _choice("fail", "control_plane", "edge", "newest"),
            _PATTERN,
            "a mapping of key patterns to policies",
        ),
        "approval": _list(_PATTERN, "a list of key patterns"),
    },
    use="how documents are checked and synchronised",
)


def _or_empty(schema: Schema) -> Schema:
    return {**schema, "type": ["object", "null"]}


TOPOLOGY: Schema = {
    "$schema": DIALECT,
    "title": "Topology of adsengineer.orchestrator",
    **_object(
        {
            "plugin": _choice(PLUGIN),
            "name": NAME,
            "origins": _flag("whether hosts tell where each value comes from"),
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
            "defaults": _or_empty(_object(_LAYERS)),
            "configuration": _CONFIGURATION,
            "environments": _named(_or_empty(_ENVIRONMENT), NAME, "a mapping of environments", least=1),
            "regions": _named(_or_empty(_REGION), NAME, "a mapping of regions", least=1),
            "tenants": _named(_TENANT, NAME, "a mapping of tenants"),
            "control_planes": _named(_CONTROL_PLANE, NAME, "a mapping of control planes"),
        },
        required=("plugin", "name", "edge", "environments", "regions", "tenants"),
    ),
}

__all__ = ["DOCUMENT", "PLUGIN", "SECRET_KINDS", "TOPOLOGY", "layer"]
