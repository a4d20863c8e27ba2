# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the edge proposes: a merge patch (RFC 7396) of the documents, under a key C(edit/NAME). Pure.

A proposal names the revision that its author saw. So it is settled once however often KV shows it, and an
older one can't overwrite what its author did not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .canonical import Json, Unsound, digest, strict
from .merge import ABSENT

LONGEST = 1024 * 1024
_MOST = 200
_FIELDS = {"patch", "revision", "by", "why"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """One edit of the edge. ``patch`` maps documents to what changes in them; null removes."""

    name: str
    id: str
    patch: Mapping[str, Json]
    revision: int
    by: str
    why: str


def proposal_id(name: str, content: bytes) -> str:
    """What tells this proposal from every other."""
    return digest(name.encode() + b"\0" + content)[:16]


def read_proposal(name: str, content: bytes) -> Proposal:
    """The proposal under this key. Raises Unsound."""
    value = strict(content, LONGEST)
    if not isinstance(value, dict) or not value.keys() <= _FIELDS or not isinstance(value.get("patch"), dict):
        raise Unsound(
            'it is no proposal: write {"patch": {"gateway": {...}}, "revision": 1, "by": "...", "why": "..."}'
        )
    revision = value.get("revision")
    if isinstance(revision, bool) or not isinstance(revision, int) or revision < 0:
        raise Unsound("it does not name the revision that its author saw: /healthz of the plane shows it")
    by, why = value.get("by", ""), value.get("why", "")
    if not all(isinstance(text, str) and len(text) <= _MOST and text.isprintable() for text in (by, why)):
        raise Unsound(f"its by or why is no text of at most {_MOST} visible characters")
    return Proposal(name, proposal_id(name, content), value["patch"], revision, by, why)


def patched(value: Any, patch: Any) -> Any:
    """The value with a merge patch applied, as RFC 7396 says; the value itself stays as it is."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for key, below in patch.items():
        if below is None:
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key, ABSENT), below)
    return result


__all__ = ["LONGEST", "Proposal", "patched", "proposal_id", "read_proposal"]
