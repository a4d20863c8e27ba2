# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module worker_gate: probe the planes of a wave and decide. No API calls."""

from __future__ import annotations

import random
import time
from typing import Any, ClassVar

from ..module_utils._rollout import moves as ways
from ..module_utils._rollout import text
from ..module_utils._rollout.gate import (
    FINE,
    UNDECIDED,
    Counts,
    Limits,
    excludes,
    fine_evidence,
    worse_evidence,
)
from ..module_utils._rollout.judge import (
    Finding,
    Judge,
    Rules,
)
from ..module_utils._rollout.probe import (
    Probe,
    Prober,
    Target,
)
from ..plugin_utils._controller import hidden
from ..plugin_utils._declared_secrets import STORE, reader, to_mask
from ..plugin_utils._fleet import (
    MOVES,
    PROBE,
    RULES,
    LocalAction,
    Refusal,
    declared_wrong,
    rules_of,
)
from ..plugin_utils._planes import planes_of


class ActionModule(LocalAction):
    """Judges one step of a wave."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "moves": MOVES | {"required": True},
        "wave": {"type": "str", "required": True},
        "percentage": {"type": "int", "default": 100},
        "rollout": {"type": "str", "required": True},
        "probes": {"type": "list", "elements": "dict", "options": PROBE, "required": True},
        "evidence": {"type": "dict", "default": {}},
        **RULES,
        "secrets": {"type": "dict", "default": {}, "no_log": True},
        "planes": {"type": "list", "elements": "dict"},
        **STORE,
        "probe_timeout": {"type": "float", "default": 10.0},
        "undecided": {"type": "str", "choices": ["rollback", "accept"], "default": "rollback"},
    }

    def operate(self, args: dict[str, Any], check: bool) -> dict[str, Any]:
        moves = [move for move in ways.parse(args["moves"], args["rollout"]) if move.wave == args["wave"]]
        rules, seen = rules_of(args), _seen(args)
        limits = rules.limits
        wrong = declared_wrong(rules, args["probes"])
        if wrong:
            raise Refusal(wrong)
        if check:
            return {"verdict": UNDECIDED, "evidence": args["evidence"]}
        _check_probes(moves, args["probes"])
        finding = self._find(args, moves, rules, seen)
        self._say_end(finding, limits, args)
        result = _result(finding, limits, args, seen)
        if finding.verdict == FINE or (finding.verdict == UNDECIDED and args["undecided"] == "accept"):
            return result
        for line in text.explanation(finding, limits):
            self.say(line)
        raise Refusal(text.closed(finding, args["wave"], args["percentage"]), **result)

    def _find(
        self, args: dict[str, Any], moves: list[ways.Move], rules: Rules, seen: dict[str, Counts]
    ) -> Finding:
        wave, percentage = args["wave"], args["percentage"]
        if not moves:
            return Finding(FINE, counts=seen.get(wave, Counts()))
        kind = moves[0].kind  # a wave has one kind
        planes = planes_of(self._vars, args["planes"])
        secrets = to_mask(reader(self._loader, args), planes, hidden(self.spec, args))
        with Prober(coin=random.random, timeout=args["probe_timeout"], secrets=secrets) as prober:
            judge = Judge(
                prober,
                rules,
                clock=time.monotonic,
                sleep=time.sleep,
                say=lambda found: self.say(text.evidence_line(found, rules.limits, wave, percentage)),
            )
            return judge.gate(
                [_target(move) for move in moves],
                [_probe(item) for item in args["probes"] if kind in item["kinds"]],
                split=percentage < 100,
                before=seen.get(wave),
                earlier=sum((seen[name] for name in seen if name != wave), Counts()),
            )

    def _say_end(self, finding: Finding, limits: Limits, args: dict[str, Any]) -> None:
        if args["percentage"] < 100 and (finding.counts.pairs or finding.void):
            self.say(
                text.evidence_line(finding, limits, args["wave"], args["percentage"]) + f"  {finding.verdict}"
            )
        elif finding.verdict == FINE:
            self.say(text.checks_line(finding, args["wave"], args["percentage"]))


def _check_probes(moves: list[ways.Move], probes: list[dict[str, Any]]) -> None:
    missing = {move.kind for move in moves} - {kind for item in probes for kind in item["kinds"]}
    if missing:
        raise Refusal(
            "A gate without probes has no evidence: give at least one probe for Workers of the kind "
            f"{' and '.join(sorted(missing))}."
        )


def _seen(args: dict[str, Any]) -> dict[str, Counts]:
    """The counts of this rollout's earlier gates, by wave."""
    if args["evidence"].get("rollout") != args["rollout"]:
        return {}
    return {wave: Counts(*map(int, numbers)) for wave, numbers in args["evidence"]["waves"].items()}


def _target(move: ways.Move) -> Target:
    running = None if move.action == "create" else move.running
    return Target(move.script, move.kind, move.url, move.connect_to, move.candidate, running)


def _probe(item: dict[str, Any]) -> Probe:
    names = ("method", "path", "status", "headers", "body", "json")
    return Probe(**{name: item[name] for name in names})


def _result(
    finding: Finding, limits: Limits, args: dict[str, Any], seen: dict[str, Counts]
) -> dict[str, Any]:
    counts, every = finding.counts, finding.counts + finding.earlier
    waves = seen | {args["wave"]: counts}
    return {
        "verdict": finding.verdict,
        "pairs": {"plus": counts.plus, "zero": counts.zero, "minus": counts.minus, "void": finding.void},
        "worse": {"evidence": round(worse_evidence(every), 3), "limit": limits.worse},
        "fine": {"evidence": round(fine_evidence(counts, limits.tolerance), 3), "limit": limits.fine},
        "excludes": round(excludes(counts.pairs), 4),
        "checks": finding.checks,
        "failure": finding.failure.as_dict() if finding.failure else None,
        "evidence": {
            "rollout": args["rollout"],
            "waves": {name: [item.plus, item.zero, item.minus] for name, item in waves.items()},
        },
    }
