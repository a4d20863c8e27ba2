# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared for this host, in a JSON file that the role writes. It holds no secret, only paths."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .problem import Problem


@dataclass(frozen=True)
class Part:
    """What is restored together: absolute paths, or one Docker volume."""

    name: str
    paths: tuple[Path, ...] = ()
    volume: str = ""


@dataclass(frozen=True)
class Check:
    """A command that exits with 0 in the restored folder of a part when an application could use it."""

    part: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Limits:
    """After how many hours each is an alarm."""

    backup: float = 26
    restored: float = 216
    check: float = 216


@dataclass(frozen=True)
class Config:
    """``shared`` holds what others read: the status, the mark of a half-restored host, metrics."""

    host: str
    repository: str
    key_file: Path
    parts: tuple[Part, ...]
    restic: str = "/usr/bin/restic"
    shared: Path = Path("/var/lib/adsengineer")
    credentials_file: str = ""
    sftp_args: str = ""
    heartbeat_file: str = ""
    keep: Mapping[str, int] | None = None
    subset: str = "10%"
    lock_wait: str = "10m"
    limits: Limits = Limits()
    checks: tuple[Check, ...] = ()

    @property
    def state(self) -> Path:
        """The program's own folder."""
        return self.shared / "backup"

    @property
    def work(self) -> Path:
        """Copies of data, so for root alone."""
        return self.state / "work"

    @property
    def read_only(self) -> Path:
        """While this file is there, services take no writes and nothing is backed up."""
        return self.shared / "read-only"

    def part(self, name: str) -> Part:
        """The declared part of that name."""
        for part in self.parts:
            if part.name == name:
                return part
        known = ", ".join(part.name for part in self.parts)
        raise Problem(f"There is no part {name!r}. Declared are: {known}.")


def load(path: Path) -> Config:
    """Read the declaration. Raises Problem with the place."""
    try:
        return parsed(json.loads(path.read_text()))
    except OSError as error:
        raise Problem(f"{path} can't be read: {error.strerror}. Run the role backup.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise Problem(f"{path} is no declaration of a backup ({error}). Run the role backup.") from None


def parsed(value: Mapping[str, Any]) -> Config:
    """The declaration in a JSON object."""
    fields = dict(value)
    fields["parts"] = tuple(
        Part(part["name"], tuple(map(Path, part.get("paths") or ())), part.get("volume") or "")
        for part in value["parts"]
    )
    fields["checks"] = tuple(
        Check(check["part"], tuple(check["command"])) for check in value.get("checks") or ()
    )
    fields["limits"] = Limits(**value.get("limits") or {})
    for name in ("key_file", "shared"):
        if name in fields:
            fields[name] = Path(fields[name])
    return Config(**fields)
