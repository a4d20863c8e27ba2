# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay of a tenant and the connectors through which it calls third parties, as JSON Schema."""

from __future__ import annotations

from .shapes import (
    DOMAIN,
    NAME,
    NAME_LIMIT,
    SECRET,
    Schema,
    array,
    choice,
    flag,
    integer,
    mapping,
    named,
    text,
)

_HEADER = text("[A-Za-z][A-Za-z0-9-]*", 64, "a header field such as X-Api-Key")
_WORD = text("[A-Za-z0-9_.~-]+", 64, "letters, digits and . _ ~ -")
_LINE = text(r"[\x20-\x7e]*", 256, "printable characters of ASCII")
_URL = text(
    rf"https://{DOMAIN}(:[0-9]{{1,5}})?(/[\x21-\x7e]*)?", 300, "a URL such as https://id.example.com/token"
)
_CREDENTIAL = mapping(
    {
        "secret": SECRET,
        "header": _HEADER,
        "prefix": _LINE,
        "query": _WORD,
        "basic": text(r"[\x21-\x39\x3b-\x7e]+", 128, "the name of a user, without a colon"),
        "oauth2": mapping(
            {"token_url": _URL, "client_id": _LINE, "scope": _LINE, "auth": choice("basic", "post")},
            required=("token_url", "client_id"),
        ),
        "hmac": mapping(
            {
                "header": _HEADER,
                "over": text(r"[\x20-\x7e\n]+", 256, 'a text such as "{timestamp}.{body}"'),
                "prefix": _LINE,
                "algorithm": choice("sha256", "sha512"),
                "encoding": choice("hex", "base64"),
                "timestamp_header": _HEADER,
            },
            required=("header", "over"),
        ),
    },
    required=("secret",),
    use="a mapping with secret and one of header, query, basic, oauth2, hmac",
)
_CONNECTOR: Schema = {
    **mapping(
        {
            "host": text(
                r"([a-z0-9]+(-+[a-z0-9]+)*\.)*[a-z][a-z0-9]*(-+[a-z0-9]+)*",
                253,
                "one exact host name in lower-case ASCII such as api.example.com, no address",
            ),
            "port": integer(1, 65535),
            "scheme": choice("https", "http"),
            "methods": {
                **array(
                    choice("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
                    "a list of methods such as [POST]",
                ),
                "minItems": 1,
            },
            "path": text(r"/([A-Za-z0-9._~/-]|\{[a-z_]{1,32}\})*", 500, "a path such as /v1/charges/{id}"),
            "query": array(_WORD, "a list of parameters such as [expand]"),
            "headers": array(_HEADER, "a list of header fields such as [X-Request-Source]"),
            "credential": _CREDENTIAL,
            "max_request_bytes": integer(0, 1048576),
            "max_response_bytes": integer(0, 16777216),
            "timeout": integer(1, 30),
            "networks": array(
                text("[0-9a-f:.]+/[0-9]{1,3}", 43, "a network such as 10.0.0.0/8"), "a list of networks"
            ),
            "exposed": flag("whether the gateway calls it for whoever asks"),
        },
        required=("host", "methods", "path", "credential"),
    ),
    "type": ["object", "null"],
}
CONNECTORS = named(
    _CONNECTOR,
    text("[a-z][a-z0-9_-]*", NAME_LIMIT, "lower-case letters, digits, dashes and underscores"),
    "a mapping of connectors",
)
RELAY = mapping(
    {
        "url": text(
            rf"(https://{DOMAIN}(:[0-9]{{1,5}})?|http://127\.0\.0\.1:[0-9]{{2,5}})",
            300,
            "an origin such as https://relay-acme.example.com, or http://127.0.0.1:8801 on one machine",
        ),
        "control_plane": NAME,
        "listen": text(
            r"(127\.0\.0\.1:[0-9]{2,5}|unix:/run/adsengineer-relay-[a-z0-9-]+/relay\.sock)",
            200,
            "127.0.0.1:PORT or unix:/run/adsengineer-relay-TENANT/relay.sock",
        ),
        "reference_days": integer(1, 365),
    },
    required=("url",),
    use="a mapping with at least the key url",
)

__all__ = ["CONNECTORS", "RELAY"]
