# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-vault by the passwords that Ansible was given, or a folder has, each for its own vault id only."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.utils.display import Display

from ..module_utils._secrets.model import SecretError

display = Display()
_LONGEST = 4096
MAGIC = "$ANSIBLE_VAULT;1.2;AES256;"


class Passwords:
    """A codec of the store. ``known`` are pairs of vault id and password, as ``--vault-id`` gives them.

    ``folder`` has files of passwords, named by their vault ids, for those that Ansible was not given.
    """

    def __init__(self, known: Sequence[tuple[str, VaultSecret]], folder: Path | None = None) -> None:
        self.known, self.folder = known, folder

    def seal(self, vault_id: str, content: str) -> bytes:
        """Encrypt by the first password of this id, as Ansible does."""
        if C.config.get_config_value("VAULT_ENCRYPT_SALT"):
            raise SecretError(
                "ANSIBLE_VAULT_ENCRYPT_SALT is set: with one salt for all, two files can be read by "
                "comparing them. "
                "Unset it, also vault_encrypt_salt in ansible.cfg."
            )
        sealed: bytes = VaultLib(self._of(vault_id)[:1]).encrypt(content, self._of(vault_id)[0][1], vault_id)
        return sealed

    def open(self, vault_id: str, content: bytes, where: str) -> str:
        """Decrypt, if the file says that it belongs to this id; another id's password is never tried."""
        secrets = self._of(vault_id)
        label = content.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
        if label != f"{MAGIC}{vault_id}":
            raise SecretError(
                f"{where} is refused: its first line should be '{MAGIC}{vault_id}'. {_other(label)}"
            )
        try:
            opened: bytes = VaultLib(secrets).decrypt(content)
            return opened.decode()
        except (AnsibleError, ValueError):
            # Without the cause, which may quote the content.
            raise SecretError(
                f"{where} is refused: the password of the vault id {vault_id} doesn't open it, or it was "
                "damaged."
            ) from None

    def mark(self, vault_id: str) -> bytes:
        """A digest of the passwords of this id."""
        return hashlib.sha256(b"\0".join(secret.bytes for _name, secret in self._of(vault_id))).digest()

    def _of(self, vault_id: str) -> list[tuple[str, VaultSecret]]:
        found = [(name, secret) for name, secret in self.known if name == vault_id]
        found = found or self._kept(vault_id)
        if not found:
            raise SecretError(
                f"There is no password of the vault id {vault_id}: give it by --vault-id {vault_id}@FILE, "
                "in vault_identity_list of ansible.cfg, or as a file of that name in the folder that "
                "ADSENGINEER_PASSWORDS names."
            )
        return found

    def _kept(self, vault_id: str) -> list[tuple[str, VaultSecret]]:
        """The password that the folder has for an id."""
        path = self.folder / vault_id if self.folder else None
        if path is None or not os.path.lexists(path):
            return []
        if path.exists() and not path.is_file():
            raise SecretError(f"The password {path} is no file: put a file with the password there.")
        password = read_password("The password", path)
        if not password:
            raise SecretError(f"The password {path} is empty: write one into it, or remove the file.")
        return [(vault_id, VaultSecret(password))]


def read_password(what: str, path: Path) -> bytes:
    """The password in a file, without what is blank around it, as Ansible reads it.

    What Ansible would take for something else is refused: it runs a file that is executable, and decrypts one
    that is encrypted. Raises SecretError.
    """
    try:
        with path.open("rb") as file:
            mode, content = os.fstat(file.fileno()).st_mode, file.read(_LONGEST + 1)
    except OSError as error:
        raise SecretError(f"{what} {path} can't be read: {error.strerror}.") from None
    if stat.S_ISREG(mode) and mode & 0o111:
        raise SecretError(
            f"{what} {path} is executable, so Ansible would run it. If it is a program, give its vault id by "
            f"--vault-id; if it is the password itself, chmod 600 {path}."
        )
    if len(content) > _LONGEST or content.startswith(b"$ANSIBLE_VAULT;"):
        raise SecretError(f"{what} {path} is encrypted, or longer than {_LONGEST} bytes: it is no password.")
    if stat.S_ISREG(mode) and mode & 0o004 and path.parent.stat().st_mode & 0o001:
        display.warning(f"{what} {path} can be read by every user of this machine: chmod 600 {path}")
    return content.strip()


def given(loader: Any, folder: str = "") -> Passwords:
    """The passwords of this run of Ansible, from its loader's private place: there is no public one."""
    vault = getattr(loader, "_vault", None)
    known = tuple(getattr(vault, "secrets", None) or ())
    return Passwords(known, Path(folder).absolute() if folder else None)


def _other(label: str) -> str:
    if label.startswith(MAGIC):
        return "It was moved here from another tenant or environment, or relabelled."
    return "Encrypt it by that vault id: ansible-vault rekey --new-vault-id ID@FILE."
