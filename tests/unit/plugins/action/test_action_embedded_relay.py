# SPDX-License-Identifier: GPL-3.0-or-later
"""What a relay that does not start has said is told, and none of its secrets."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from action_harness import Templar
from ansible.parsing.vault import VaultSecret
from ansible_collections.adsengineer.orchestrator.plugins.action.embedded_relay import ActionModule
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger import Ledger
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets import change, model
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.store import Store
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded import relays
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._embedded.problem import Problem
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._vault import Passwords

ACME, VALUE = model.Place("acme", "production"), "t0ken-of-the-embedded-edge"
KNOWN = [(ACME.vault_id, VaultSecret(b"hunter2"))]
CONNECTOR = {"host": "localhost", "credential": {"header": "Authorization", "secret": "edge_token"}}
PLANE = {
    "name": "acme-eu",
    "tenant": "acme",
    "environment": "production",
    "region": "eu",
    "relay": {
        "control_plane": None,
        "listen": "127.0.0.1:8789",
        "authority": "127.0.0.1:8789",
        "connectors": {"edge": CONNECTOR},
    },
}


@pytest.fixture
def task(tmp_path):
    places = {"directory": str(tmp_path / "secrets"), "ledger": str(tmp_path / "ledger.jsonl")}
    store = Store(tmp_path / "secrets", Ledger(tmp_path / "ledger.jsonl", "ada@desk"), Passwords(KNOWN))
    version = model.Version(VALUE, "2026-11-24T12:00:00Z", "ada", "asked")
    store.change(ACME, lambda vault: change.put(vault, "edge_token", version, 5, None), "asked")
    (tmp_path / "run").mkdir()
    args = {"dir": str(tmp_path / "run"), "planes": [PLANE], **places}
    return SimpleNamespace(
        args=args,
        check_mode=False,
        diff=False,
        environment=None,
        async_val=0,
        action="test",
        delegate_to=None,
    )


def test_a_secret_in_the_log_of_a_relay_is_not_shown(task, tmp_path, monkeypatch):
    secrets = tmp_path / "run" / "relay" / "acme" / "secrets.json"

    def start(layout, relay, by):
        raise Problem(f"it said: {secrets.read_text()}", "Read its log")

    monkeypatch.setattr(relays, "start", start)
    made = ActionModule(
        task=task,
        connection=SimpleNamespace(
            _shell=SimpleNamespace(tmpdir="/nonexistent", env_prefix=lambda **_variables: "")
        ),
        play_context=None,
        loader=SimpleNamespace(_vault=SimpleNamespace(secrets=KNOWN)),
        templar=Templar(),
        shared_loader_obj=None,
    )
    result = made.run(task_vars={})
    assert result["failed"], result
    assert VALUE in secrets.read_text()
    assert "it said: {" in result["msg"]
    kept = json.loads(secrets.read_text())
    assert [value for value in (VALUE, *kept["reference_keys"]) if value in result["msg"]] == []
