# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people read: a plan's table, a gate's lines, the explanation of a failure, the status table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .gate import WORSE, Limits, excludes, fine_evidence, worse_evidence
from .judge import Finding
from .plan import DRIFTED, UNCHANGED, Decision, Wave, counts, listed
from .probe import OVERRIDE
from .register import UNNAMED

_DONE_WAVES = "nothing to do"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell, without trailing blanks."""
    lines = [[_printable(cell) for cell in line] for line in (header, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def tally(decisions: Iterable[Decision]) -> str:
    """How many Workers each action has, in words: "4 create, 12 unchanged"."""
    found = counts(decisions)
    return ", ".join(f"{number} {action}" for action, number in sorted(found.items())) or _DONE_WAVES


def plan_table(decisions: Sequence[Decision], waves: Sequence[Wave]) -> list[str]:
    """One line for each Worker that needs something; unchanged ones are only counted."""
    place = {item.unit.script: wave for wave in waves for item in wave.decisions}
    busy = [item for item in decisions if item.action != UNCHANGED]
    rows = [
        (item.unit.script, item.action, _way(place.get(item.unit.script)), item.reason)
        for item in sorted(busy, key=lambda item: _order(waves, place.get(item.unit.script)))
    ]
    return table(("worker", "action", "wave", "why"), rows) if rows else []


def before_after(decisions: Sequence[Decision], release: str) -> dict[str, str]:
    """The plan as a diff: what is there, and what would be there."""
    busy = [item for item in decisions if item.action not in (UNCHANGED, DRIFTED)]
    before = [f"{item.unit.script}: {_state(item)}\n" for item in busy]
    after = [f"{item.unit.script}: {_future(item, release)}\n" for item in busy]
    return {
        "before": "".join(before),
        "after": "".join(after),
        "before_header": "running",
        "after_header": "planned",
    }


def undeclared(decisions: Sequence[Decision]) -> list[str]:
    """What happens to the secrets that nobody declares."""
    stays = [_with_names(item, set(item.carried) - set(item.unit.kept)) for item in decisions]
    goes = [_with_names(item, item.dropped) for item in decisions]
    notes = (
        (
            stays,
            "secrets that nobody declares stay (declare them in the topology, if only as kept, or remove "
            "them by the option undeclared_secrets, edge_undeclared_secrets of the role)",
        ),
        (
            goes,
            "secrets that nobody declares go (an undo brings them back with their version)",
        ),
    )
    return [f"{told}: {listed(list(filter(None, found)))}" for found, told in notes if any(found)]


def _with_names(item: Decision, names: Iterable[str]) -> str:
    found = ["some" if name == UNNAMED else name for name in sorted(names)]
    return f"{', '.join(found)} of {item.unit.script}" if found else ""


def drift_text(decisions: Sequence[Decision]) -> str:
    """Which Workers somebody else changed, and what to do about it."""
    lost = [item for item in decisions if item.action == DRIFTED]
    told = "; ".join(f"{item.unit.script}: {item.reason}" for item in lost[:5])
    more = f"; and {len(lost) - 5} more" if len(lost) > 5 else ""
    return (
        f"{len(lost)} Worker(s) were deployed by somebody else since the last rollout: {told}{more}. "
        "Nothing was written. Take that change into the release, or roll over it with the option drift "
        "set to take_over (edge_drift of the role)."
    )


def evidence_line(found: Finding, limits: Limits, wave: str, percentage: int) -> str:
    """One line of a gate in progress: both capitals against their limits."""
    every = found.counts + found.earlier
    return (
        f"{wave}  {percentage} %  {found.counts.pairs} pairs  "
        f"worse {_number(worse_evidence(every))}/{limits.worse:g}  "
        f"fine {_number(fine_evidence(found.counts, limits.tolerance))}/{limits.fine:g}"
    )


def checks_line(found: Finding, wave: str, percentage: int) -> str:
    return f"{wave}  {percentage} %  {found.checks} checks passed"


def explanation(found: Finding, limits: Limits) -> list[str]:
    """Why a gate closed, at length: the request, what was expected, what came, and the evidence."""
    return _request(found) + (_evidence(found, limits) if found.counts.pairs or found.void else [])


def closed(found: Finding, wave: str, percentage: int) -> str:
    """Why a gate closed, in two sentences."""
    worse = found.verdict == WORSE
    why = "the candidate is worse than the running version" if worse else _undecided(found)
    told, failure = f"The gate closed in wave '{wave}' at {percentage} %: {why}.", found.failure
    if failure is None:
        return told
    return (
        f"{told} {failure.probe.name} on {failure.target.script} at {failure.target.url}: expected "
        f"{failure.probe.expected}, came {failure.came.told}."
    )


def status_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The planes as people read them."""
    header = ("tenant", "region", "url", "version", "health")
    return table(header, [_status_row(row) for row in rows])


def _status_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    health = {True: "healthy", False: "UNHEALTHY", None: "unknown"}[row["healthy"]]
    why = f" ({row['why']})" if row.get("why") else ""
    version = str(row["version_id"] or "-")
    return (row["tenant"], row["region"], row["url"], version, health + why)


def _printable(cell: str) -> str:
    """Cells may hold what somebody else wrote: nothing in them may steer a terminal."""
    return "".join(char if char.isprintable() else "?" for char in cell)


def _way(wave: Wave | None) -> str:
    if wave is None:
        return "-"
    steps = " ".join(f"{step}%" for step in wave.steps) or ("direct" if wave.direct else "")
    return f"{wave.name} {steps}".strip()


def _order(waves: Sequence[Wave], wave: Wave | None) -> int:
    return waves.index(wave) if wave in waves else len(waves)


def _state(item: Decision) -> str:
    return f"version {item.running}" if item.running else "absent"


def _future(item: Decision, release: str) -> str:
    extra = [
        text for wanted, text in ((item.document, "config document"), (item.hostname, "hostname")) if wanted
    ]
    code = f"release {release}" if item.action in ("create", "update") else f"version {item.running}"
    return ", ".join([code, *extra])


def _number(value: float) -> str:
    return f"{value:.1f}" if value < 1000 else f"{value:.2g}"


def _undecided(found: Finding) -> str:
    if found.hard:
        return "both versions fail, so nothing can be said about the candidate"
    if found.void > found.counts.pairs:
        return (
            f"{found.void} of {found.void + found.counts.pairs} pairs were void, because another version "
            f"answered than was asked for by {OVERRIDE}"
        )
    return "the evidence did not decide before its cap"


def _request(found: Finding) -> list[str]:
    failure = found.failure
    if failure is None:
        return []
    version = failure.asked or "the deployed version"
    reason = f" ({failure.reason})" if failure.reason else ""
    lines = [
        f"  probe     {failure.probe.name}{reason}",
        f"  plane     {failure.target.script} at {failure.target.url}, version {version}",
        f"  expected  {failure.probe.expected}",
        f"  came      {failure.came.told}",
    ]
    if failure.running is not None:
        told = failure.running.told or "no answer"
        lines.append(f"  running   version {failure.target.running} answered {told.removesuffix(': ')}")
    return lines


def _evidence(found: Finding, limits: Limits) -> list[str]:
    both, every = found.counts, found.counts + found.earlier
    guilty = sorted(
        ((counted.plus - counted.minus, script) for script, counted in found.by_script.items()), reverse=True
    )
    lines = [
        f"  pairs     {both.pairs} (only the candidate failed n+ {both.plus}, no difference n0 {both.zero}, "
        f"only the running one n- {both.minus}), void {found.void}",
        f"  worse     W {_number(worse_evidence(every))}, limit {limits.worse:g}",
        f"  fine      V {_number(fine_evidence(both, limits.tolerance))}, limit {limits.fine:g}; "
        f"{both.pairs} clean pairs would rule out a failure rate over {_percent(excludes(both.pairs))}",
    ]
    if guilty and guilty[0][0] > 0:
        lines.append(
            f"  most on   {listed([f'{script} ({excess:+d})' for excess, script in guilty if excess > 0])}"
        )
    return lines


def _percent(rate: float) -> str:
    digits = 0 if rate >= 0.095 else 1 - math.floor(math.log10(rate * 100)) if rate * 100 < 1 else 1
    return f"{rate * 100:.{digits}f} %"


__all__ = [
    "before_after",
    "checks_line",
    "closed",
    "drift_text",
    "evidence_line",
    "explanation",
    "plan_table",
    "status_table",
    "table",
    "tally",
]
