# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done about a key that both sides changed, and which keys of the edge need a person's word. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .._topology.problem import dotted
from .merge import Change, Path, touched

FAIL, CONTROL_PLANE, EDGE, NEWEST = "fail", "control_plane", "edge", "newest"
POLICIES = (FAIL, CONTROL_PLANE, EDGE, NEWEST)
#: Who may call a plane from a browser decides about other people's data.
APPROVAL = ("gateway.cors_origins*",)
_LONGEST, _STARS = 256, 8


class PatternError(ValueError):
    """A key pattern can't be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Patterns of key paths such as C(gateway.labels.*): policies, the first that fits, and approvals."""

    policies: tuple[tuple[str, str], ...] = ()
    approval: tuple[str, ...] = APPROVAL
    approved: tuple[str, ...] = ()

    def policy(self, path: Path) -> str:
        """What to do about a conflict at this key."""
        return next((policy for pattern, policy in self.policies if _fits(path, pattern)), FAIL)

    def needs_approval(self, change: Change) -> bool:
        """Whether a change of the edge waits for a person: at such a key, at what holds it, or below it."""
        return any(map(self._waits, touched(change)))

    def _waits(self, path: Path) -> bool:
        return any(_touches(path, pattern) for pattern in self.approval) and not any(
            _fits(path, pattern) or _fits(path, f"{pattern}.*") for pattern in self.approved
        )


def rules(policies: Mapping[str, str], approval: Iterable[str] | None, approved: Iterable[str]) -> Rules:
    """Rules from options. Raises PatternError."""
    for pattern, policy in policies.items():
        if policy not in POLICIES:
            raise PatternError(f"The policy of '{pattern}' is '{policy}': use one of {', '.join(POLICIES)}.")
    every = [*policies, *(approval or ()), *approved]
    for pattern in every:
        _check(pattern)
    needed = APPROVAL if approval is None else (*APPROVAL, *approval)
    return Rules(tuple(policies.items()), needed, tuple(approved))


def _check(pattern: str) -> None:
    if not pattern or len(pattern) > _LONGEST or pattern.count("*") > _STARS:
        raise PatternError(
            f"The key pattern '{pattern[:60]}' is empty, longer than {_LONGEST} characters, or has more than "
            f"{_STARS} stars: write one such as gateway.labels.*"
        )


def _touches(path: Path, pattern: str) -> bool:
    plain = pattern.rstrip("*").rstrip(".")
    holds = any(plain == name or plain.startswith(f"{name}.") for name in _names(path))
    return holds or _fits(path, pattern) or _fits(path, f"{pattern}.*")


def _fits(path: Path, pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in _names(path))


def _names(path: Path) -> tuple[str, str]:
    """A key as messages show it, where some parts stand in quotes, and as one writes it without thinking."""
    return dotted(path), ".".join(path)


def newest(ours: int, theirs: int) -> str:
    """Which side was made in the knowledge of the newer revision; FAIL when nobody can tell."""
    if ours == theirs:
        return FAIL
    return CONTROL_PLANE if ours > theirs else EDGE


__all__ = [
    "APPROVAL",
    "CONTROL_PLANE",
    "EDGE",
    "FAIL",
    "NEWEST",
    "POLICIES",
    "PatternError",
    "Rules",
    "newest",
    "rules",
]
