# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of an embedded edge, apart from HTTP."""

from __future__ import annotations

import time
from pathlib import Path

from .accounts import Accounts
from .clock import Clock, Stamps
from .database import KV_TABLES, STATE_TABLES, Database, StateError
from .kv import Kv
from .records import Records
from .scripts import Scripts
from .secrets_store import SecretsStore
from .service_tokens import ServiceTokens
from .triggers import Triggers
from .tunnels import Tunnels
from .versions import Deployments, Versions
from .vpc_services import VpcServices

__all__ = ["StateError", "Store"]


class Store:
    """Everything that survives a restart."""

    def __init__(self, path: Path | str, clock: Clock = time.time) -> None:
        self.database = Database(path)
        self.clock = clock
        stamps = Stamps(clock)
        self.accounts = Accounts(self.database, stamps)
        self.scripts = Scripts(self.database, stamps)
        self.versions = Versions(self.database, stamps)
        self.deployments = Deployments(self.database, stamps)
        self.triggers = Triggers(self.database, self.accounts)
        self.kv = Kv(self.database, clock)
        self.tunnels = Tunnels(self.database, stamps, clock, self.accounts.id)
        self.records = Records(self.database, stamps)
        self.vpc_services = VpcServices(self.database, stamps)
        self.service_tokens = ServiceTokens(self.database, stamps, clock)
        self.secrets_store = SecretsStore(self.database, stamps)

    def reset(self) -> None:
        """Forget all but the account, its main token and its zones."""
        with self.database.transaction():
            for table in (*STATE_TABLES, *KV_TABLES):
                self.database.run(f"DELETE FROM {table}")
            self.database.run("DELETE FROM meta WHERE key = 'subdomain'")
            self.accounts.drop_tokens()

    def close(self) -> None:
        """Close the file."""
        self.database.close()
