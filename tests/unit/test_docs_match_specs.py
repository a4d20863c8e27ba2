# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module's documentation says about its options is what its action accepts."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = "ansible_collections.adsengineer.orchestrator.plugins"
ACTIONS = sorted(path.stem for path in (ROOT / "plugins" / "action").glob("[a-z]*.py"))
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("[a-z]*.py"))
SECRET = re.compile(r"token|secret|password|passphrase|private_key|credential", re.IGNORECASE)


def action_of(name: str) -> type[Any]:
    action: type[Any] = importlib.import_module(f"{PLUGINS}.action.{name}").ActionModule
    return action


def documented(name: str) -> dict[str, Any]:
    """The documentation of a module as data, with what it takes from shared fragments."""
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    data: dict[str, Any] = yaml.safe_load(module.DOCUMENTATION)
    options, attributes = dict(data.get("options") or {}), dict(data.get("attributes") or {})
    for full_name in data.get("extends_documentation_fragment") or []:
        name, _dot, part = full_name.removeprefix("adsengineer.orchestrator.").partition(".")
        fragment = importlib.import_module(f"{PLUGINS}.doc_fragments.{name}").ModuleDocFragment
        shared = yaml.safe_load(getattr(fragment, (part or "documentation").upper()))
        options |= shared["options"]
        for attribute, told in shared.get("attributes", {}).items():
            attributes[attribute] = told | attributes.get(attribute, {})
    return data | {"options": options, "attributes": attributes}


def full_spec(name: str) -> dict[str, Any]:
    action = action_of(name)
    return {**getattr(action, "shared", {}), **action.spec}


def compared(option: dict[str, Any], children: str) -> dict[str, Any]:
    """The part of an option that documentation and spec both tell."""
    facts = {
        "type": option.get("type", "str"),
        "required": option.get("required", False),
        "default": option.get("default"),
        "choices": list(option.get("choices") or []),
        "elements": option.get("elements"),
        "aliases": list(option.get("aliases") or []),
    }
    inner = option.get(children) or {}
    return facts | {"inner": {name: compared(item, children) for name, item in inner.items()}}


def secret_options(spec: dict[str, Any], above: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = []
    for name, option in spec.items():
        found += [(above + name, option)] if SECRET.search(name) else []
        found += secret_options(option.get("options") or {}, f"{above}{name}.")
    return found


WITH_SPEC = [name for name in ACTIONS if hasattr(action_of(name), "spec")]


def test_the_modules_of_this_release_are_covered():
    assert {"kv_namespace", "worker", "worker_info"} <= set(WITH_SPEC)


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_is_documented_by_a_module(name):
    assert name in MODULES


@pytest.mark.parametrize("name", WITH_SPEC)
def test_options(name):
    told = {key: compared(item, "suboptions") for key, item in documented(name)["options"].items()}
    accepted = {key: compared(item, "options") for key, item in full_spec(name).items()}
    assert told == accepted


@pytest.mark.parametrize("name", WITH_SPEC)
def test_secret_options_say_whether_they_are_secret(name):
    unsaid = [key for key, option in secret_options(full_spec(name)) if "no_log" not in option]
    assert unsaid == []


@pytest.mark.parametrize("name", WITH_SPEC)
def test_a_secret_option_has_no_choices_because_a_refusal_would_print_it(name):
    chosen = [
        key
        for key, option in secret_options(full_spec(name))
        if option.get("no_log") and option.get("choices")
    ]
    assert chosen == []


@pytest.mark.parametrize("name", MODULES)
def test_descriptions_are_sentences_and_attributes_are_told(name):
    data = documented(name)
    for text in data["description"]:
        assert text[0].isupper(), text
        assert text.endswith("."), text
    assert {"check_mode", "diff_mode", "idempotent"} <= data.get("attributes", {}).keys()
    for attribute in data["attributes"].values():
        assert attribute.get("support") == "full" or attribute.get("details"), (
            "a reason for anything below full"
        )


def test_the_action_group_names_the_actions_that_call_the_api():
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    base = importlib.import_module(f"{PLUGINS}.plugin_utils._action").CloudflareAction
    calling = {name for name in WITH_SPEC if issubclass(action_of(name), base)}
    assert calling <= set(runtime["action_groups"]["cloudflare"])
