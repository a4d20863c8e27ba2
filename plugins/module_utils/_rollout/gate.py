# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision after a step: is the candidate worse than the running version, fine, or is it open?

Evidence is an e-process over paired probes: the capital of a bettor who starts with 1 and can't gain in
the mean while the null hypothesis holds. By Ville's inequality it ever reaches 1/a with a probability of
at most a, however often one looks. So the verdict may be asked for after every pair, the counts may be
carried from step to step and from plane to plane, and integers are the whole state.

Y = failed(candidate) - failed(running) of one pair is +1, 0 or -1.

W bets against "the failure rate of the candidate exceeds the running one's by at most 0" and V against
"it exceeds it by at least 2 points" (Waudby-Smith and Ramdas 2024: betting on a bounded mean; several bets
are mixed, because the best one depends on a rate that nobody knows).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

WORSE, FINE, UNDECIDED = "worse", "fine", "undecided"

_FRACTIONS = (0.05, 0.1, 0.2, 0.4, 0.7, 0.98)
_WEIGHTS = (0.1, 0.1, 0.1, 0.1, 0.1, 0.5)


@dataclass(frozen=True, slots=True)
class Counts:
    """Pairs: only the candidate failed (plus), both or neither (zero), only the running one (minus)."""

    plus: int = 0
    zero: int = 0
    minus: int = 0

    @property
    def pairs(self) -> int:
        return self.plus + self.zero + self.minus

    def add(self, difference: int) -> Counts:
        """Count one pair by its difference."""
        return Counts(
            self.plus + (difference > 0), self.zero + (difference == 0), self.minus + (difference < 0)
        )

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.plus + other.plus, self.zero + other.zero, self.minus + other.minus)


@dataclass(frozen=True, slots=True)
class Limits:
    """``alpha`` bounds false alarms, ``beta`` false passes of what fails ``tolerance`` more often."""

    alpha: float = 0.01
    beta: float = 0.05
    tolerance: float = 0.02

    @property
    def worse(self) -> float:
        return 1 / self.alpha

    @property
    def fine(self) -> float:
        return 1 / self.beta


def worse_evidence(counts: Counts) -> float:
    """W: how much the pairs speak for "the candidate fails more often"."""
    return _mixture(counts, 0.0, sign=1)


def fine_evidence(counts: Counts, tolerance: float = 0.02) -> float:
    """V: how much the pairs speak for "it fails at most ``tolerance`` more often"."""
    return _mixture(counts, tolerance, sign=-1)


def verdict(counts: Counts, limits: Limits) -> str:
    """Answer worse, fine or undecided; worse wins when both limits are reached."""
    if worse_evidence(counts) >= limits.worse:
        return WORSE
    return FINE if fine_evidence(counts, limits.tolerance) >= limits.fine else UNDECIDED


def excludes(pairs: int) -> float:
    """The failure rate that ``pairs`` clean probes rule out at 95 % (about 3/n); 1 without probes."""
    return 1.0 if pairs < 1 else 1 - 0.05 ** (1 / pairs)


def _mixture(counts: Counts, d: float, sign: int) -> float:
    """A bettor's capital, mixed over stakes. ``sign`` is 1 for bets on Y > d and -1 for bets on Y < d."""
    logs = []
    for fraction, weight in zip(_FRACTIONS, _WEIGHTS, strict=True):
        stake = sign * fraction / (1 + sign * d)
        logs.append(
            math.log(weight)
            + counts.plus * math.log1p(stake * (1 - d))
            + counts.zero * math.log1p(-stake * d)
            + counts.minus * math.log1p(-stake * (1 + d))
        )
    top = max(logs)
    return math.exp(min(top + math.log(sum(math.exp(value - top) for value in logs)), 700.0))


__all__ = [
    "FINE",
    "UNDECIDED",
    "WORSE",
    "Counts",
    "Limits",
    "excludes",
    "fine_evidence",
    "verdict",
    "worse_evidence",
]
