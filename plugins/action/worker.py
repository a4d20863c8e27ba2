# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action behind the module worker; its documentation is in plugins/modules/worker.py."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from ansible.errors import AnsibleError

from ..module_utils._cloudflare.client import Client
from ..module_utils._cloudflare.errors import NotFound
from ..module_utils._cloudflare.upload import Upload
from ..module_utils._worker import converge
from ..module_utils._worker.declared import (
    Declared,
    Friendly,
    Undeclarable,
    bindings,
    fingerprint,
    inline,
    modules_of,
    tag_of,
)
from ..plugin_utils._action import CloudflareAction
from ..plugin_utils._controller import Refusal

_KEPT = ("secret_text", "secret_key")


class ActionModule(CloudflareAction):
    """Declares one Worker."""

    spec: ClassVar[dict[str, dict[str, Any]]] = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "src": {"type": "path"},
        "content": {"type": "str"},
        "main_module": {"type": "str"},
        "compatibility_date": {"type": "str"},
        "compatibility_flags": {"type": "list", "elements": "str", "default": []},
        "placement": {"type": "dict"},
        "vars": {"type": "dict", "default": {}},
        "secrets": {"type": "dict", "default": {}, "no_log": True},
        "keep_secrets": {"type": "bool", "default": False, "no_log": False},
        "kv_namespaces": {"type": "dict", "default": {}},
        "services": {"type": "dict", "default": {}},
        "version_metadata": {"type": "str"},
        "bindings": {"type": "list", "elements": "dict", "default": []},
        "hostnames": {"type": "list", "elements": "str"},
        "zone": {"type": "str"},
        "workers_dev": {"type": "bool"},
        "tags": {"type": "list", "elements": "str"},
        "message": {"type": "str", "default": ""},
        "force": {"type": "bool", "default": False},
    }
    constraints: ClassVar[dict[str, Any]] = {
        "mutually_exclusive": [["src", "content"]],
        "required_if": [
            ["state", "present", ["src", "content"], True],
            ["state", "present", ["compatibility_date"]],
        ],
    }

    def run_with(self, client: Client, args: dict[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        """Converge or remove the Worker."""
        if args["state"] == "absent":
            return self._absent(client, args, check)
        try:
            return self._present(client, args, check)
        except (Undeclarable, converge.Taken) as error:
            text = str(error)
        raise Refusal(f"Worker '{args['name']}': {text}.")

    def _present(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        declared, warnings = self._declared(client, args, check)
        actual = converge.read(client, declared)
        uploaded: list[Any] = []
        steps = converge.plan(client, declared, actual, uploaded)
        if not check:
            self._make(steps)
        before, after = converge.shown_actual(actual, declared.name), converge.shown(declared)
        return {
            "changed": bool(steps),
            "actions": [step.text for step in steps],
            "diff": {"before": before, "after": after if steps else before},
            "worker": _worker(declared, actual, uploaded),
            **({"warnings": warnings} if warnings else {}),
        }

    def _make(self, steps: list[converge.Step]) -> None:
        self.so_far["actions"] = []
        for step in steps:
            step.run()
            self.so_far["changed"] = True
            self.so_far["actions"].append(step.text)

    def _declared(self, client: Client, args: dict[str, Any], check: bool) -> tuple[Declared, list[str]]:
        main, modules = self._modules(args)
        ids, warnings = _namespace_ids(client, args["kv_namespaces"], check)
        friendly = Friendly(
            vars=args["vars"],
            kv_namespaces=args["kv_namespaces"],
            services=args["services"],
            version_metadata=args["version_metadata"],
            raw=tuple(args["bindings"]),
            secrets={str(name): _text(name, value) for name, value in args["secrets"].items()},
        )
        upload = Upload(
            main_module=main,
            modules=modules,
            bindings=bindings(friendly, ids),
            compatibility_date=args["compatibility_date"],
            compatibility_flags=tuple(args["compatibility_flags"]),
            placement=args["placement"],
            message=args["message"],
            keep_bindings=_KEPT if args["keep_secrets"] else (),
            secrets=friendly.secrets,
        )
        digest = fingerprint(upload, f"{args['account_id']}/{args['name']}")
        declared = Declared(
            name=args["name"],
            upload=replace(upload, tag=tag_of(digest)),
            fingerprint=digest,
            hostnames=_optional(args["hostnames"]),
            zone=args["zone"],
            tags=_optional(args["tags"]),
            workers_dev=args["workers_dev"],
        )
        return declared, warnings

    def _modules(self, args: dict[str, Any]) -> Any:
        if args["content"] is not None:
            return inline(args["content"], args["main_module"])
        try:
            found = self._find_needle("files", args["src"])
        except AnsibleError:
            found = None
        if found is None:
            raise Undeclarable(f"src '{args['src']}' is no file or folder on the controller")
        return modules_of(Path(found), args["main_module"])

    def _absent(self, client: Client, args: dict[str, Any], check: bool) -> dict[str, Any]:
        name = args["name"]
        if not any(script.name == name for script in client.workers.list()):
            return {"changed": False, "actions": [], "diff": {"before": {}, "after": {}}}
        domains = client.workers.domains(name)
        if not check:
            for domain in domains:
                client.workers.delete_domain(domain.id)
                self.so_far["changed"] = True
            _delete(client, name, args["force"])
        hosts = sorted(domain.hostname for domain in domains)
        return {
            "changed": True,
            "actions": [*(f"detach {host}" for host in hosts), f"delete Worker {name}"],
            "diff": {"before": {"name": name, "hostnames": hosts}, "after": {}},
        }


def _delete(client: Client, name: str, force: bool) -> None:
    try:
        client.workers.delete(name, force)
    except NotFound:
        return  # somebody else was faster


def _namespace_ids(client: Client, wanted: dict[str, str], check: bool) -> tuple[dict[str, str], list[str]]:
    """The ids of the titles in use, and warnings about those that an earlier task would have made."""
    if not wanted:
        return {}, []
    ids = {space.title: space.id for space in client.kv.namespaces()}
    missing = sorted(set(map(str, wanted.values())) - ids.keys())
    if missing and not check:
        raise Undeclarable(
            f"there is no KV namespace {', '.join(missing)}: "
            "make it first with adsengineer.orchestrator.kv_namespace"
        )
    warnings = [
        f"The KV namespace {title} does not exist yet; an earlier task must make it." for title in missing
    ]
    return ids | dict.fromkeys(missing, "(not made yet)"), warnings


def _text(name: object, value: Any) -> str:
    if isinstance(value, str):
        return value
    raise Undeclarable(f"the secret '{name}' is no text: quote it, or turn it into text with to_json")


def _optional(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(dict.fromkeys(values))


def _worker(declared: Declared, actual: converge.Actual, uploaded: list[Any]) -> dict[str, Any]:
    version = actual.version
    return {
        "name": declared.name,
        "fingerprint": declared.fingerprint,
        "version_id": uploaded[0].version_id if uploaded else version.id if version else None,
        "etag": uploaded[0].etag if uploaded else version.etag if version else None,
        "startup_time_ms": uploaded[0].startup_time_ms if uploaded else None,
        "hostnames": list(declared.hostnames or ()),
    }
