# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the endpoint of a path by its still encoded segments, so a key may hold a slash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from starlette.responses import Response

from .errors import no_route, wrong_method

if TYPE_CHECKING:
    from .call import Call

Handler = Callable[["Call"], Awaitable[Response]]


@dataclass(frozen=True)
class Endpoint:
    """A method and path template such as /zones/{zone}, its handler and the permission it asks for."""

    method: str
    path: str
    handler: Handler
    scope: str | None = None


@dataclass
class _Node:
    children: dict[str, _Node] = field(default_factory=dict)
    variable: tuple[str, _Node] | None = None
    methods: dict[str, Endpoint] = field(default_factory=dict)

    def child(self, segment: str) -> _Node:
        if not segment.startswith("{"):
            return self.children.setdefault(segment, _Node())
        if self.variable is None:
            self.variable = (segment.strip("{}"), _Node())
        return self.variable[1]


class Router:
    """A tree of path segments; a literal segment wins over a variable one."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._root = _Node()
        for endpoint in endpoints:
            node = self._root
            for segment in endpoint.path.strip("/").split("/"):
                node = node.child(segment)
            node.methods[endpoint.method] = endpoint

    def find(self, method: str, raw_path: str) -> tuple[Endpoint, dict[str, str]]:
        """Return the endpoint and its decoded parameters, or raise the answer for none."""
        node, parameters = self._root, {}
        for segment in raw_path.strip("/").split("/"):
            if segment in node.children:
                node = node.children[segment]
            elif node.variable is not None and segment:
                name, node = node.variable
                parameters[name] = _decoded(segment, raw_path)
            else:
                raise no_route(raw_path)
        if not node.methods:
            raise no_route(raw_path)
        if method not in node.methods:
            raise wrong_method(method)
        return node.methods[method], parameters


def _decoded(segment: str, raw_path: str) -> str:
    try:
        return unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise no_route(raw_path) from None
