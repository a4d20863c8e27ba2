# SPDX-License-Identifier: GPL-3.0-or-later
"""What JSON Schema found, in a person's words."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Protocol

from .load import Document
from .problem import KeyPath, Problem, shown
from .schema import TOPOLOGY
from .shapes import Schema

try:
    from jsonschema import Draft202012Validator, validators
    from jsonschema.exceptions import ValidationError
    from referencing import Registry

    JSONSCHEMA_MISSING = ""
except ImportError:
    JSONSCHEMA_MISSING = (
        "The Python library jsonschema is needed to check the topology; "
        f"install it with: {sys.executable} -m pip install jsonschema"
    )

_KINDS = {
    str: "text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    dict: "a mapping",
    list: "a list",
}


class Placed(Protocol):
    """What knows where in a file a key path of some data stands."""

    def problem(self, path: KeyPath, message: str, remedy: str, *, key: bool = False) -> Problem:
        """A fault at a key path."""


def schema_problems(document: Document) -> Iterator[Problem]:
    """A problem for each fault that the schema finds."""
    yield from faults(document, document.data, _validator())


def faults(place: Placed, data: Any, validator: Any) -> Iterator[Problem]:
    """A problem for each fault that a validator finds in some data."""
    for error in validator.iter_errors(data):
        yield from _explain(place, error)


def choose(word: str, known: Iterable[str]) -> str:
    """A remedy for a name that is not among the known ones: the nearest, or all of them."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1)
    if near:
        return f"did you mean {near[0]}?"
    listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    return f"use one of: {listed}" if names else "none is declared yet"


@cache
def _validator() -> Any:
    return validator(TOPOLOGY)


def validator(schema: Schema) -> Any:
    """The validator of a schema; a whole number is one that is written so, unlike JSON Schema's C(1.0).

    A C($ref) is looked for in the schema itself and nowhere else.
    """
    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: isinstance(value, int) and not isinstance(value, bool)
    )
    strict = validators.extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]
    return strict(schema, registry=Registry())


def _explain(document: Placed, error: ValidationError) -> Iterator[Problem]:
    path = tuple(error.absolute_path)
    schema: Schema = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties":
        yield from _unknown_keys(document, path, error.instance, schema)
    elif error.validator == "required":
        for name in sorted(set(schema["required"]).difference(_keys(error.instance))):
            use = schema.get("properties", {}).get(name, {}).get("description", "a value")
            yield document.problem(path, f"the key {name} is missing", f"add it with {use}")
    elif "propertyNames" in list(error.absolute_schema_path)[-2:-1]:
        name = str(error.instance)
        yield document.problem((*path, name), f"{shown(name)} is not a usable name", _use(schema), key=True)
    else:
        message = _MESSAGES.get(str(error.validator), _not_allowed)(error.instance, schema)
        yield document.problem(path, message, _remedy(error, schema))


def _unknown_keys(
    document: Placed, path: tuple[str | int, ...], value: Any, schema: Schema
) -> Iterator[Problem]:
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name in value:
        if name not in known and not any(re.search(pattern, name) for pattern in patterns):
            remedy = choose(name, known)
            yield document.problem((*path, name), f"unknown key {shown(name)}", remedy, key=True)


def _keys(value: Any) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _remedy(error: ValidationError, schema: Schema) -> str:
    value = error.instance
    if (
        error.validator == "type"
        and "string" in schema.get("type", ())
        and isinstance(value, (bool, int, float))
    ):
        return f"put it in quotes, or {_use(schema)}"
    if error.validator == "enum" and isinstance(error.instance, str):
        return choose(error.instance, [value for value in schema["enum"] if value is not None])
    return _use(schema)


def _use(schema: Schema) -> str:
    return f"use {schema.get('description', 'another value')}"


def _not_allowed(value: Any, _schema: Schema) -> str:
    return f"{shown(value)} is not allowed here"


def _wrong_type(value: Any, schema: Schema) -> str:
    if isinstance(value, float) and "integer" in schema.get("type", ()):
        return f"{shown(value)} is not a whole number"
    if isinstance(value, (dict, list)):
        return f"this is {_KINDS[type(value)]}"
    return "nothing is written here" if value is None else f"{shown(value)} is {_KINDS[type(value)]}"


def _length(value: Any, _schema: Schema) -> str:
    return f"{shown(value)} has {len(value)} characters"


def _count(value: Any, _schema: Schema) -> str:
    return f"{len(value)} entries stand here"


def _twice(value: Any, _schema: Schema) -> str:
    again = next((item for index, item in enumerate(value) if item in value[:index]), None)
    return f"{shown(again)} stands twice in the list"


_MESSAGES: dict[str, Callable[[Any, Schema], str]] = {
    "type": _wrong_type,
    "minimum": lambda value, schema: f"{shown(value)} is less than {schema['minimum']}",
    "maximum": lambda value, schema: f"{shown(value)} is more than {schema['maximum']}",
    "maxLength": _length,
    "minItems": lambda _value, _schema: "the list is empty",
    "maxItems": _count,
    "minProperties": lambda _value, _schema: "nothing is declared here",
    "maxProperties": _count,
    "uniqueItems": _twice,
}

__all__ = ["JSONSCHEMA_MISSING", "Placed", "choose", "faults", "schema_problems", "validator"]
