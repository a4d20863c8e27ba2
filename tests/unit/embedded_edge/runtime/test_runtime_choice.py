# SPDX-License-Identifier: GPL-3.0-or-later
"""The version choice: headers, affinity and percentages."""

from __future__ import annotations

import pytest
from embedded_edge.runtime.choice import Share, choose, parse_overrides, point_of

OLD, NEW = "old", "new"


def shares(old: float, new: float) -> list[Share]:
    return [Share(OLD, old, 1), Share(NEW, new, 2)]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", {}),
        ('a="1"', {"a": "1"}),
        ('a="1", b="2"', {"a": "1", "b": "2"}),
        ('a="1"\t,\tb="2"', {"a": "1", "b": "2"}),
        ('  a="1"  ', {"a": "1"}),
        ('my-worker_2.x="1"', {"my-worker_2.x": "1"}),
        ('*="1"', {"*": "1"}),
        (r'a="q\"b\\s"', {"a": r'q"b\s'}),
        ('a="1";p=2;q, b="2";r="x"', {"a": "1", "b": "2"}),
        ('a="1", a="2"', {"a": "2"}),
        ('a="1", a=2', {}),
        ("a, b=?1, c=tok:en, d=-1.5, e=:YWI=:", {}),
        ('a=tok, b="2"', {"b": "2"}),
    ],
)
def test_overrides(header: str, expected: dict[str, str]) -> None:
    assert parse_overrides(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        'A="1"',
        '1a="1"',
        'a="1',
        'a="1",',
        'a="1" b="2"',
        'a="1",, b="2"',
        ', a="1"',
        'a = "1"',
        "a=",
        'a="1";',
        'a="1";P=1',
        'a="1";p=',
        r'a="\x"',
        'a="\u00fc"',
        'a=("1" "2"), b="2"',
        'a="1"\n',
        "a='1'",
    ],
)
def test_a_header_that_is_no_dictionary_counts_as_absent(header: str) -> None:
    assert parse_overrides(header) == {}


@pytest.mark.parametrize(
    ("old", "new", "point", "expected"),
    [
        (90, 10, 0.0, NEW),
        (90, 10, 0.0999, NEW),
        (90, 10, 0.1, OLD),
        (90, 10, 0.9999, OLD),
        (100, 0, 0.0, OLD),
        (0, 100, 0.9999, NEW),
        (50.5, 49.5, 0.4949, NEW),
        (50.5, 49.5, 0.4951, OLD),
    ],
)
def test_the_newest_version_takes_the_first_places(
    old: float, new: float, point: float, expected: str
) -> None:
    given = shares(old, new)
    assert choose(given, None, point) == expected
    assert choose(given[::-1], None, point) == expected


@pytest.mark.parametrize(("override", "expected"), [(NEW, NEW), (OLD, OLD), ("gone", OLD), (None, OLD)])
def test_an_override_wins_only_within_the_deployment(override: str | None, expected: str) -> None:
    assert choose(shares(100, 0), override, 0.5) == expected


def test_points_are_stable_spread_and_differ_between_scripts() -> None:
    points = [point_of("one", f"user-{number}") for number in range(1000)]
    assert points == [point_of("one", f"user-{number}") for number in range(1000)]
    assert all(0 <= point < 1 for point in points)
    assert 400 < sum(point < 0.5 for point in points) < 600
    assert point_of("one", "user-1") != point_of("two", "user-1")
