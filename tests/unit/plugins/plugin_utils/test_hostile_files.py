# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a vault file, a ledger or a password should be, there is something else: refused at once."""

from __future__ import annotations

import os
import signal

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret, get_file_vault_secret
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger import Ledger, LedgerError
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets import change, model
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.store import Store
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils import _secret_store, _vault
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._vault import Passwords, read_password

ACME = model.Place("acme", "production")
AT = "2026-11-24T12:00:00Z"


@pytest.fixture(autouse=True)
def at_once():
    """What waits for the other end of a pipe fails."""

    def late(_signal, _frame):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def opened(folder, codec=None):
    codec = codec or Passwords([(ACME.vault_id, VaultSecret(b"hunter2"))])
    return Store(folder / "secrets", Ledger(folder / "ledger.jsonl", "ada@desk"), codec)


def put(store, value="first"):
    version = model.Version(value, AT, "ada", "asked")
    store.change(ACME, lambda vault: change.put(vault, "token", version, 5, None), "asked")


@pytest.fixture
def store(tmp_path):
    made = opened(tmp_path)
    put(made)
    return made


def a_link(path):
    kept = path.with_name("elsewhere")
    path.rename(kept)
    path.symlink_to(kept)


def a_dangling_link(path):
    path.unlink()
    path.symlink_to("nowhere")


def a_pipe(path):
    path.unlink()
    os.mkfifo(path)


def a_folder(path):
    path.unlink()
    path.mkdir()


def a_device(path):
    path.unlink()
    path.symlink_to("/dev/zero")


PLACED = {
    a_link: "it is a link; put the file itself there",
    a_dangling_link: "it is a link",
    a_device: "it is a link",
    a_pipe: "it is no plain file",
    a_folder: "Is a directory",
}


@pytest.mark.parametrize("place", PLACED, ids=lambda place: place.__name__)
def test_no_vault_is_read_from_or_written_to(store, place):
    path = store.path(ACME)
    place(path)
    before = store.ledger.entries()
    for work in (store.read, lambda _where: put(store, "second"), lambda where: store.adopt(where, "mine")):
        with pytest.raises(model.SecretError, match=rf"acme\.vault can't be read: {PLACED[place]}"):
            work(ACME)
    assert store.ledger.entries() == before
    assert path.is_symlink() is (place in (a_link, a_dangling_link, a_device))


@pytest.mark.parametrize("place", PLACED, ids=lambda place: place.__name__)
def test_no_ledger_is_read_from_or_written_to(store, place):
    vault = store.path(ACME).read_bytes()
    place(store.ledger.path)
    for work in (store.read, lambda _where: put(store, "second")):
        with pytest.raises(LedgerError, match=rf"ledger\.jsonl can't be read: {PLACED[place]}"):
            work(ACME)
    assert store.path(ACME).read_bytes() == vault


@pytest.mark.parametrize("place", PLACED, ids=lambda place: place.__name__)
def test_no_head_of_a_ledger_is(store, place):
    place(store.ledger.head)
    with pytest.raises(LedgerError, match=r"ledger\.jsonl\.head can't be read: bring it back"):
        store.read(ACME)


def test_a_folder_may_be_a_link(store, tmp_path):
    (tmp_path / "secrets").rename(tmp_path / "shared")
    (tmp_path / "secrets").symlink_to("shared")
    put(store, "second")
    assert store.read(ACME).secrets["token"].value == "second"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Backup of acme", "'Backup of acme'"), ("\u0430cme", r"'\\u0430cme'"), ("acme\u202eevil", r"\\u202e")],
    ids=["blanks", "a letter that looks alike", "a letter that turns the line"],
)
def test_a_file_of_nobody_is_named_so_that_it_can_be_told_apart(store, name, shown):
    store.path(ACME).with_name(f"{name}.vault").touch()
    with pytest.raises(model.SecretError, match="belongs to nobody") as caught:
        store.places()
    assert shown.replace("\\\\", "\\") in str(caught.value)
    assert str(caught.value).isascii()


def a_program(path):
    path.write_text("#!/bin/sh\necho hunter2\n")
    path.chmod(0o700)


def encrypted(path):
    path.write_text("$ANSIBLE_VAULT;1.1;AES256\n616263\n")


def huge(path):
    path.write_bytes(b"x" * 5000)


WRONG = {
    a_program: "is executable, so Ansible would run it",
    encrypted: "is encrypted, or longer than 4096 bytes: it is no password",
    huge: "is encrypted, or longer than 4096 bytes: it is no password",
    a_device: "is no file: put a file with the password there",
    a_pipe: "is no file: put a file with the password there",
    a_folder: "is no file: put a file with the password there",
    a_dangling_link: "can't be read: No such file or directory",
}


@pytest.mark.parametrize("place", WRONG, ids=lambda place: place.__name__)
def test_what_is_no_password_seals_nothing(tmp_path, place):
    path = tmp_path / "passwords" / ACME.vault_id
    path.parent.mkdir()
    path.touch()
    place(path)
    with pytest.raises(model.SecretError, match=f"The password {path} {WRONG[place]}") as caught:
        put(opened(tmp_path, Passwords([], path.parent)))
    assert "hunter2" not in str(caught.value)
    assert not list(tmp_path.glob("secrets/*/*"))


@pytest.mark.parametrize("content", [b"hunter2\r\n", b"\xef\xbb\xbfhunter2", b"hun\0ter2\n", b"  hunter2"])
def test_a_password_is_what_the_stock_tool_takes_it_for(tmp_path, content):
    path = tmp_path / "password"
    path.write_bytes(content)
    stock = get_file_vault_secret(str(path), loader=DataLoader())
    stock.load()
    assert read_password("The password", path) == stock.bytes


@pytest.mark.parametrize(
    ("folder", "mode", "warned"), [(0o755, 0o644, True), (0o755, 0o600, False), (0o700, 0o644, False)]
)
def test_a_password_that_everybody_reads_is_told(tmp_path, monkeypatch, folder, mode, warned):
    said = []
    monkeypatch.setattr(_vault.display, "warning", said.append)
    path = tmp_path / "passwords" / ACME.vault_id
    path.parent.mkdir(mode=folder)
    path.write_text("hunter2")
    path.chmod(mode)
    put(opened(tmp_path, Passwords([], path.parent)))
    assert any(f"chmod 600 {path}" in text for text in said) is warned
    assert not any("hunter2" in text for text in said)


def test_a_user_without_a_name_is_told_by_number(monkeypatch):
    def nameless():
        raise KeyError("getpwuid(): uid not found: 54321")

    monkeypatch.setattr(_secret_store.getpass, "getuser", nameless)
    assert _secret_store.who().startswith(f"{os.getuid()}@")
