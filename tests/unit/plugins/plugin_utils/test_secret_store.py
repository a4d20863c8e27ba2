# SPDX-License-Identifier: GPL-3.0-or-later
"""The store of secrets against tampering, crashes and the stock ansible-vault."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.adsengineer.orchestrator.plugins.module_utils import _files
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger import Ledger, LedgerError
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets import change, model
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.store import Store
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._vault import Passwords

ACME, GLOBEX, STAGING = (
    model.Place("acme", "production"),
    model.Place("globex", "production"),
    model.Place("acme", "staging"),
)
NONE = "There are no secrets"
VALUE = "canary-value-71f3"
AT = "2026-11-24T12:00:00Z"
VAULT = Path(sys.executable).with_name("ansible-vault")


def passwords(word="hunter2"):
    return Passwords(
        [(place.vault_id, VaultSecret(f"{word}-{place}".encode())) for place in (ACME, GLOBEX, STAGING)]
    )


def opened(folder, codec=None):
    return Store(folder / "secrets", Ledger(folder / "ledger.jsonl", "ada@desk"), codec or passwords())


def putting(value=VALUE, name="token", keep=5, rotate_after=None):
    return lambda vault: change.put(vault, name, model.Version(value, AT, "ada", "asked"), keep, rotate_after)


@pytest.fixture
def store(tmp_path):
    made = opened(tmp_path)
    made.change(ACME, putting(), "asked")
    return made


def test_what_was_put_is_read_and_never_lies_open(store, tmp_path):
    assert store.read(ACME).secrets["token"].value == VALUE
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or VALUE.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0 or path.parent == tmp_path
    assert VALUE not in repr(store.read(ACME))


def test_a_folder_has_the_passwords_that_nobody_gave(tmp_path):
    folder = tmp_path / "passwords"
    folder.mkdir()
    store = opened(tmp_path, Passwords([], folder))
    with pytest.raises(model.SecretError, match="no password of the vault id acme-production: give it by"):
        store.change(ACME, putting(), "asked")
    (folder / "globex-production").write_text("of another tenant")
    (folder / "acme-production").write_text("\n")
    with pytest.raises(model.SecretError, match="acme-production is empty: write one into it"):
        store.change(ACME, putting(), "asked")
    (folder / "acme-production").write_text("of the folder\n")
    store.change(ACME, putting(), "asked")
    assert store.read(ACME).secrets["token"].value == VALUE
    done = subprocess.run(
        [VAULT, "view", "--vault-id", f"acme-production@{folder / 'acme-production'}", store.path(ACME)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert VALUE in done.stdout


def test_a_password_that_was_given_goes_before_the_one_of_a_folder(store, tmp_path):
    (tmp_path / "acme-production").write_text("another")
    both = Passwords(passwords().known, tmp_path)
    assert opened(tmp_path, both).read(ACME).secrets["token"].value == VALUE
    with pytest.raises(model.SecretError, match="the password of the vault id acme-production doesn't open"):
        opened(tmp_path, Passwords([], tmp_path)).read(ACME)


def test_an_equal_value_writes_nothing(store):
    before = store.path(ACME).read_bytes()
    _old, done = store.change(ACME, putting(), "again")
    assert done.what == ""
    assert store.path(ACME).read_bytes() == before


def test_check_mode_writes_nothing(store):
    before = store.path(ACME).read_bytes(), store.ledger.entries()
    _old, done = store.change(ACME, putting("other"), "asked", check=True)
    assert done.what == "put"
    assert (store.path(ACME).read_bytes(), store.ledger.entries()) == before


def test_versions_are_kept_by_policy_and_any_can_be_current_again(store):
    for number in range(2, 8):
        store.change(ACME, putting(f"value-{number}", keep=3), "rotated")
    assert sorted(store.read(ACME).secrets["token"].versions) == [5, 6, 7]
    store.change(ACME, lambda vault: change.make_current(vault, "token", 5), "back")
    assert store.read(ACME).secrets["token"].value == "value-5"
    store.change(ACME, putting("value-8", keep=1), "on")
    assert sorted(store.read(ACME).secrets["token"].versions) == [8]
    with pytest.raises(
        model.SecretError, match="Version 5 of token of acme in production is not kept: 8 are"
    ):
        store.change(ACME, lambda vault: change.make_current(vault, "token", 5), "back")


def test_a_number_is_never_given_twice(store):
    store.change(ACME, putting("second"), "asked")
    store.change(ACME, lambda vault: change.make_current(vault, "token", 1), "back")
    store.change(ACME, putting("third"), "asked")
    assert store.read(ACME).secrets["token"].current == 3


@pytest.mark.parametrize("target", [GLOBEX, STAGING])
def test_a_file_moved_to_another_tenant_is_refused(store, target):
    store.path(target).parent.mkdir(exist_ok=True)
    shutil.copy(store.path(ACME), store.path(target))
    with pytest.raises(
        model.SecretError, match="moved here from another tenant or environment, or relabelled"
    ):
        store.read(target)


def test_a_relabelled_file_is_refused_even_when_the_password_is_shared(tmp_path):
    shared = Passwords([(place.vault_id, VaultSecret(b"one for all")) for place in (ACME, GLOBEX)])
    store = opened(tmp_path, shared)
    store.change(ACME, putting(), "asked")
    moved = store.path(ACME).read_bytes().replace(b"acme-production", b"globex-production")
    store.path(GLOBEX).write_bytes(moved)
    with pytest.raises(model.SecretError, match="it holds the secrets of acme in production, not of globex"):
        store.read(GLOBEX)


def test_a_file_that_was_rolled_back_is_refused(store):
    old = store.path(ACME).read_bytes()
    store.change(ACME, putting("second"), "asked")
    store.path(ACME).write_bytes(old)
    with pytest.raises(
        model.SecretError, match=r"generation 1, but generation 2 was written: .* rolled back"
    ):
        store.read(ACME)
    with pytest.raises(model.SecretError, match="rolled back"):
        store.change(ACME, putting("third"), "asked")


def test_a_rolled_back_ledger_is_noticed_too(store, tmp_path):
    old = {path: path.read_bytes() for path in tmp_path.glob("ledger.jsonl*")}
    store.change(ACME, putting("second"), "asked")
    for path, content in old.items():
        path.write_bytes(content)
    with pytest.raises(model.SecretError, match="refused"):
        store.read(ACME)
    # Another tenant's write makes the generations fit again; what the vault saw of the ledger does not.
    store.change(GLOBEX, putting(), "asked")
    with pytest.raises(model.SecretError, match="refused"):
        store.read(ACME)


def test_a_lost_file_is_missed(store):
    store.path(ACME).unlink()
    with pytest.raises(model.SecretError, match=r"is missing, but generation 1 was written: bring it back"):
        store.change(ACME, putting("second"), "asked")


@pytest.mark.parametrize("where", [0, 0.2, 0.5, 0.9, 0.999])
def test_a_damaged_file_is_refused(store, where):
    content = bytearray(store.path(ACME).read_bytes())
    content[int(len(content) * where)] ^= 1
    store.path(ACME).write_bytes(content)
    with pytest.raises(model.SecretError, match="is refused"):
        store.read(ACME)


@pytest.mark.parametrize("left", [0, 10, 100, -2, -64])
def test_a_cut_file_is_refused(store, left):
    store.path(ACME).write_bytes(store.path(ACME).read_bytes()[:left])
    with pytest.raises(model.SecretError, match="is refused"):
        store.read(ACME)


def test_without_a_password_the_option_is_named(tmp_path, store):
    poor = opened(tmp_path, Passwords([(GLOBEX.vault_id, VaultSecret(b"x"))]))
    with pytest.raises(model.SecretError, match="--vault-id acme-production@FILE"):
        poor.read(ACME)
    with pytest.raises(model.SecretError, match="--vault-id acme-production@FILE"):
        poor.change(ACME, putting("second"), "asked")


def test_nothing_is_written_when_the_ledger_cannot_be(store):
    before = store.path(ACME).read_bytes()
    store.ledger.path.write_bytes(store.ledger.path.read_bytes().replace(b"asked", b"askee"))
    with pytest.raises(LedgerError, match="was edited"):
        store.change(ACME, putting("second"), "asked")
    assert store.path(ACME).read_bytes() == before


def value(store, place=ACME):
    """What the secret is, or why it can't be said."""
    try:
        return store.read(place).secrets["token"].value
    except model.SecretError as error:
        return next((text for text in (NONE, "doesn't open it") if text in str(error)), str(error))


class Dies:
    """A process that ends at the n-th call that changes the disk, before or after it."""

    def __init__(self, left, after):
        self.left, self.after = left, after
        for name in ("write", "fsync", "replace", "ftruncate", "unlink"):
            setattr(os, name, self._wrapped(getattr(os, name)))

    def _wrapped(self, real):
        def call(*args, **more):
            self.left -= 1
            if self.left == 0 and not self.after:
                os._exit(9)
            try:
                return real(*args, **more)
            finally:
                if self.left == 0:
                    os._exit(9)

        return call


def in_child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("first", [True, False])
def test_a_crash_at_any_step_of_a_write_leaves_the_old_or_the_new(tmp_path, after, first):
    seen = set()
    for step in range(1, 100):
        folder = tmp_path / str(step)
        folder.mkdir()
        store = opened(folder)
        if not first:
            store.change(ACME, putting("old"), "asked")

        def write(store=store, step=step):
            Dies(step, after)
            store.change(ACME, putting("new"), "asked")

        status = in_child(write)
        again = opened(folder)
        found = value(again)
        seen.add(found)
        assert found in ({NONE, "new"} if first else {"old", "new"})
        # And life goes on.
        again.change(ACME, putting("later"), "asked")
        assert again.read(ACME).secrets["token"].value == "later"
        again.ledger.entries()
        if status == 0:
            assert found == "new"
            break
        assert status == 9
    assert step > 8
    assert seen == {NONE if first else "old", "new"}


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_crash_at_any_step_of_a_new_password_leaves_one_that_opens(tmp_path):
    for step in range(1, 100):
        folder = tmp_path / str(step)
        folder.mkdir()
        store = opened(folder)
        for place in (ACME, GLOBEX):
            store.change(place, putting(), "asked")

        def rekey(store=store, step=step):
            Dies(step, after=False)
            for place in (ACME, GLOBEX):
                store.reseal(place, passwords("correct horse"))

        status = in_child(rekey)
        for place in (ACME, GLOBEX):
            tried = [value(opened(folder, passwords(word)), place) for word in ("hunter2", "correct horse")]
            assert sorted(tried) == sorted(["doesn't open it", VALUE])
            store.reseal(place, passwords("correct horse"))
            assert opened(folder, passwords("correct horse")).read(place).secrets["token"].value == VALUE
        if status == 0:
            break
    assert step > 8


def test_a_write_that_fails_after_its_rename_is_believed(store, monkeypatch):
    def broken(folder):
        if folder.name == ACME.environment:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(_files, "sync_folder", broken)
    with pytest.raises(model.SecretError, match="can't be written: Input/output error"):
        store.change(ACME, putting("second"), "asked")
    monkeypatch.undo()
    assert store.read(ACME).secrets["token"].value == "second"
    store.change(ACME, putting("third"), "asked")
    assert store.read(ACME).secrets["token"].value == "third"


def test_a_fixed_salt_is_refused(store, monkeypatch):
    monkeypatch.setenv("ANSIBLE_VAULT_ENCRYPT_SALT", "salt")
    with pytest.raises(model.SecretError, match="ANSIBLE_VAULT_ENCRYPT_SALT is set"):
        store.change(ACME, putting("second"), "asked")
    assert store.read(ACME).secrets["token"].value == VALUE


def test_a_reason_that_is_no_unicode_is_refused_before_anything_is_written(store):
    version = model.Version("new", AT, "ada", "asked\udcff")
    before = store.ledger.path.read_bytes()
    with pytest.raises(model.SecretError, match="why is no valid text"):
        store.change(ACME, lambda vault: change.put(vault, "token", version, 5, None), "asked\udcff")
    assert store.ledger.path.read_bytes() == before
    assert store.read(ACME).secrets["token"].value == VALUE


def test_two_writers_lose_nothing(tmp_path):
    opened(tmp_path).change(ACME, putting("start", name="start"), "asked")
    pids = []
    for number in range(4):
        pid = os.fork()
        if pid == 0:
            try:
                for item in range(5):
                    opened(tmp_path).change(ACME, putting("v", name=f"n{number}-{item}"), "asked")
            except BaseException:
                os._exit(1)
            os._exit(0)
        pids.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids] == [0] * 4
    assert len(opened(tmp_path).read(ACME).secrets) == 21
    assert opened(tmp_path).read(ACME).generation == 21


def test_a_reader_believes_what_was_written_while_it_read_the_ledger(store, tmp_path, monkeypatch):
    real, words = store.ledger.entries, iter(["second", "third"])

    def slow():
        found = real()
        if word := next(words, None):
            opened(tmp_path).change(ACME, putting(word), "asked")
        return found

    monkeypatch.setattr(store.ledger, "entries", slow)
    assert store.read(ACME).secrets["token"].value == "third"


@pytest.fixture
def stock(store, tmp_path):
    """The stock ansible-vault on the file of acme."""
    for name, word in (("old", f"hunter2-{ACME}"), ("new", f"correct horse-{ACME}")):
        (tmp_path / name).write_text(word)
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\nsed -i "s/{VALUE}/edited-by-hand/; $EDIT" "$1"\n')
    editor.chmod(0o700)

    def run(*words, edit=""):
        environment = os.environ | {
            "ANSIBLE_HOME": str(tmp_path / "home"),
            "EDITOR": str(editor),
            "EDIT": edit,
        }
        argv = [
            VAULT,
            words[0],
            "--vault-id",
            f"{ACME.vault_id}@{tmp_path / 'old'}",
            *words[1:],
            store.path(ACME),
        ]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_stock_tool_views_it(stock):
    assert VALUE in stock("view")


def test_what_the_stock_tool_writes_is_taken_over_on_demand_only(stock, store):
    stock("edit")
    with pytest.raises(model.SecretError, match="edited by hand, or exchanged"):
        store.read(ACME)
    store.adopt(ACME, "edited by hand")
    assert store.read(ACME).secrets["token"].value == "edited-by-hand"
    store.change(ACME, putting("after"), "asked")
    assert store.read(ACME).secrets["token"].value == "after"


def test_the_stock_tool_gives_a_new_password(stock, store, tmp_path):
    stock("rekey", "--new-vault-id", f"{ACME.vault_id}@{tmp_path / 'new'}")
    assert opened(tmp_path, passwords("correct horse")).read(ACME).secrets["token"].value == VALUE
    with pytest.raises(model.SecretError, match="doesn't open it"):
        store.read(ACME)


def test_what_the_stock_tool_breaks_is_refused_without_its_content(stock, store):
    stock("edit", edit="s/{//")
    with pytest.raises(model.SecretError, match="holds no secrets of this collection") as caught:
        store.read(ACME)
    assert caught.value.__cause__ is None
    with pytest.raises(model.SecretError, match="holds no secrets"):
        store.adopt(ACME, "mine")


def test_a_plain_file_says_how_to_encrypt_it(store):
    store.path(ACME).write_text("{}")
    with pytest.raises(model.SecretError, match="Encrypt it by that vault id"):
        store.read(ACME)


@pytest.mark.parametrize(
    "name", ["../acme", "acme/..", "", "Acme", "a" * 64, "-a", "a-", "{{ x }}", "a\nb", None, "ａcme"]
)
def test_names_of_places_are_checked(name):
    with pytest.raises(model.SecretError, match="tenant is"):
        model.place(name, "production")


@pytest.mark.parametrize("name", ["", "1a", "a/b", "a b", "a" * 64, "-a", "a\n", "é"])
def test_names_of_secrets_are_checked(store, name):
    with pytest.raises(model.SecretError, match="name is"):
        store.change(ACME, putting(name=name), "asked")


@pytest.mark.parametrize("value", ["", "x" * 70_000, "\ud800"])
def test_values_are_checked_and_not_shown(store, value):
    with pytest.raises(model.SecretError, match="The value for token") as caught:
        store.change(ACME, putting(value), "asked")
    assert "xxx" not in str(caught.value)


def test_fingerprints_tell_values_apart_for_this_vault_only(store):
    vault = store.read(ACME)
    other = replace(vault, key="A" * 43 + "=")
    assert vault.fingerprint("token", "a") == vault.fingerprint("token", "a")
    assert (
        len(
            {
                vault.fingerprint("token", "a"),
                vault.fingerprint("token", "b"),
                other.fingerprint("token", "a"),
            }
        )
        == 3
    )


@pytest.mark.parametrize(("length", "fine"), [(15, False), (16, True), (4096, True), (4097, False)])
def test_generated_values_are_long_enough(length, fine):
    if fine:
        value = change.generated("hex", length)
        assert len(value) == length
        assert set(value) <= set("0123456789abcdef")
    else:
        with pytest.raises(model.SecretError, match="length is"):
            change.generated("hex", length)
