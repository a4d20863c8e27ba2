# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stranger may write: everything else is refused by name, in bounded time and without a traceback."""

from __future__ import annotations

import contextlib
import json
import random
import time
from typing import Any

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.kv import Item
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.canonical import (
    Unsound,
    canonical,
    same,
    strict,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.merge import (
    ABSENT,
    Change,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.policy import (
    PatternError,
    rules,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.proposal import (
    patched,
    read_proposal,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.revision import (
    Head,
    LimitError,
    check_limits,
    head_of,
    read_head,
    sizes_of_item,
)

MOST = 1_000_000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[" * 100_000, "nested deeper than 24"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested deeper than 24"),
        (b'{"a": 1, "a": 2}', "the key 'a' stands twice"),
        (b'{"a": NaN}', "NaN is no JSON"),
        (b'{"a": -Infinity}', "-Infinity is no JSON"),
        (b'{"a": 1e999}', "not finite"),
        (b'{"a": ' + b"9" * 5000 + b"}", "5000 digits"),
        (b'{"a": "\\ud800"}', "half a character"),
        (b'{"\\ud800": 1}', "half a character"),
        (b"\xff{}", "not UTF-8"),
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'"' + b"\\" * 99_999, "not JSON"),
        (b'{"max_batch": 1, "Max_Batch": 2}', "look alike"),
        ('{"ﬁ": 1, "fi": 2}'.encode(), "look alike"),
        ('{"a\u200bb": 1}'.encode(), "what nobody can see"),
        (b'{"": 1}', "empty"),
        (b" " * (MOST + 1), "1000001 bytes; 1000000 are the most"),
        (b"[" + b"1," * 499_999 + b"1,1]", "1000003 bytes"),
    ],
)
def test_json_that_is_refused(content: bytes, reason: str) -> None:
    begun = time.process_time()
    with pytest.raises(Unsound, match=reason):
        strict(content, MOST)
    assert time.process_time() - begun < 2


def test_texts_are_data() -> None:
    text = "{{ lookup('pipe', 'touch /tmp/canary') }} {% raw %} ${x} $(id) `id`"
    assert strict(json.dumps({"a": text}).encode(), MOST) == {"a": text}


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_json_or_refused(seed: int) -> None:
    chance = random.Random(seed)
    pieces = [
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"\\",
        b":",
        b",",
        b"1",
        b"e9",
        b"-",
        b"a",
        b"\xc3\xa9",
        b"\xff",
        b"null",
    ]
    for _round in range(500):
        content = b"".join(chance.choices(pieces, k=chance.randrange(40)))
        with contextlib.suppress(Unsound):
            value = strict(content, MOST)
            assert same(strict(canonical(value), MOST), value)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (True, 1, False),
        (1, 1.0, False),
        ({"a": [1, {}]}, {"a": [1, {}]}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ([1, 2], [1], False),
        ("1", 1, False),
    ],
)
def test_sameness(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"patch": {}}, "does not name the revision"),
        ({"patch": {}, "revision": True}, "does not name the revision"),
        ({"patch": {}, "revision": -1}, "does not name the revision"),
        ({"patch": [], "revision": 1}, "no proposal"),
        ({"patch": {}, "revision": 1, "set": {}}, "no proposal"),
        ([], "no proposal"),
        ({"patch": {}, "revision": 1, "by": "\u001b[31mroot"}, "by or why"),
        ({"patch": {}, "revision": 1, "why": "x" * 201}, "by or why"),
        ({"patch": {}, "revision": 1, "why": 7}, "by or why"),
    ],
)
def test_proposals_that_are_refused(content: Any, reason: str) -> None:
    with pytest.raises(Unsound, match=reason):
        read_proposal("edit/x", json.dumps(content).encode())


#: RFC 7396, appendix A
PATCHES = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("value", "patch", "result"), PATCHES)
def test_merge_patch(value: Any, patch: Any, result: Any) -> None:
    before = json.dumps(value)
    assert patched(value, patch) == result
    assert json.dumps(value) == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{}", "no head"),
        (b"[]", "no head"),
        (b'{"format": 1, "revision": 1.5}', "no head"),
        (b"null", "no head"),
    ],
)
def test_heads_that_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(Unsound, match=reason):
        read_head(content)


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (Item("k" * 513, b"", {}), "name of the key 'k.*' has 513 bytes; KV takes 512"),
        (
            Item("k", b"x" * (25 * 1024 * 1024 + 1), {}),
            "value of the key 'k' has 26214401 bytes; KV takes 26214400",
        ),
        (Item("k", b"", {"a": "x" * 1024}), "metadata of the key 'k' has 1032 bytes; KV takes 1024"),
    ],
)
def test_what_kv_does_not_take_is_refused_by_name(item: Item, told: str) -> None:
    with pytest.raises(LimitError, match=told):
        sizes_of_item(item)


def test_documents_that_are_too_large_are_refused_by_name() -> None:
    with pytest.raises(LimitError, match="document 'flags' has"):
        check_limits("flags", b"x" * (25 * 1024 * 1024 + 1))
    with pytest.raises(LimitError, match="has 201 bytes; 200 are the most"):
        check_limits("n" * 201, b"")


@pytest.mark.parametrize("pattern", ["", "x" * 257, "*a" * 9])
def test_patterns_that_are_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match="key pattern"):
        rules({pattern: "edge"}, [], [])


def test_patterns_take_bounded_time() -> None:
    begun = time.process_time()
    assert rules({"*a*a*a*a*b": "edge"}, [], []).policy(("gateway", "a" * 5000)) == "fail"
    assert time.process_time() - begun < 2


def test_unknown_policies_are_named() -> None:
    with pytest.raises(PatternError, match="'mine': use one of fail, control_plane, edge, newest"):
        rules({"gateway.*": "mine"}, [], [])


def test_a_head_that_leaves_no_next_revision_is_refused() -> None:
    """Its successor would be written into the state, which then nobody could read."""
    assert (
        read_head(Head(2**52, {}).content).revision + 1
        == head_of(json.loads(Head(2**52 + 1, {}).content)).revision
    )
    with pytest.raises(Unsound, match="none that anybody counted to"):
        read_head(Head(2**53 - 1, {}).content)


@pytest.mark.parametrize(
    ("path", "after", "needed"),
    [
        (("gateway", "cors_origins"), [], True),
        (("gateway",), {}, True),
        (("gateway", "max_batch"), 7, False),
        (("gateway", "labels", "pii"), "x", True),
        (("gateway", "labels", "pii", "below"), "x", True),
        (("gateway", "labels", "pii2"), "x", False),
        (("gateway", "labels"), {}, True),
        (("flags", "eu"), {"beta": True, "billing": {"on": True}}, True),
        (("flags", "eu"), {"beta": True}, False),
        (("campaigns/spring", "budget"), 7, True),
        (("campaigns/spring",), {"budget": 7}, True),
    ],
)
def test_approval_covers_what_holds_the_key_and_what_is_below_it(
    path: tuple[str, ...], after: object, needed: bool
) -> None:
    patterns = ["gateway.labels.pii", "flags.*.billing", "campaigns/spring.budget"]
    for change in (Change(path, ABSENT, after), Change(path, after, ABSENT)):
        assert rules({}, patterns, []).needs_approval(change) is needed
        assert not rules({}, patterns, [".".join(path)]).needs_approval(change)
