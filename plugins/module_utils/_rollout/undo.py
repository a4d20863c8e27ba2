# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ways back: which version each Worker returns to, and what an undo leaves as it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .._cloudflare.models import Deployment
from .moves import Move
from .plan import BY_HAND, CREATE, MARK, UNDO, PlanError, listed

PREVIOUS = "previous"
UNKNOWN = "a version whose id is not known"

History = Mapping[str, Sequence[Deployment]]


@dataclass(frozen=True, slots=True)
class Return:
    """One Worker's way back from ``now`` to ``version``; None where it stays.

    ``now`` is what the rollout, or the history that was read, last put there.
    """

    script: str
    now: str
    version: str | None


def by_hand(history: History, wanted: Mapping[str, str]) -> list[Return]:
    """Resolve what was asked for, a version id or C(previous), from each Worker's deployments, newest first.

    Raises :class:`PlanError` that names every Worker without a way back.
    """
    found = [_resolved(script, history[script], target) for script, target in wanted.items()]
    lost = [item.script for item in found if item.version is None]
    if lost:
        raise PlanError(f"Nothing was written: there is no earlier whole deployment of {listed(lost)}.")
    return found


def previous(deployments: Sequence[Deployment]) -> str | None:
    """The newest version that had all the traffic before, and that nobody went back from.

    A version that an undo or an earlier rollback left behind is no place to go back to.
    """
    if not deployments:
        return None
    away = {deployments[0].sole_version, *_left_behind(deployments)}
    earlier = (item.sole_version for item in deployments[1:])
    return next((version for version in earlier if version and version not in away), None)


def _left_behind(deployments: Sequence[Deployment]) -> set[str]:
    """Versions that an undo of their rollout, or a rollback by hand, took the traffic from."""
    undone = {_rollout([item]) for item in deployments if item.message.endswith(UNDO)}
    moved = [item for item in deployments if item.versions and not item.message.endswith(UNDO)]
    by_rollout = {item.versions[0][0] for item in moved if _rollout([item]) in undone}
    by_hand = {
        version
        for newer, older in pairwise(deployments)
        if newer.message == BY_HAND
        for version, _share in older.versions
    }
    return by_rollout | by_hand


def fronts_touched(history: History, gateways: Iterable[str], fronts: Iterable[str]) -> dict[str, str]:
    """The fronts that were last deployed by a rollout that also moved one of the gateways."""
    rollouts = {_rollout(history[script]) for script in gateways} - {""}
    return {script: PREVIOUS for script in fronts if _rollout(history[script]) in rollouts}


def left_as_they_are(moves: Iterable[Move]) -> list[str]:
    """What an undo of these moves did not put back."""
    found = tuple(moves)
    created = [move.script for move in found if move.action == CREATE and move.attempted]
    documents = [move.script for move in found if move.document and move.document_written]
    unknown = [move.script for move in found if move.document_written and not move.document]
    return [
        f"{text}: {listed(names)}"
        for names, text in (
            (created, "new in this rollout, so there is no version to go back to"),
            (documents, "the config document in KV was written and stays"),
            (unknown, "whether the config document in KV was written is not known; the next run writes it"),
        )
        if names
    ]


def explained(
    back: Iterable[Return], failed: Mapping[str, str], notes: Iterable[str], check: bool = False
) -> list[str]:
    """One line for each Worker: from which version to which, or why not."""
    done = "would go back" if check else "undone"
    lines = []
    for item in back:
        if item.script in failed:
            lines.append(
                f"  NOT UNDONE  {item.script}: {item.now} -> {item.version} failed: {failed[item.script]}"
            )
        elif item.version in (None, item.now):
            lines.append(f"  unchanged   {item.script}: {item.now}")
        else:
            lines.append(f"  {done:10}  {item.script}: {item.now} -> {item.version}")
    return [*(lines or ["  nothing had to be undone"]), *(f"  left        {note}" for note in notes)]


def _resolved(script: str, deployments: Sequence[Deployment], target: str) -> Return:
    now = " and ".join(version for version, _share in deployments[0].versions) if deployments else "nothing"
    return Return(script, now, previous(deployments) if target == PREVIOUS else target)


def _rollout(deployments: Sequence[Deployment]) -> str:
    """The id of the rollout that made the active deployment, or an empty text."""
    message = deployments[0].message if deployments else ""
    return message.removeprefix(MARK).split(" ")[0] if message.startswith(MARK) else ""


__all__ = [
    "PREVIOUS",
    "UNKNOWN",
    "Return",
    "by_hand",
    "explained",
    "fronts_touched",
    "left_as_they_are",
    "previous",
]
