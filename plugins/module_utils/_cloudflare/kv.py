# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workers KV: namespaces and keys."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import Facts, NotFound, PartialWrite, ValidationError
from .pages import by_cursor, numbered
from .shapes import Odd, integer, mapping, text, texts
from .transport import Api, Call, segment
from .upload import Form

_ROOT = "storage/kv/namespaces"
_BULK_KEYS = 10_000
_BULK_READS = 100
_BULK_BYTES = 90_000_000  # the API's limit is 100 MB of request, encoding included
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Namespace:
    """A KV namespace; titles are unique in an account."""

    id: str
    title: str

    @classmethod
    def parse(cls, value: object) -> Namespace:
        """Read one namespace."""
        data = mapping(value)
        return cls(text(data, "id"), text(data, "title"))


@dataclass(frozen=True, slots=True)
class Key:
    """A key as a list shows it: with its metadata, without its value. ``expiration`` is a Unix time."""

    name: str
    metadata: Any = None
    expiration: int | None = None

    @classmethod
    def parse(cls, value: object) -> Key:
        """Read one key."""
        data = mapping(value)
        return cls(text(data, "name"), data.get("metadata"), integer(data, "expiration"))


@dataclass(frozen=True, slots=True)
class Item:
    """A key with its value to write; ``ttl`` in seconds, at least 60."""

    key: str
    value: bytes = field(repr=False)
    metadata: Any = None
    ttl: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The item of a bulk call; a value that is not UTF-8 travels as base64."""
        try:
            shape: dict[str, Any] = {"key": self.key, "value": self.value.decode()}
        except UnicodeDecodeError:
            shape = {"key": self.key, "value": base64.b64encode(self.value).decode(), "base64": True}
        optional = {"metadata": self.metadata, "expiration_ttl": self.ttl}
        return shape | {name: value for name, value in optional.items() if value is not None}


class KV:
    """Calls on Workers KV. Writes are visible elsewhere only after 60 s or more."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def namespaces(self) -> tuple[Namespace, ...]:
        """All namespaces of the account; one call for each 1000."""
        call = Call("KV namespaces", "GET", _ROOT)
        return tuple(
            self._api.parsed(call, item, Namespace.parse) for item in numbered(self._api, call, 1000)
        )

    def find(self, title: str) -> Namespace | None:
        """The namespace of a title."""
        return next((space for space in self.namespaces() if space.title == title), None)

    def create(self, title: str) -> Namespace:
        """Make a namespace. Raises Conflict when the title is taken."""
        call = Call(f"KV namespace '{title}'", "POST", _ROOT, json={"title": title}, again=False)
        return self._api.confirmed(call, Namespace.parse, lambda: self.find(title))

    def delete(self, namespace: str) -> None:
        """Delete a namespace with everything in it."""
        self._api.delete(Call(f"KV namespace '{namespace}'", "DELETE", f"{_ROOT}/{segment(namespace)}"))

    def keys(self, namespace: str, prefix: str = "") -> tuple[Key, ...]:
        """All keys with metadata; one call for each 1000."""
        params: dict[str, str | int] = {"limit": 1000} | ({"prefix": prefix} if prefix else {})
        path = f"{_ROOT}/{segment(namespace)}/keys"
        call = Call(f"keys of KV namespace '{namespace}'", "GET", path, params=params)
        return tuple(self._api.parsed(call, item, Key.parse) for item in by_cursor(self._api, call))

    def get(self, namespace: str, key: str) -> bytes | None:
        """The value of a key, or None when the key does not exist."""
        try:
            return self._api.send_raw(self._value(namespace, key, "GET"))
        except NotFound as error:
            if 10013 in error.codes:  # the namespace itself is missing
                raise
            return None

    def get_many(self, namespace: str, keys: Sequence[str]) -> dict[str, bytes]:
        """The values of the keys that exist; one call for each 100, and one a key where some are not text."""
        found: dict[str, bytes] = {}
        for start in range(0, len(keys), _BULK_READS):
            part = keys[start : start + _BULK_READS]
            body = {"keys": list(part), "type": "text"}
            path = f"{_ROOT}/{segment(namespace)}/bulk/get"
            call = Call(f"keys of KV namespace '{namespace}'", "POST", path, json=body)
            try:
                values = self._api.result(call, _values)
            except ValidationError:
                values = {key: self.get(namespace, key) for key in part}
            found |= {key: value for key, value in values.items() if value is not None}
        return found

    def put(
        self, namespace: str, key: str, value: bytes, metadata: Any = None, ttl: int | None = None
    ) -> None:
        """Write one key."""
        parts: Form = [("value", (None, value, "application/octet-stream"))]
        if metadata is not None:
            parts.append(("metadata", (None, json.dumps(metadata).encode(), "application/json")))
        call = self._value(namespace, key, "PUT")
        self._api.send(replace(call, files=parts, params={"expiration_ttl": ttl} if ttl else None))

    def put_bulk(self, namespace: str, items: Iterable[Item]) -> None:
        """Write many keys, 10,000 in one call. Raises PartialWrite when some stay unwritten."""
        for chunk in _chunks([item.as_json() for item in items], _size):
            self._bulk(namespace, "PUT", "bulk", {entry["key"]: entry for entry in chunk})

    def delete_bulk(self, namespace: str, keys: Iterable[str]) -> None:
        """Delete many keys, 10,000 in one call; missing ones count as deleted."""
        for chunk in _chunks(list(keys), len):
            self._bulk(namespace, "POST", "bulk/delete", {key: key for key in chunk})

    def _bulk(self, namespace: str, method: str, tail: str, pending: dict[str, Any]) -> None:
        """Make a bulk call and repeat it for the keys that it reports as left out."""
        resource, path = f"keys of KV namespace '{namespace}'", f"{_ROOT}/{segment(namespace)}/{tail}"
        for _round in range(_ROUNDS):
            call = Call(resource, method, path, json=list(pending.values()))
            left = self._api.result(call, _left_out)
            pending = {key: pending[key] for key in left if key in pending}
            if not pending:
                return
        raise _partial(resource, method, path, tuple(pending))

    def _value(self, namespace: str, key: str, method: str) -> Call:
        path = f"{_ROOT}/{segment(namespace)}/values/{segment(key)}"
        return Call(f"key '{key}' of KV namespace '{namespace}'", method, path)


def _left_out(value: object) -> tuple[str, ...]:
    return texts(mapping(value), "unsuccessful_keys")


def _values(value: object) -> dict[str, bytes | None]:
    values = mapping(mapping(value).get("values"))
    if not all(item is None or isinstance(item, str) for item in values.values()):
        raise Odd("the field 'values' should hold strings")
    return {key: None if item is None else item.encode() for key, item in values.items()}


def _partial(resource: str, method: str, path: str, keys: tuple[str, ...]) -> PartialWrite:
    named = ", ".join(keys[:5]) + (", ..." if len(keys) > 5 else "")
    return PartialWrite(
        Facts(
            resource,
            method,
            f"/accounts/{{account_id}}/{path}",
            messages=(f"{len(keys)} keys were left out {_ROUNDS} times: {named}",),
            remedy="Run again; only keys whose content differs are written.",
        ),
        keys,
    )


def _size(entry: dict[str, Any]) -> int:
    return len(entry["value"]) + len(entry["key"]) + 1200


def _chunks(entries: Sequence[Any], size: Callable[[Any], int]) -> Iterator[list[Any]]:
    chunk: list[Any] = []
    total = 0
    for entry in entries:
        if chunk and (len(chunk) == _BULK_KEYS or total + size(entry) > _BULK_BYTES):
            yield chunk
            chunk, total = [], 0
        chunk.append(entry)
        total += size(entry)
    if chunk:
        yield chunk


__all__ = ["KV", "Item", "Key", "Namespace"]
