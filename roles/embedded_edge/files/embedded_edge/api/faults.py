# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: which calls they hit and what they do to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .numbers import is_number

KINDS = ("latency", "status", "hang", "drop_before", "drop_after", "partial_kv")
FIELDS = {"match", "times", "skip", "fault", "latency_ms", "status", "retry_after", "keys_fail", "body"}
MOST_RULES = 1000
MOST_CALLS = 10**9


class BadRule(ValueError):
    """A rule that makes no sense; the message says why."""


@dataclass
class Rule:
    """A fault for the calls that match, after `skip` of them and for `times` of them."""

    method: str | None
    path: re.Pattern[str]
    fault: str
    times: int | None
    skip: int
    latency_ms: float
    status: int
    retry_after: str | None
    keys_fail: list[str] | float
    body: Any
    seen: int = 0
    hits: int = 0

    def takes(self, method: str, path: str) -> bool:
        """Tell whether this call is hit, and count it."""
        if self.method not in (None, method) or not self.path.search(path):
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True

    def fails(self, keys: list[str]) -> set[str]:
        """Choose which keys of a bulk write fail."""
        if isinstance(self.keys_fail, list):
            return set(self.keys_fail) & set(keys)
        return set(keys[: max(1, round(len(keys) * self.keys_fail))]) if keys else set()

    def shown(self) -> dict[str, Any]:
        """Return the rule as the control endpoint lists it."""
        return {
            "match": {"method": self.method, "path": self.path.pattern},
            "fault": self.fault,
            "times": self.times,
            "skip": self.skip,
            "latency_ms": self.latency_ms,
            "status": self.status,
            "retry_after": self.retry_after,
            "keys_fail": self.keys_fail,
            "body": self.body,
            "seen": self.seen,
            "hits": self.hits,
        }


class Faults:
    """The rules in force; the first that takes a call decides."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, specification: Any) -> None:
        """Add one rule or a list of them, all or none."""
        items = specification if isinstance(specification, list) else [specification]
        if len(self._rules) + len(items) > MOST_RULES:
            raise BadRule(f"more than {MOST_RULES} rules")
        self._rules.extend([parse(item) for item in items])

    def take(self, method: str, path: str) -> Rule | None:
        """Return the rule that hits this call."""
        return next((rule for rule in self._rules if rule.takes(method, path)), None)

    def shown(self) -> list[dict[str, Any]]:
        """List the rules with their counters."""
        return [rule.shown() for rule in self._rules]

    def clear(self) -> None:
        """Take every rule back."""
        self._rules.clear()


def parse(item: Any) -> Rule:
    """Make a rule from its JSON, or say what is wrong with it."""
    if not isinstance(item, dict) or item.get("fault") not in KINDS:
        raise BadRule(f"a rule is an object whose 'fault' is one of {', '.join(KINDS)}")
    if unknown := set(item) - FIELDS:
        raise BadRule(f"unknown fields: {', '.join(sorted(unknown))}; known: {', '.join(sorted(FIELDS))}")
    match = item.get("match", {})
    if not isinstance(match, dict) or set(match) - {"method", "path"}:
        raise BadRule("'match' is an object with 'method' and 'path', a regular expression")
    method = match.get("method")
    return Rule(
        method=str(method).upper() if method else None,
        path=_pattern(match.get("path", "")),
        fault=item["fault"],
        times=None if item.get("times") is None else _whole(item, "times", 0, MOST_CALLS),
        skip=_whole(item, "skip", 0, MOST_CALLS),
        latency_ms=_number(item, "latency_ms", 0, 600_000),
        status=_whole(item, "status", 503, 599, 400),
        retry_after=None if item.get("retry_after") is None else str(item["retry_after"]),
        keys_fail=_keys(item.get("keys_fail", 1.0)),
        body=item.get("body"),
    )


def _pattern(text: Any) -> re.Pattern[str]:
    try:
        return re.compile(str(text))
    except (re.error, RecursionError, OverflowError) as error:
        raise BadRule(f"'match.path' is no regular expression: {error}") from None


def _number(item: dict[str, Any], name: str, default: float, high: float, low: float = 0) -> float:
    value = item.get(name, default)
    if not is_number(value, low, high):
        raise BadRule(f"'{name}' must be a number from {low} to {high}")
    return value


def _whole(item: dict[str, Any], name: str, default: int, high: int, low: int = 0) -> int:
    number = _number(item, name, default, high, low)
    if number != int(number):
        raise BadRule(f"'{name}' must be a whole number")
    return int(number)


def _keys(value: Any) -> list[str] | float:
    if isinstance(value, list) and all(isinstance(key, str) for key in value):
        return value
    if is_number(value, 0, 1):
        return float(value)
    raise BadRule("'keys_fail' is a list of keys or a fraction from 0 to 1")
