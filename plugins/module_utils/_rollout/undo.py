# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ways back: which version each Worker returns to, and what an undo leaves as it is. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .._cloudflare.models import Deployment, Version
from .moves import Move
from .plan import BY_HAND, CREATE, MARK, UNDO, PlanError, listed

PREVIOUS = "previous"
UNKNOWN = "a version whose id is not known"

History = Mapping[str, Sequence[Deployment]]


@dataclass(frozen=True, slots=True)
class Return:
    """One Worker's way back from ``now`` to ``version``; None where it stays, and ``why``.

    ``now`` is what the rollout, or the history that was read, last put there.
    """

    script: str
    now: str
    version: str | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """The rollout that brought what a Worker serves, and when; without an id it was none of ours."""

    rollout: str = ""
    since: str = ""


def to_versions(history: History, wanted: Mapping[str, str]) -> list[Return]:
    """Each Worker to the version asked for, an id or C(previous), from its deployments, newest first.

    Raises :class:`PlanError` that names every Worker without a way back.
    """
    found = [_resolved(script, history, target) for script, target in wanted.items()]
    _check(found)
    return found


def before_newest(
    history: History, origins: Mapping[str, Origin], gateways: Collection[str], fronts: Collection[str]
) -> list[Return]:
    """The Workers that the newest rollout of these gateways brought to where they are, back to before it.

    Whatever else was deployed stays, so that a rollout which was killed half-way is taken back where it came
    and nowhere else. Where no rollout deployed any of the gateways, each goes to its own previous version.
    Raises :class:`PlanError` when nothing has a way back.
    """
    newest = max((origins[script] for script in gateways), key=_age, default=Origin()).rollout
    behind = [script for script in gateways if origins[script].rollout == newest]
    behind += [script for script in fronts if newest and origins[script].rollout == newest]
    back = {script: previous(history[script]) for script in behind}
    if not any(back.values()):
        _check(_return(script, history, version) for script, version in back.items())
    stays = f"not deployed by rollout {newest}, the newest of these planes"
    return [
        _return(script, history, back.get(script), "" if script in back else stays)
        for script in (*gateways, *fronts)
        if newest or script in back
    ]


def origin(deployments: Sequence[Deployment], version: Version | None = None) -> Origin:
    """Whose rollout brought what is served now.

    An undo and a rollback by hand only bring it back: then it is the rollout that deployed it first, which
    the message of the ``version`` tells where it was read.
    """
    if not deployments:
        return Origin()
    active = deployments[0]
    if not _brought_back(active) and _rollout(active.message):
        return Origin(_rollout(active.message), active.created_on)
    served = active.sole_version
    first = [
        item
        for item in deployments
        if item.versions and item.versions[0][0] == served and not _brought_back(item)
    ]
    named = [Origin(_rollout(item.message), item.created_on) for item in first if _rollout(item.message)]
    if named:
        return named[0]
    if version and _rollout(version.message):
        return Origin(_rollout(version.message), version.created_on)
    return Origin()


def previous(deployments: Sequence[Deployment]) -> str | None:
    """The version that the served one's own rollout started from, else the newest that had all the traffic.

    A version that an undo or an earlier rollback left behind is no place to go back to.
    """
    if not deployments:
        return None
    served = next((version for version, _share in deployments[0].versions), None)
    away = {deployments[0].sole_version, *_left_behind(deployments)}
    before = [
        item.versions[1][0]
        for item in deployments
        if len(item.versions) == 2 and item.versions[0][0] == served and item.message.startswith(MARK)
    ]
    earlier = [item.sole_version for item in deployments[1:]]
    return next((version for version in (*before, *earlier) if version and version not in away), None)


def _left_behind(deployments: Sequence[Deployment]) -> set[str]:
    """Versions that an undo of their rollout, or a rollback by hand, took the traffic from."""
    undone = {_rollout(item.message) for item in deployments if _undoes(item)}
    moved = [item for item in deployments if item.versions and not _brought_back(item)]
    by_rollout = {item.versions[0][0] for item in moved if _rollout(item.message) in undone}
    by_hand = {
        version
        for newer, older in pairwise(deployments)
        if newer.message == BY_HAND
        for version in dict(older.versions).keys() - dict(newer.versions).keys()
    }
    return by_rollout | by_hand


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
            why = f" ({item.why})" if item.why else ""
            lines.append(f"  unchanged   {item.script}: {item.now}{why}")
        else:
            lines.append(f"  {done:10}  {item.script}: {item.now} -> {item.version}")
    return [*(lines or ["  nothing had to be undone"]), *(f"  left        {note}" for note in notes)]


def _check(found: Iterable[Return]) -> None:
    lost = [item.script for item in found if item.version is None]
    if lost:
        raise PlanError(
            f"Nothing was written: there is no earlier whole deployment of {listed(lost)} among those "
            "that the API lists. Name a version instead; `wrangler versions list --name` shows them."
        )


def _resolved(script: str, history: History, target: str) -> Return:
    return _return(script, history, previous(history[script]) if target == PREVIOUS else target)


def _return(script: str, history: History, version: str | None, why: str = "") -> Return:
    lost = "" if version or why else "there is no earlier version of it"
    return Return(script, _now(history[script]), version, why or lost)


def _now(deployments: Sequence[Deployment]) -> str:
    return " and ".join(version for version, _share in deployments[0].versions) if deployments else "nothing"


def _age(found: Origin) -> tuple[bool, str, str]:
    return bool(found.rollout), found.since, found.rollout


def _undoes(item: Deployment) -> bool:
    return item.message.startswith(MARK) and item.message.endswith(UNDO)


def _brought_back(item: Deployment) -> bool:
    return item.message == BY_HAND or _undoes(item)


def _rollout(message: str) -> str:
    """The id of the rollout that a deployment's or a version's message names, or an empty text."""
    told = message.removeprefix(MARK) if message.startswith(MARK) else message.rpartition(f" {MARK}")[2]
    return told.split(" ")[0] if MARK in message else ""


__all__ = [
    "PREVIOUS",
    "UNKNOWN",
    "Origin",
    "Return",
    "before_newest",
    "explained",
    "left_as_they_are",
    "origin",
    "previous",
    "to_versions",
]
