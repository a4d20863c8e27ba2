# SPDX-License-Identifier: GPL-3.0-or-later
"""The files beside the state: edge.env for clients, ready.json for whoever waits."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LINE = re.compile(r"export (?P<name>[A-Z_]+)=(?P<value>.*)")


def variables(token: str, account: str, port: int) -> dict[str, str]:
    """Return what points wrangler, an SDK or this collection to the embedded edge."""
    base = f"http://127.0.0.1:{port}/client/v4"
    return {
        "CLOUDFLARE_API_TOKEN": token,
        "CLOUDFLARE_ACCOUNT_ID": account,
        "CLOUDFLARE_BASE_URL": base,
        "CLOUDFLARE_API_BASE_URL": base,
    }


def write_env(path: Path, values: Mapping[str, str]) -> None:
    """Write a file to be sourced by a shell, for its owner only."""
    _replace(path, "".join(f"export {name}={shlex.quote(value)}\n" for name, value in values.items()))


def write_token(path: Path, token: str) -> None:
    """Write a file with the token alone, for its owner only."""
    _replace(path, f"{token}\n")


def read_env(path: Path) -> dict[str, str]:
    """Read a file that `write_env` wrote; a missing or a mangled one is empty."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        found = [match for line in lines if (match := _LINE.fullmatch(line))]
        return {match["name"]: "".join(shlex.split(match["value"])) for match in found}
    except (FileNotFoundError, ValueError):
        return {}


def write_ready(path: Path, facts: Mapping[str, Any]) -> None:
    """Tell that everything serves, and where."""
    _replace(path, json.dumps(facts) + "\n")


def _replace(path: Path, text: str) -> None:
    """Write a whole file or nothing, readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
