# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The store of secrets as actions and lookups reach it: where it is, and by which passwords it opens."""

from __future__ import annotations

import getpass
import socket
from pathlib import Path
from typing import Any, ClassVar

from ansible.module_utils.basic import env_fallback

from ..module_utils._ledger import Ledger, LedgerError
from ..module_utils._secrets.model import Place, SecretError, place
from ..module_utils._secrets.store import Store
from ._controller import ControllerAction
from ._vault import given

DIRECTORY, LEDGER = "ADSENGINEER_SECRETS", "ADSENGINEER_LEDGER"
SHARED: dict[str, dict[str, Any]] = {
    "directory": {"type": "path", "default": "secrets", "fallback": (env_fallback, [DIRECTORY])},
    "ledger": {"type": "path", "default": "ledger.jsonl", "fallback": (env_fallback, [LEDGER])},
}


def who() -> str:
    """Who does it: the account and the machine."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def opened(loader: Any, directory: str, ledger: str) -> Store:
    """The store at these places, with the passwords of this run."""
    return Store(Path(directory).absolute(), Ledger(Path(ledger).absolute(), who()), given(loader))


class SecretAction(ControllerAction):
    """An operation on the store; the options that all of them share are added."""

    shared = SHARED
    speaking: ClassVar[tuple[type[Exception], ...]] = (SecretError, LedgerError)

    def store(self, args: dict[str, Any]) -> Store:
        """The store that the options name."""
        return opened(self._loader, args["directory"], args["ledger"])

    def place(self, args: dict[str, Any]) -> Place:
        """Whose secrets."""
        return place(args["tenant"], args["environment"])


__all__ = ["SHARED", "SecretAction", "opened"]
