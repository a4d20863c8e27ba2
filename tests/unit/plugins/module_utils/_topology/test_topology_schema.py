# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of a config document here, and the one in the gateway, agree."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology import DOCUMENT, TOPOLOGY
from jsonschema import Draft202012Validator

GATEWAY = Path(__file__).resolve().parents[5] / "roles/edge/files/workers/src/gateway/settings.ts"
SETTINGS: dict[str, Any] = DOCUMENT["properties"]


def gateway_setting(name: str) -> tuple[str, Any]:
    """What the gateway's source says of a setting: its check and its default."""
    found = re.search(
        rf"^  {name}: v\.optional\((.*?), (\[.*\]|[^ ,]+)\),$", GATEWAY.read_text(), re.MULTILINE
    )
    assert found, name
    return found[1], json.loads(found[2])


@pytest.mark.parametrize("schema", [DOCUMENT, TOPOLOGY], ids=["document", "topology"])
def test_the_schemas_are_schemas(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


def test_the_settings_are_those_of_the_gateway() -> None:
    assert re.findall(r"^  (\w+): v\.optional", GATEWAY.read_text(), re.MULTILINE) == list(SETTINGS)


@pytest.mark.parametrize("name", [name for name, schema in SETTINGS.items() if "default" in schema])
def test_the_defaults_are_those_of_the_gateway(name: str) -> None:
    assert gateway_setting(name)[1] == SETTINGS[name]["default"]


@pytest.mark.parametrize("name", [name for name, schema in SETTINGS.items() if "minimum" in schema])
def test_the_limits_are_those_of_the_gateway(name: str) -> None:
    assert f"({SETTINGS[name]['minimum']}, {SETTINGS[name]['maximum']})" in gateway_setting(name)[0]
