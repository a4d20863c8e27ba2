# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where keys and certificates lie: whole pairs are put in place by one rename, so no reader sees half of one.

``DIRECTORY/ca.pem`` is the bundle of trusted authorities, ``DIRECTORY/live/NAME`` leads to the folder with
``key.pem`` and ``cert.pem``. Folders of pairs are in ``DIRECTORY/store``; the one before is kept.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .._files import sync_folder
from .._files import write_atomically as write
from . import x509 as lib
from .x509 import PkiError

NEW = "new"


class Owner(NamedTuple):
    """Who may read a private key, besides root."""

    uid: int
    gid: int


def read(path: Path) -> bytes | None:
    """The content of a file, or nothing when it does not exist."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


class Authorities:
    """The folder of the authority: ``1.key`` and ``1.pem`` of the first one, and so on."""

    def __init__(self, folder: Path, passphrase: str = "") -> None:
        self._folder, self._passphrase = folder, passphrase

    def found(self) -> dict[str, Any]:
        """The certificates by fingerprint, oldest first. A key without a certificate was never used."""
        certs = []
        for path in sorted(self._folder.glob("*.pem"), key=lambda item: int(item.stem)):
            certs.append(lib.load_cert(path.read_bytes(), str(path)))
        return {lib.fingerprint(cert): cert for cert in certs}

    def key(self, fingerprint: str) -> Any:
        """The private key of an authority."""
        for path in self._folder.glob("*.pem"):
            cert = lib.load_cert(path.read_bytes(), str(path))
            if lib.fingerprint(cert) != fingerprint:
                continue
            place = path.with_suffix(".key")
            content = read(place)
            if content is None:
                raise PkiError(
                    f"{place} is missing: restore it from a backup, or remove {path} to begin anew."
                )
            key = lib.load_key(content, str(place), self._passphrase)
            if not lib.fits(cert, key):
                raise PkiError(f"{place} is not the key of {path}: restore both from one backup.")
            return key
        raise PkiError(
            f"the authority {fingerprint[:16]} is not in {self._folder}: restore it from a backup."
        )

    def add(self, cert: Any, key: Any) -> None:
        """Keep a new authority, its certificate last: only a whole one counts."""
        number = max([int(path.stem) for path in self._folder.glob("*.pem")], default=0) + 1
        write(self._folder / f"{number}.key", lib.key_pem(key, self._passphrase), 0o600)
        write(self._folder / f"{number}.pem", lib.cert_pem(cert), 0o644)


class Pairs:
    """The keys and certificates of a host."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.bundle = directory / "ca.pem"

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self._directory, self._directory / "live", self._directory / "store"):
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            folder.chmod(0o755)

    def live(self, name: str) -> Path:
        """The folder through which services find a pair."""
        return self._directory / "live" / name

    def pair(self, name: str) -> tuple[Any, Any] | None:
        """Certificate and key, or nothing unless both are there and can be read."""
        cert, key = read(self.live(name) / "cert.pem"), read(self.live(name) / "key.pem")
        if cert is None or key is None:
            return None
        try:
            return lib.load_cert(cert, name), lib.load_key(key, name)
        except PkiError:
            return None

    def private(self, name: str, owner: Owner) -> bool:
        """Whether the key is readable by its owner alone."""
        try:
            found = (self.live(name) / "key.pem").stat()
        except FileNotFoundError:
            return True
        return (found.st_mode & 0o777, found.st_uid, found.st_gid) == (0o600, owner.uid, owner.gid)

    def protect(self, name: str, owner: Owner) -> None:
        """Let the owner alone read the key."""
        path = self.live(name) / "key.pem"
        os.chown(path, owner.uid, owner.gid)
        path.chmod(0o600)

    def pending_key(self, name: str) -> Any | None:
        """The key of a pair whose certificate is not there yet."""
        content = read(self._pending(name) / "key.pem")
        try:
            return lib.load_key(content, name) if content else None
        except PkiError:
            return None

    def begin(self, name: str, key: Any, owner: Owner) -> None:
        """Keep a new key until its certificate comes."""
        folder = self._pending(name)
        folder.mkdir(mode=0o755, exist_ok=True)
        folder.chmod(0o755)
        write(folder / "key.pem", lib.key_pem(key), 0o600, owner)

    def finish(self, name: str, files: Mapping[str, str]) -> None:
        """Complete the new pair and let the name lead to it."""
        folder = self._pending(name)
        for file, content in files.items():
            write(folder / file, content.encode(), 0o644)
        number = max([self._number(path) for path in self._stored(name)], default=0) + 1
        target = folder.with_name(f"{name}.{number}")
        folder.rename(target)
        link = self.live(name).with_name(f".{name}.draft")
        link.unlink(missing_ok=True)
        link.symlink_to(Path("..") / "store" / target.name)
        link.replace(self.live(name))
        sync_folder(link.parent)
        for old in self._stored(name):
            if self._number(old) < number - 1:
                shutil.rmtree(old)

    def _pending(self, name: str) -> Path:
        return self._directory / "store" / f"{name}.{NEW}"

    def _stored(self, name: str) -> list[Path]:
        found = (self._directory / "store").glob(f"{name}.*")
        return [path for path in found if self._number(path) and path.name.rpartition(".")[0] == name]

    def _number(self, path: Path) -> int:
        number = path.name.rpartition(".")[2]
        return int(number) if number.isdigit() else 0


__all__ = ["Authorities", "Owner", "Pairs", "read", "write"]
