# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which planes a play is about. Imports little, as a lookup asks it in every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._controller import Refusal, plain


def planes_of(
    task_vars: Mapping[str, Any], given: Sequence[Mapping[str, Any]] | None
) -> list[dict[str, Any]]:
    """The planes of the run: those given, else those of the play, in order. Raises Refusal without any."""
    if given is not None:
        return [dict(plane) for plane in given]
    planes = [plain(plane) for plane in planes_of_play(task_vars)]
    if not planes:
        raise Refusal(
            "No host of this play has the variable 'plane': use an inventory of the plugin "
            "adsengineer.orchestrator.topology, or give the option planes."
        )
    return planes


def planes_of_play(task_vars: Mapping[str, Any]) -> list[Any]:
    """The variable C(plane) of the play's hosts, of those that have it, as the inventory gives it."""
    found = [_plane_of(task_vars["hostvars"], host) for host in task_vars.get("ansible_play_hosts") or ()]
    return [plane for plane in found if plane]


def _plane_of(hostvars: Any, name: str) -> Any:
    """The variable C(plane) of a host, unrendered: a topology's values are data.

    Taken from the inventory where that has it, as collecting all variables of 1,000 hosts costs 0.2 s.
    """
    inventory = getattr(hostvars, "_inventory", None)
    host = inventory.get_host(name) if inventory else None
    return (host and host.vars.get("plane")) or hostvars.raw_get(name).get("plane")


def whole_tenants(
    task_vars: Mapping[str, Any], planes: Sequence[Mapping[str, Any]], given: bool
) -> tuple[set[str], set[str]]:
    """The tenants with a front all of whose planes are in the run, and those with some left out."""
    return parted(task_vars, {plane["tenant"] for plane in planes if plane.get("front")}, given)


def parted(task_vars: Mapping[str, Any], tenants: set[str], given: bool) -> tuple[set[str], set[str]]:
    """Of these tenants those all of whose planes are in the run, and those with some left out."""
    if given:
        return tenants, set()
    here, groups = set(task_vars["ansible_play_hosts"]), task_vars["groups"]
    edge = set(groups.get("edge", ()))
    partial = {
        tenant
        for tenant in tenants
        if not (edge & set(groups.get(f"tenant_{tenant.replace('-', '_')}", ()))) <= here
    }
    return tenants - partial, partial


__all__ = ["parted", "planes_of", "planes_of_play", "whole_tenants"]
