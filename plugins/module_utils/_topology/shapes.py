# SPDX-License-Identifier: GPL-3.0-or-later
"""What the schemas are made of: JSON Schema 2020-12 whose errors name a remedy.

Each C(description) completes the sentence "use ...": error messages end with it.
Every pattern is linear in its input and ends with C($(?!\\n)), because C($) alone lets a final newline
through.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

DOMAIN = r"[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)*"
NAME_LIMIT = 40
_END = r"$(?!\n)"


def text(pattern: str, longest: int, use: str) -> Schema:
    return {"type": "string", "pattern": f"^{pattern}{_END}", "maxLength": longest, "description": use}


def choice(*values: str) -> Schema:
    return {"type": "string", "enum": list(values), "description": "one of " + ", ".join(values)}


def integer(least: int, most: int, default: int | None = None) -> Schema:
    use = f"a whole number from {least} to {most}"
    schema: Schema = {"type": "integer", "minimum": least, "maximum": most, "description": use}
    return schema if default is None else {**schema, "default": default}


def array(items: Schema, use: str) -> Schema:
    return {"type": "array", "items": items, "uniqueItems": True, "maxItems": 256, "description": use}


def mapping(properties: dict[str, Schema], required: tuple[str, ...] = (), use: str = "a mapping") -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
        "description": use,
    }


def named(value: Schema, names: Schema, use: str, least: int = 0) -> Schema:
    return {
        "type": "object",
        "propertyNames": names,
        "additionalProperties": value,
        "minProperties": least,
        "description": use,
    }


def flag(use: str) -> Schema:
    return {"type": "boolean", "description": f"true or false: {use}"}


NAME = text(
    "[a-z][a-z0-9]*(-[a-z0-9]+)*",
    NAME_LIMIT,
    f"lower-case letters, digits and single dashes, beginning with a letter, at most {NAME_LIMIT} characters",
)
HOSTNAME = text(DOMAIN, 253, "a lower-case host name such as acme-eu.example.com")
SECRET = text("[A-Za-z][A-Za-z0-9_.-]*", 63, "the name of a secret of the store")


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


__all__ = [
    "DOMAIN",
    "HOSTNAME",
    "NAME",
    "NAME_LIMIT",
    "SECRET",
    "Schema",
    "array",
    "choice",
    "flag",
    "integer",
    "layer",
    "mapping",
    "named",
    "text",
]
