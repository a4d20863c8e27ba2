# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Action of the module rollout_plan: read the account, decide, answer waves. Writes nothing."""

from __future__ import annotations

import secrets as tokens
import time
from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

from ..module_utils._cloudflare.client import Client
from ..module_utils._rollout import text
from ..module_utils._rollout.bundle import load
from ..module_utils._rollout.decide import decide, suspects
from ..module_utils._rollout.execute import (
    read_account,
    read_suspects,
)
from ..module_utils._rollout.fleet import (
    Release,
    Unit,
    secret_digests,
    units,
)
from ..module_utils._rollout.moves import wave_dict
from ..module_utils._rollout.plan import (
    DRIFTED,
    UNCHANGED,
    Account,
    Decision,
    Policy,
    Wave,
    as_recorded,
    cannot_undo,
    check_probes,
    counts,
    recorded_label,
    waves,
)
from ..module_utils._rollout.register import Register
from ..module_utils._secrets.declared import (
    BOUND,
    FOREIGN,
    KEPT,
    RELAYED,
    STORED,
    digests,
    names,
    pinned,
    values,
)
from ..module_utils._secrets.stored import names as stored_names
from ..plugin_utils._controller import texts
from ..plugin_utils._declared_secrets import STORE, reader
from ..plugin_utils._fleet import (
    PROBE,
    RULES,
    FleetAction,
    Refusal,
    check_status_dest,
    declared_wrong,
    kinds_of,
    rules_of,
)
from ..plugin_utils._planes import planes_of, whole_tenants


class ActionModule(FleetAction):
    """Plans a rollout."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "topology": {"type": "str", "default": "default"},
        "planes": {"type": "list", "elements": "dict"},
        "release": {"type": "str", "default": ""},
        "gateway_bundle": {"type": "path", "required": True},
        "gateway_modules": {"type": "dict", "default": {}},
        "front_bundle": {"type": "path"},
        "compatibility_date": {"type": "str", "required": True},
        "compatibility_flags": {"type": "list", "elements": "str", "default": []},
        "variables": {"type": "dict", "default": {}},
        "services": {"type": "dict", "default": {}},
        "secrets": {"type": "dict", "default": {}, "no_log": True},
        **STORE,
        "undeclared_secrets": {
            "type": "str",
            "choices": ["keep", "remove"],
            "default": "keep",
            "no_log": False,
        },
        "secrets_store": {"type": "str", "default": "", "no_log": False},
        "digest_key": {"type": "str", "no_log": True},
        "canary_steps": {"type": "list", "elements": "int", "default": [10, 50, 100]},
        "later_steps": {"type": "list", "elements": "int", "default": [100]},
        "later_direct": {"type": "bool", "default": False},
        "drift": {"type": "str", "choices": ["stop", "take_over"], "default": "stop"},
        "probes": {"type": "list", "elements": "dict", "options": PROBE},
        "status_dest": {"type": "path"},
        "gate": {"type": "dict", "options": RULES, "apply_defaults": True},
    }

    def operate(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        policy = Policy(tuple(args["canary_steps"]), tuple(args["later_steps"]), args["later_direct"])
        policy.check()
        _check_declared(args)
        check_status_dest(args["status_dest"])
        planes = planes_of(self._vars, args["planes"])
        release = self._declared(_release(args), planes, args)
        whole, partial = whole_tenants(self._vars, planes, args["planes"] is not None)
        fronts = whole if release.front else set()
        wanted = units(planes, release, fronts)
        account, home = read_account(client, args["topology"])
        if not args["release"]:
            release, wanted = _relabelled(release, wanted, planes, fronts, account.register)
        account = replace(account, readings=read_suspects(client, suspects(wanted, account)))
        _check_services(args["services"], wanted, account)
        decisions = decide(
            wanted,
            account,
            take_over=args["drift"] == "take_over",
            remove=args["undeclared_secrets"] == "remove",
        )
        plan = waves(decisions, policy, gated=args["probes"] is not None)
        if args["probes"] is not None:
            check_probes(plan, kinds_of(args["probes"]))
        notes = [*cannot_undo(decisions), *text.undeclared(decisions)]
        notes += _left_out(partial if release.front else set(), args, wanted)
        if any(item.action == DRIFTED for item in decisions):
            raise Refusal(text.drift_text(decisions), table=text.plan_table(decisions, plan))
        self._show(decisions, plan, notes, release.label)
        return _result(decisions, plan, notes, release, home)

    def _declared(self, release: Release, planes: list[dict[str, Any]], args: dict[str, Any]) -> Release:
        """The release with the secrets that the planes declare, of which the store has the values."""
        read = reader(self._loader, args)
        pins, kept = pinned(planes, BOUND, read), names(planes, KEPT)
        self.hide(*texts(values(pins, read)))
        every = [item for kind in (BOUND, KEPT, STORED, FOREIGN) for item in names(planes, kind).items()]
        for script, bindings in every:
            twice = sorted(set(bindings) & set(release.secrets.get(script, {})))
            if twice:
                raise Refusal(
                    f"{', '.join(twice)} of {script} is declared in the topology, and given in the option "
                    "secrets (edge_secrets of the role): keep one of them."
                )
        marks, stored = digests(pins, read), stored_names(pinned(planes, STORED, read))
        if stored and not args["secrets_store"] and not self.check:
            raise Refusal(
                "Secrets of the kind secrets_store are declared, and secrets_store is not given: bring them "
                "there with the module stored_secrets, which answers it."
            )
        return replace(
            release,
            secrets={
                script: {**release.secrets.get(script, {}), **marks.get(script, {})}
                for script in release.secrets.keys() | marks.keys()
            },
            pins={script: {name: str(pin) for name, pin in items.items()} for script, items in pins.items()},
            kept=kept,
            relayed=names(planes, RELAYED),
            stored=stored,
            secrets_store=args["secrets_store"],
        )

    def _show(
        self, decisions: tuple[Decision, ...], plan: tuple[Wave, ...], notes: list[str], label: str
    ) -> None:
        self.say(f"release {label}: {text.tally(decisions)}")
        lines = text.plan_table(decisions, plan)
        for line in lines[:41]:
            self.say_line(line)
        if len(lines) > 41:
            self.say(f"and {len(lines) - 41} more")
        for note in notes:
            self.say(f"note: {note}")


def _release(args: dict[str, Any]) -> Release:
    gateway = load(args["gateway_bundle"], args["gateway_modules"]).bundle
    front = load(args["front_bundle"]).bundle if args["front_bundle"] else None
    return Release(
        label=args["release"] or f"r-{gateway.digest()[:12]}",
        gateway=gateway,
        front=front,
        compatibility_date=args["compatibility_date"],
        compatibility_flags=tuple(args["compatibility_flags"]),
        variables=args["variables"],
        services=args["services"],
        secrets=secret_digests(_checked(args["secrets"]), args["digest_key"] or args["api_token"]),
    )


def _relabelled(
    release: Release,
    wanted: tuple[Unit, ...],
    planes: list[dict[str, Any]],
    fronts: set[str],
    register: Register,
) -> tuple[Release, tuple[Unit, ...]]:
    """Nobody gave a label: keep the recorded one where nothing else differs, else the derived one."""
    label = recorded_label(wanted, register)
    if label is None:
        return release, wanted
    kept = replace(release, label=label)
    again = units(planes, kept, fronts)
    return (kept, again) if as_recorded(again, register) else (release, wanted)


def _check_declared(args: dict[str, Any]) -> None:
    """Refuse what would only fail after the first upload, all of it at once."""
    found = [declared_wrong(rules_of(args["gate"]), args["probes"] or ())]
    day = args["compatibility_date"]
    if not _is_date(day):
        found.append(f"compatibility_date is '{day}': use a day such as 2026-10-01.")
    wrong = " ".join(text_ for text_ in found if text_)
    if wrong:
        raise Refusal(f"Nothing was written. {wrong}")


def _is_date(day: str) -> bool:
    try:
        return date.fromisoformat(day).isoformat() == day
    except ValueError:
        return False


def _check_services(services: dict[str, Any], wanted: tuple[Unit, ...], account: Account) -> None:
    known = account.scripts.keys() | {unit.script for unit in wanted}
    lost = {name: script for name, script in services.items() if script not in known}
    if lost:
        told = ", ".join(f"{name} to {script}" for name, script in lost.items())
        raise Refusal(
            f"Nothing was written. services binds {told}, and the account has no Worker of that name: deploy "
            "it first, or correct the name."
        )


def _checked(secrets: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Names and values of the secrets; a message names the place and never the value."""
    for script, given in secrets.items():
        if not isinstance(given, dict):
            raise Refusal(f"secrets of '{script}' is no mapping of names to values.")
        for name, value in given.items():
            if not isinstance(value, str) or not value:
                raise Refusal(f"The secret '{name}' of '{script}' is empty or no text.")
    return secrets


def _left_out(partial: set[str], args: dict[str, Any], wanted: tuple[Unit, ...]) -> list[str]:
    names = sorted(args["secrets"].keys() - {unit.script for unit in wanted})
    notes = [
        f"the front of {tenant} stays as it is: not all of its planes are in this run"
        for tenant in sorted(partial)
    ]
    return notes + (
        [f"secrets are given for Workers that are not in this run: {', '.join(names)}"] if names else []
    )


def _result(
    decisions: tuple[Decision, ...],
    plan: tuple[Wave, ...],
    notes: list[str],
    release: Release,
    home: str | None,
) -> dict[str, Any]:
    # Only what needs work is in the result: every task that takes it pays for its size.
    return {
        "changed": bool(plan),
        "rollout": f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{tokens.token_hex(2)}",
        "release": {
            "label": release.label,
            "gateway": release.gateway.as_dict(),
            "front": release.front.as_dict() if release.front else [],
            "compatibility_date": release.compatibility_date,
            "compatibility_flags": list(release.compatibility_flags),
        },
        "waves": [wave_dict(wave) for wave in plan],
        "counts": counts(decisions),
        "unchanged": counts(decisions).get(UNCHANGED, 0),
        "summary": "\n".join(
            [f"release {release.label}: {text.tally(decisions)}", *text.plan_table(decisions, plan)]
        ),
        "notes": notes,
        "register_namespace": home,
        "relayed": bool(release.relayed),
        "diff": text.before_after(decisions, release.label),
    }
