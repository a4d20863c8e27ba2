# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation's playbook that asks for a value, at a terminal: it arrives, and is nowhere else."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from driving import ROOT, drive
from taint import Canary

#: What a terminal and Ansible could change on the way.
TYPED = f"{{{{ 7 * 7 }}}} {{% if %}} 'and' \"more\" \\n $HOME é, then {secrets.token_urlsafe(48)} in the end"
CHECK = {
    "ansible.builtin.assert": {
        "that": "lookup('adsengineer.orchestrator.secret', 'acme/stripe_key', environment='production')"
        " == lookup('file', secret_file, rstrip=false)",
        "quiet": True,
    }
}


@dataclass(frozen=True)
class Branch:
    """One way to be asked: changes to the task, what is typed, and words that show where it ended."""

    words: str
    options: dict[str, Any] = field(default_factory=dict)
    typed: str | None = None
    terminal: bool = True
    ok: bool = False


EMPTY = "value is empty, so nothing was changed. A prompt gives nothing without a terminal"
BRANCHES = {
    "it works": Branch("failed=0", ok=True),
    "nothing is typed": Branch(EMPTY, typed=""),
    "no terminal": Branch(EMPTY, terminal=False),
    "a name that can't be": Branch("name is '", options={"name": "stripe key"}),
    "no password": Branch("--vault-id globex-production@FILE", options={"tenant": "globex"}),
    "a folder that can't be written": Branch("can't be written", options={"directory": "/proc/nope"}),
    "no ledger": Branch("ledger can't be written", options={"ledger": "/proc/nope/ledger"}),
    "unknown option": Branch("There is no option valeu", options={"valeu": "{{ typed }}"}),
    "the value in another place": Branch("tenant is", options={"tenant": "{{ typed }}"}),
    "the value as the state": Branch("value of state must be one of", options={"state": "{{ typed }}"}),
}


def documented() -> dict[str, Any]:
    """The play as the documentation has it."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "secrets.md").read_text(), re.DOTALL)
    [play] = [play for block in blocks if "vars_prompt" in block for play in yaml.safe_load(block)]
    assert isinstance(play, dict)
    return play


@pytest.mark.parametrize("name", BRANCHES)
def test_what_is_typed_is_put_and_shown_nowhere(name: str, clean_edge: Any, tmp_path: Path) -> None:
    branch, play = BRANCHES[name], documented()
    play["tasks"][0]["adsengineer.orchestrator.secret"] |= branch.options
    check = {"hosts": "localhost", "gather_facts": False, "tasks": [CHECK]}
    run = drive(
        clean_edge,
        tmp_path,
        [play, check],
        secret=Canary("secret", TYPED),
        asked={rf"{play['vars_prompt'][0]['prompt']} \[\]: $": branch.typed},
        terminal=branch.terminal,
    )
    assert run.ok is branch.ok, run.printed[-3000:]
    assert branch.words in " ".join(run.printed.split()), run.printed[-3000:]
    assert not run.leaks, run.leaks
    assert "Traceback" not in run.printed
