# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gate at work: hard checks of every plane, then pairs of probes until the evidence decides.

The statistics are in :mod:`.gate`, the requests in :mod:`.probe`; time and progress come in as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice

from .gate import FINE, UNDECIDED, WORSE, Counts, Limits, verdict
from .probe import Answer, Pair, Probe, Prober, Target

_ATTEMPTS = 3
_PAUSE = 0.1
_THREADS = 16


@dataclass(frozen=True, slots=True)
class Rules:
    """When a gate may decide.

    ``pairs`` is the least number of new pairs; every plane meets every probe at least once besides. ``cap``
    is the number after which it stays undecided, extended once by its own size. ``patience`` is how many
    seconds the versions of a step may take to show up.
    """

    limits: Limits = field(default_factory=Limits)
    pairs: int = 20
    cap: int = 1000
    patience: float = 15.0

    def problems(self) -> list[str]:
        """What is wrong with these rules."""
        rates = {name: getattr(self.limits, name) for name in ("alpha", "beta", "tolerance")}
        found = [
            f"{name} is {rate}: use a number over 0 and under 0.5."
            for name, rate in rates.items()
            if not 0 < rate < 0.5
        ]
        if not 1 <= self.pairs <= self.cap:
            found.append(f"cap is {self.cap} and pairs {self.pairs}: use 1 <= pairs <= cap.")
        if not 0 <= self.patience <= 3600:
            found.append(f"patience is {self.patience}: use 0 to 3600 seconds.")
        return found


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that failed, and what the running version answered to the same one."""

    target: Target
    probe: Probe
    asked: str | None
    came: Answer
    running: Answer | None = None
    reason: str = ""

    @property
    def both(self) -> bool:
        """Whether the running version failed too, so that nothing is said about the candidate."""
        return self.running is not None and not self.running.ok

    def as_dict(self) -> dict[str, str | None]:
        """The failure as a task's result shows it."""
        return {
            "probe": self.probe.name,
            "worker": self.target.script,
            "url": self.target.url,
            "version": self.asked,
            "expected": self.probe.expected,
            "came": self.came.told,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """What a gate found. ``counts`` are of this wave, ``earlier`` of the waves before it."""

    verdict: str
    counts: Counts = field(default_factory=Counts)
    earlier: Counts = field(default_factory=Counts)
    void: int = 0
    failure: Failure | None = None
    by_script: dict[str, Counts] = field(default_factory=dict)
    checks: int = 0
    hard: bool = False


class Judge:
    """Runs gates. ``clock`` answers seconds, ``say`` shows a finding in progress."""

    def __init__(
        self,
        prober: Prober,
        rules: Rules,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], object],
        say: Callable[[Finding], object],
    ) -> None:
        self._prober, self._rules = prober, rules
        self._clock, self._sleep, self._say = clock, sleep, say

    def gate(
        self,
        targets: Sequence[Target],
        probes: Sequence[Probe],
        *,
        split: bool,
        before: Counts | None = None,
        earlier: Counts | None = None,
    ) -> Finding:
        """Judge a step. ``split`` says that both versions are deployed, so that pairs can be asked.

        ``before`` are the wave's pairs of earlier steps; ``earlier`` those of earlier waves, which count
        as evidence against the release but not for this wave.
        """
        if not probes:
            return Finding(UNDECIDED)
        found = self.hard_checks(targets, probes, split=split)
        found = replace(found, counts=before or Counts(), earlier=earlier or Counts())
        paired = [target for target in targets if target.candidate and target.running]
        if found.verdict != FINE or not split or not paired:
            return found
        return self._pairs(paired, probes, found)

    def hard_checks(self, targets: Sequence[Target], probes: Sequence[Probe], *, split: bool) -> Finding:
        """Every plane must answer every probe as the right version at least once in a few attempts."""
        deadline = self._clock() + self._rules.patience
        pairs = [(target, probe, deadline) for target in targets for probe in probes]
        if not pairs:
            return Finding(FINE)
        with ThreadPoolExecutor(min(_THREADS, len(pairs))) as pool:
            failures = list(pool.map(lambda item: self._check(*item, split=split), pairs))
        failed = [item for item in failures if item]
        if not failed:
            return Finding(FINE, checks=len(pairs))
        # A plane that is broken in both versions must not hide one whose candidate alone is.
        guilty = next((item for item in failed if not item.both), None)
        verdict_ = WORSE if guilty else UNDECIDED
        return Finding(verdict_, failure=guilty or failed[0], checks=len(pairs), hard=True)

    def _check(self, target: Target, probe: Probe, deadline: float, *, split: bool) -> Failure | None:
        asked = target.candidate if split and target.running else None
        expected = target.candidate or target.running
        answer = self._settled(target, probe, asked, expected, deadline)
        if answer.ok and expected in (None, answer.version):
            return None
        if answer.ok:
            reason = f"version {answer.version} answers, expected {expected}"
            return Failure(target, probe, expected, answer, reason=reason)
        running = self._persistent(target, probe, target.running) if asked and target.running else None
        return Failure(target, probe, expected, answer, running, f"it failed {_ATTEMPTS} times in a row")

    def _settled(
        self, target: Target, probe: Probe, asked: str | None, expected: str | None, deadline: float
    ) -> Answer:
        """The answer once the expected version shows up, or what came when patience is over."""
        while True:
            answer = self._persistent(target, probe, asked)
            if expected in (None, answer.version) or self._clock() >= deadline:
                return answer
            if asked and self._thrown(answer, target, probe):
                return answer
            self._sleep(_PAUSE)

    def _thrown(self, answer: Answer, target: Target, probe: Probe) -> bool:
        """Whether a failure without a version's name is the candidate's: the running version names itself."""
        unnamed = not answer.ok and answer.version is None and answer.status is not None
        return unnamed and self._prober.ask(target, probe, target.running).version == target.running

    def _persistent(self, target: Target, probe: Probe, version: str | None) -> Answer:
        """The first good answer of a few, else the last bad one: single failures are for the statistics."""
        answer = self._prober.ask(target, probe, version)
        for _attempt in range(_ATTEMPTS - 1):
            if answer.ok:
                break
            answer = self._prober.ask(target, probe, version)
        return answer

    def _pairs(self, targets: Sequence[Target], probes: Sequence[Probe], found: Finding) -> Finding:
        fresh, said = 0, 0
        least = max(self._rules.pairs, len(targets) * len(probes))
        most = max(2 * self._rules.cap, least)
        source = _endless(targets, probes)
        with ThreadPoolExecutor(_THREADS) as pool:
            while fresh < most:
                batch = list(islice(source, _THREADS))
                for pair in pool.map(lambda item: self._prober.pair(*item), batch):
                    found, fresh = _counted(found, pair), fresh + 1
                found = replace(found, verdict=self._decided(found, fresh - found.void >= least))
                if found.verdict != UNDECIDED:
                    break
                if fresh - said >= 4 * _THREADS:
                    self._say(found)
                    said = fresh
        return found

    def _decided(self, found: Finding, enough: bool) -> str:
        """Against the release counts everything seen so far; for it only what this wave showed."""
        if verdict(found.counts + found.earlier, self._rules.limits) == WORSE:
            return WORSE
        return verdict(found.counts, self._rules.limits) if enough else UNDECIDED


def _endless(targets: Sequence[Target], probes: Sequence[Probe]) -> Iterator[tuple[Target, Probe]]:
    while True:
        for probe in probes:
            for target in targets:
                yield target, probe


def _counted(found: Finding, pair: Pair) -> Finding:
    failure = found.failure
    if not pair.candidate.ok and (failure is None or pair.difference > 0):
        failure = Failure(pair.target, pair.probe, pair.target.candidate, pair.candidate, pair.running)
    if pair.void:
        return replace(found, void=found.void + 1, failure=failure)
    script, difference = pair.target.script, pair.difference
    by_script = found.by_script | {script: found.by_script.get(script, Counts()).add(difference)}
    return replace(found, counts=found.counts.add(difference), by_script=by_script, failure=failure)


__all__ = ["Failure", "Finding", "Judge", "Rules"]
