# SPDX-License-Identifier: GPL-3.0-or-later
"""The two files of a plane: each replaced whole, the history before the state, and read only when needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config import files
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.canonical import digest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.files import Store, StoreError
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.revision import Head, contents
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._config.state import State


def moved(state: State, revision: int) -> State:
    documents = {"gateway": {"max_batch": revision}}
    names = {name: digest(raw) for name, raw in contents(documents).items()}
    head = Head(revision, names, by="ann", at="2026-11-27T00:00:00Z", why=f"turn {revision}")
    return state.moved(head, documents)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "configuration")
    found.write(moved(moved(State("acme-eu"), 1), 2))
    return found


def test_a_plane_is_read_as_it_was_written(store: Store) -> None:
    state = store.read("acme-eu")
    assert [entry.why for entry in state.history] == ["turn 1", "turn 2"]
    assert state.is_whole
    assert store.planes() == ["acme-eu"]
    store.write(moved(state, 3))
    assert [entry.revision for entry in store.read("acme-eu").history] == [1, 2, 3]


def test_a_state_without_a_new_revision_leaves_the_history_alone(store: Store) -> None:
    before = store.history("acme-eu").stat().st_ino
    store.write(store.read("acme-eu").forgetting([()]))
    assert store.history("acme-eu").stat().st_ino == before


def test_a_kill_between_the_two_files_leaves_the_former_state_with_its_history(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed_at_the_second(path: Path, content: bytes, mode: int) -> None:
        if path.suffix == ".json":
            raise KeyboardInterrupt
        path.write_bytes(content)

    third = moved(store.read("acme-eu"), 3)
    with monkeypatch.context() as patch:
        patch.setattr(files, "write_atomically", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            store.write(third)
    assert len(store.history("acme-eu").read_text().splitlines()) == 3
    state = store.read("acme-eu")
    assert [entry.revision for entry in state.history] == [1, 2]
    store.write(moved(state, 4))
    assert [entry.revision for entry in store.read("acme-eu").history] == [1, 2, 4]


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda path: path.unlink(), "can't be read: No such file or directory. Bring it back from git."),
        (lambda path: path.write_text("{}\n"), "can't be used: it is no history of a plane"),
        (
            lambda path: path.write_text(path.read_text().splitlines()[0] + "\n"),
            "it does not hold the revision of the state beside it: bring both back from git",
        ),
    ],
)
def test_a_history_that_does_not_fit_is_said_when_it_is_needed(
    store: Store, spoil: Callable[[Path], object], text: str
) -> None:
    spoil(store.history("acme-eu"))
    state = store.read("acme-eu")
    assert state.is_whole
    with pytest.raises(StoreError) as caught:
        moved(state, 3)
    assert text in str(caught.value)
    assert "acme-eu.history.jsonl" in str(caught.value)
