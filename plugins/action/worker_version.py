# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module worker_version: upload one wave's code, documents and hostnames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from ..module_utils._cloudflare.client import Client
from ..module_utils._rollout import moves as ways
from ..module_utils._rollout.bundle import Bundle, reload
from ..module_utils._rollout.execute import Job, given_away, upload
from ..module_utils._rollout.fleet import (
    FRONT,
    GATEWAY,
    Release,
)
from ..module_utils._rollout.plan import CREATE, UPDATE, Wave
from ..module_utils._secrets.declared import Pin, values
from ..plugin_utils._controller import texts
from ..plugin_utils._declared_secrets import STORE, reader
from ..plugin_utils._fleet import (
    MOVES,
    FleetAction,
    Refusal,
    fields_of,
)


class ActionModule(FleetAction):
    """Uploads a wave."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "wave": {"type": "dict", "required": True},
        "release": {"type": "dict", "required": True},
        "rollout": {"type": "str", "required": True},
        "moves": MOVES | {"default": []},
        "secrets": {"type": "dict", "default": {}, "no_log": True},
        **STORE,
    }

    def operate(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        wave, before = ways.wave_from(args["wave"]), ways.parse(args["moves"], args["rollout"])
        stored = values(_pins(wave), reader(self._loader, args))
        self.hide(*texts(stored))
        job = _job(args, wave, _joined(args["secrets"], stored))
        moves = _begun(wave, job, before)
        if check:
            return {"changed": bool(moves), "moves": _dicts(before, moves)}
        writes = [moves[item.unit.script] for item in wave.decisions if item.action in (CREATE, UPDATE)]
        self.refuse_strangers(client, [*writes, *(moves[item.unit.script] for item in wave.ahead)], before)
        _check_hostnames(given_away(client, wave))
        errors = upload(client, wave, job, moves)
        result = {"changed": bool(moves), "moves": _dicts(before, moves)}
        if not errors:
            return result
        script, error = errors[0]
        more = f" {len(errors) - 1} more Worker(s) failed." if len(errors) > 1 else ""
        raise Refusal(
            f"Upload of wave '{wave.name}' failed at {script}. {error}{more}",
            **result,
            error=fields_of(error),
            errors={name: fields_of(item) for name, item in errors},
        )


def _begun(wave: Wave, job: Job, before: Iterable[ways.Move]) -> dict[str, ways.Move]:
    """The moves of this wave; those that went ahead of an earlier one keep what was done."""
    fresh = ways.wave_moves(wave, job.rollout, job.release.label)
    return fresh | {move.script: move for move in before if move.script in fresh}


def _dicts(before: tuple[ways.Move, ...], new: dict[str, ways.Move]) -> list[dict[str, Any]]:
    return [move.as_dict() for move in ways.update(before, new)]


def _pins(wave: Wave) -> dict[str, dict[str, Pin]]:
    every = (item.unit for item in (*wave.decisions, *wave.ahead))
    return {unit.script: {name: Pin.parse(text) for name, text in unit.pins.items()} for unit in every}


def _joined(given: dict[str, Any], stored: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The secrets of the task and of the store, by Worker."""
    return {script: {**(given.get(script) or {}), **stored.get(script, {})} for script in given | stored}


def _job(args: dict[str, Any], wave: Wave, secrets: dict[str, dict[str, str]]) -> Job:
    """Read the bundles again: what is uploaded is what was planned, or nothing."""
    planned = args["release"]
    bundles = {kind: Bundle.from_dict(planned[kind]) for kind in (GATEWAY, FRONT) if planned[kind]}
    used = {item.unit.kind for item in (*wave.decisions, *wave.ahead)}
    release = Release(
        label=planned["label"],
        gateway=bundles[GATEWAY],
        front=bundles.get(FRONT),
        compatibility_date=planned["compatibility_date"],
        compatibility_flags=tuple(planned["compatibility_flags"]),
    )
    _check_secrets(wave, secrets)
    modules = {kind: reload(bundle) for kind, bundle in bundles.items() if kind in used}
    return Job(release, modules, secrets, args["rollout"])


def _check_hostnames(taken: dict[str, str]) -> None:
    """Attaching a hostname takes it away from whoever has it, without a word from the API."""
    if taken:
        told = "; ".join(f"{hostname} to the Worker '{owner}'" for hostname, owner in taken.items())
        raise Refusal(
            f"Somebody else has attached a hostname of this wave since the plan was made: {told}. This wave "
            "was not begun. Run again when it is clear who is to have it."
        )


def _check_secrets(wave: Wave, secrets: dict[str, Any]) -> None:
    for item in (*wave.decisions, *wave.ahead):
        given = set(secrets.get(item.unit.script) or {})
        if given != set(item.unit.secrets):
            names = ", ".join(sorted(given ^ set(item.unit.secrets)))
            raise Refusal(
                f"The secrets of {item.unit.script} are not those of the plan: {names}. Plan again."
            )
