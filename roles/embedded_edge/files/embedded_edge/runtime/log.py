# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that takes what workerd and the deployed Workers print."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["NAME", "trim"]

NAME = "workerd.log"
MAX_BYTES = 10 * 1024 * 1024


def trim(directory: Path) -> None:
    """Make the log, readable by this user only, and empty it when it has grown; workerd appends to it."""
    descriptor = os.open(directory / NAME, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        if os.fstat(descriptor).st_size > MAX_BYTES:
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
