# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether somebody else has deployed a Worker since this rollout looked at it or wrote it. Pure.

The API has no conditional writes. So every task that writes looks first: the list of all Workers is one
call, and only what has changed later than this rollout knows of is read.
"""

from __future__ import annotations

from datetime import datetime

from .._cloudflare.models import Deployment, Script
from .moves import Move

#: Seconds by which the list's time of change may lie after the deployment that caused it. Where the platform
#: takes longer, each Worker costs a reading more; what is wrong by less is not told from our own write.
_SLACK = 0.05


def doubtful(move: Move, listed: Script | None) -> bool:
    """Whether the list shows a change that this rollout did not make, so that a reading must tell."""
    if listed is None or not move.seen:
        return (listed is None) != (not move.seen)
    return _later(listed.modified_on, move.seen)


def expected(move: Move, active: Deployment | None) -> bool:
    """Whether this deployment is what the rollout found there, or its own work."""
    if active is None:
        return not move.versions
    own = move.rollout in active.message or active.sole_version in {move.candidate} - {None}
    return own or dict(active.versions) == dict(move.versions)


def _later(changed: str, seen: str) -> bool:
    if changed == seen:
        return False
    try:
        return (datetime.fromisoformat(changed) - datetime.fromisoformat(seen)).total_seconds() > _SLACK
    except (TypeError, ValueError):
        return True


__all__ = ["doubtful", "expected"]
