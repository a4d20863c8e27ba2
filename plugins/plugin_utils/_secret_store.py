# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The store of secrets as actions and lookups reach it: where it is, and by which passwords it opens."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from ansible.module_utils.basic import env_fallback

from ..module_utils._ledger import Ledger, LedgerError
from ..module_utils._secrets.model import Place, SecretError, Vault, place
from ..module_utils._secrets.store import Store
from ._controller import ControllerAction
from ._vault import given

#: The vaults that this process has opened. A fork has those of the process that it was forked from.
_OPENED: dict[tuple[Any, ...], Vault] = {}
DIRECTORY, LEDGER, PASSWORDS = "ADSENGINEER_SECRETS", "ADSENGINEER_LEDGER", "ADSENGINEER_PASSWORDS"
SHARED: dict[str, dict[str, Any]] = {
    "directory": {"type": "path", "default": "secrets", "fallback": (env_fallback, [DIRECTORY])},
    "ledger": {"type": "path", "default": "ledger.jsonl", "fallback": (env_fallback, [LEDGER])},
    # The name of a folder.
    "passwords": {"type": "path", "no_log": False, "fallback": (env_fallback, [PASSWORDS])},
}


def who() -> str:
    """Who does it: the account and the machine. A container may run as a user without a name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def opened(loader: Any, directory: str, ledger: str, passwords: str | None) -> Store:
    """The store at these places, with the passwords of this run and those of a folder."""
    codec = given(loader, passwords or "")
    return Store(Path(directory).absolute(), Ledger(Path(ledger).absolute(), who()), codec)


def reading(store: Store) -> Callable[[Place], Vault]:
    """Reads vaults of a store. A process opens the same files once, however many lookups ask for them."""

    def read(where: Place) -> Vault:
        seen = _seen(store, where)
        if seen not in _OPENED:
            _OPENED[seen] = store.read(where)
        return _OPENED[seen]

    return read


def _seen(store: Store, where: Place) -> tuple[Any, ...]:
    """What decides how a vault reads: the file, the ledger and its head as they are now, and the passwords.

    Whoever writes one changes its time of change, which only the system sets.
    """
    files = (store.path(where), store.ledger.path, store.ledger.head)
    return where, store.codec.mark(where.vault_id), *(_state(path) for path in files)


def _state(path: Path) -> tuple[Any, ...]:
    try:
        found = path.stat()
    except OSError:
        return (str(path),)
    return str(path), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class SecretAction(ControllerAction):
    """An operation on the store; the options that all of them share are added."""

    shared = SHARED
    speaking: ClassVar[tuple[type[Exception], ...]] = (SecretError, LedgerError)

    def store(self, args: dict[str, Any]) -> Store:
        """The store that the options name."""
        return opened(self._loader, args["directory"], args["ledger"], args["passwords"])

    def place(self, args: dict[str, Any]) -> Place:
        """Whose secrets."""
        return place(args["tenant"], args["environment"])


__all__ = ["SHARED", "SecretAction", "opened", "reading"]
