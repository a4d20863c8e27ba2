# SPDX-License-Identifier: GPL-3.0-or-later
"""Kills a play at a named write: Python imports this at its start where the folder is in PYTHONPATH.

C(DIES_AT) is C(before:NAME:NUMBER) or C(after:NAME:NUMBER): around the NUMBER-th time that a file of this
NAME is replaced, by whichever process of the play. C(DIES_IN) is a folder in which the times are counted.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

_REPLACE = os.replace


def _kill() -> None:
    """The play's first process, then this one, which is a worker of it or the same."""
    os.kill(int(os.environ["DIES_FIRST"]), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _count(name: str) -> int:
    path = Path(os.environ["DIES_IN"], name)
    with path.open("ab") as count:
        count.write(b".")
    return path.stat().st_size


def _replace(source: Any, target: Any, **options: Any) -> None:
    when, name, number = os.environ["DIES_AT"].split(":")
    hit = Path(target).name == name and _count(name) == int(number)
    if hit and when == "before":
        _kill()
    _REPLACE(source, target, **options)
    if hit:
        _kill()


if "DIES_AT" in os.environ:
    os.environ.setdefault("DIES_FIRST", str(os.getpid()))
    os.replace = _replace
