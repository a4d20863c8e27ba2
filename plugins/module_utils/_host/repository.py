# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A signed repository of Debian packages: which key is trusted, and a trial before the host is told of it.

apt reads the repository once with lists of its own, so that a wrong key or address leaves no trace.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import openpgp
from .packages import APT, PackagesError, Run, explain

KEYS = Path("/etc/apt/keyrings")
SOURCES = Path("/etc/apt/sources.list.d")
_FINGERPRINT = re.compile(r"[0-9A-F]{40}")


@dataclass(frozen=True)
class Repository:
    """What is declared. ``fingerprints`` are those of all keys to be trusted; none: what comes by TLS."""

    name: str
    url: str
    suite: str
    components: tuple[str, ...]
    key: str
    fingerprints: tuple[str, ...] = ()

    def text(self, key_file: Path, architecture: str) -> str:
        """The entry as sources.list(5) has it."""
        return (
            "# Managed by Ansible: adsengineer.orchestrator.package_repository\n"
            f"Types: deb\nURIs: {self.url}\nSuites: {self.suite}\nComponents: {' '.join(self.components)}\n"
            f"Architectures: {architecture}\nSigned-By: {key_file}\n"
        )


def declared(
    name: str, url: str, suite: str, components: Sequence[str], key: str, fingerprints: Sequence[str]
) -> Repository:
    """Check what was declared. Raises PackagesError, which names what is wrong."""
    plain = tuple(one.replace(" ", "").upper() for one in fingerprints)
    for what, value in (("url", url), ("key", key)):
        if "@" in value.partition("//")[2].partition("/")[0]:
            raise PackagesError(
                f"{what} has a user or a password in it, which every user of the host could read."
                " Give it without, and what a mirror wants in /etc/apt/auth.conf.d, see apt_auth.conf(5)."
            )
    for what, value, pattern in (
        ("name", name, r"[a-z0-9][a-z0-9_-]*"),
        ("url", url, r"(https?|file)://?\S+"),
        ("suite", suite, r"\S+"),
        ("components", " ".join(components), r"\S+( \S+)*"),
        ("key", key, r"https?://\S+"),
    ):
        if not re.fullmatch(pattern, value):
            raise PackagesError(
                f"{what} '{value}' is no {what} of a repository. Compare it with the vendor's documentation."
            )
    for one in plain:
        if not _FINGERPRINT.fullmatch(one):
            raise PackagesError(f"'{one}' is no fingerprint. Give all its 40 hexadecimal digits.")
    if not plain and not key.startswith("https://"):
        raise PackagesError(
            f"the key {key} would come without encryption, so anybody could change it. Give its fingerprint."
        )
    return Repository(name, url, suite, tuple(components), key, plain)


def trusted(repository: Repository, data: bytes, origin: str) -> bytes:
    """The keys as apt takes them, if all of them may be trusted."""
    try:
        keys = openpgp.dearmored(data)
        found = openpgp.fingerprints(keys)
    except openpgp.NoKeysError as error:
        raise PackagesError(
            f"{origin} can't be the repository's key: {error}."
            " Nothing was changed. Compare the URL with the vendor's documentation."
        ) from None
    strangers = [one for one in found if one not in repository.fingerprints]
    if repository.fingerprints and strangers:
        raise PackagesError(
            f"the key at {origin} has the fingerprint {', '.join(strangers)}"
            f" and not {', '.join(repository.fingerprints)}."
            " Nothing was changed. Compare both with the vendor's documentation."
        )
    return keys


def keeps(repository: Repository, key_file: Path) -> bool:
    """Whether the key that is there may be trusted, so that none has to be fetched."""
    try:
        trusted(repository, key_file.read_bytes(), str(key_file))
    except (OSError, PackagesError):
        return False
    return True


def attempt(repository: Repository, keys: bytes, architecture: str, folder: Path, run: Run) -> None:
    """Let apt read the repository, with everything in a folder that its own user can read."""
    for part in ("sources", "lists/partial"):
        (folder / part).mkdir(parents=True, mode=0o755)
    folder.chmod(0o755)
    key_file = folder / "key.gpg"
    key_file.write_bytes(keys)
    key_file.chmod(0o644)
    entry = folder / "sources" / f"{repository.name}.sources"
    entry.write_text(repository.text(key_file, architecture), encoding="utf-8")
    options = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": folder / "sources",
        "Dir::State::Lists": folder / "lists",
    }
    given = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
    status, text = run([*APT, *given, "--error-on=any", "update"])
    if status:
        raise explain(f"reading the repository {repository.url}", text)


__all__ = ["KEYS", "SOURCES", "Repository", "attempt", "declared", "keeps", "trusted"]
