# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m relay --config FILE --secrets FILE --audit FOLDER [--check]"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import uvicorn
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger import LedgerError

from .app import application
from .audit import Audit
from .config import Config, ConfigError, load
from .service import Service

_BACKLOG, _AT_ONCE, _GRACE = 256, 256, 20


def main() -> int:
    """Serve until told to end. Answers the exit status."""
    options = _options()
    try:
        config = load(options.config, options.secrets)
        if options.check:
            return 0
        audit = Audit(options.audit, f"relay@{config.tenant}-{config.environment}")
    except (ConfigError, LedgerError) as error:
        print(f"relay: {error}", file=sys.stderr)
        return 2
    _serve(config, Service(config, audit))
    return 0


def _serve(config: Config, service: Service) -> None:
    kind, _colon, place = config.listen.partition(":")
    where = {"uds": place} if kind == "unix" else {"host": kind, "port": int(place)}
    uvicorn.run(
        application(service),
        **where,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        limit_concurrency=_AT_ONCE,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACE,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="relay", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--secrets", type=Path, required=True)
    parser.add_argument("--audit", type=Path)
    parser.add_argument("--check", action="store_true", help="read both files and end")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
