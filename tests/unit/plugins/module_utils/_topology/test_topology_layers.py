# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology import merge
from hypothesis import given
from hypothesis import strategies as st

KEYS = st.sampled_from(["a", "b", "c"])
LEAVES = st.none() | st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2)
LAYERS = st.dictionaries(
    KEYS, st.recursive(LEAVES, lambda below: st.dictionaries(KEYS, below, max_size=3)), max_size=3
)
STACKS = st.lists(LAYERS, max_size=5).map(
    lambda layers: [(f"layer {n}", layer) for n, layer in enumerate(layers)]
)


@pytest.mark.parametrize(
    ("layers", "value", "origins"),
    [
        pytest.param([], {}, {}, id="nothing"),
        pytest.param([{"a": 1}, None, {"a": 2}], {"a": 2}, {("a",): "2"}, id="later wins"),
        pytest.param(
            [{"a": {"x": 1, "y": 1}}, {"a": {"y": 2}}],
            {"a": {"x": 1, "y": 2}},
            {("a", "x"): "0", ("a", "y"): "1"},
            id="mappings merge",
        ),
        pytest.param([{"a": [1, 2]}, {"a": [3]}], {"a": [3]}, {("a",): "1"}, id="lists replace"),
        pytest.param([{"a": 1, "b": 1}, {"a": None}], {"b": 1}, {("b",): "0"}, id="null removes"),
        pytest.param(
            [{"a": {"x": 1}}, {"a": None}, {"a": {"y": 2}}], {"a": {"y": 2}}, {("a", "y"): "2"}, id="again"
        ),
        pytest.param([{"a": {"x": 1}}, {"a": 2}], {"a": 2}, {("a",): "1"}, id="over a mapping"),
        pytest.param([{"a": 2}, {"a": {"x": 1}}], {"a": {"x": 1}}, {("a", "x"): "1"}, id="over a scalar"),
        pytest.param([{"a": {"x": 1}}, {"a": {"x": None}}], {"a": {}}, {}, id="null inside"),
    ],
)
def test_merge(layers: list[Mapping[str, Any] | None], value: Any, origins: Any) -> None:
    merged = merge((str(number), layer) for number, layer in enumerate(layers))
    assert (merged.value, merged.origins) == (value, origins)


def leaves(value: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, (*above, key))
    else:
        yield above, value


def at(layer: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        layer = layer[key]
    return layer


@given(STACKS)
def test_every_value_stands_in_the_layer_it_is_said_to_come_from(
    stack: list[tuple[str, dict[str, Any]]],
) -> None:
    merged = merge(stack)
    found = dict(leaves(merged.value))
    assert found.keys() == merged.origins.keys()
    for path, name in merged.origins.items():
        assert at(dict(stack)[name], path) == found[path]


@given(STACKS)
def test_no_null_is_left_and_no_layer_is_changed(stack: list[tuple[str, dict[str, Any]]]) -> None:
    before = copy.deepcopy(stack)
    assert None not in [value for _path, value in leaves(merge(stack).value)]
    assert stack == before


@given(STACKS, LAYERS)
def test_a_layer_laid_twice_is_as_laid_once(
    stack: list[tuple[str, dict[str, Any]]], last: dict[str, Any]
) -> None:
    assert merge([*stack, ("last", last), ("last", last)]) == merge([*stack, ("last", last)])


@given(STACKS, LAYERS)
def test_what_the_last_layer_says_holds(
    stack: list[tuple[str, dict[str, Any]]], last: dict[str, Any]
) -> None:
    merged = merge([*stack, ("last", last)])
    for path, value in leaves(last):
        if value is not None and path:
            assert at(merged.value, path) == value
            assert merged.origins[path] == "last"
