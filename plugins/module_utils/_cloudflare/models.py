# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API says about Workers, as frozen dataclasses, and their parsers.

Parsers ignore fields they do not know and raise :class:`~.shapes.Odd` on a wrong shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .shapes import decimal, integer, mapping, optional_text, sequence, text, texts

_SECRET_FIELDS = {"secret_text": ("text",), "secret_key": ("key_base64", "key_jwk")}


@dataclass(frozen=True, slots=True)
class Script:
    """A Worker as the account's list, or the answer to an upload, shows it.

    ``tag`` is the immutable id, ``tags`` are the labels. ``version_id`` and ``startup_time_ms``
    are known only from the answer to an upload.
    """

    name: str
    tag: str
    etag: str
    tags: tuple[str, ...]
    created_on: str
    modified_on: str
    handlers: tuple[str, ...] = ()
    compatibility_date: str | None = None
    version_id: str | None = None
    startup_time_ms: int | None = None

    @classmethod
    def parse(cls, value: object, name: str | None = None) -> Script:
        """Read one entry of the list, or the answer to an upload of ``name``."""
        data = mapping(value)
        return cls(
            name=name or text(data, "id"),
            tag=optional_text(data, "tag") or "",
            etag=optional_text(data, "etag") or "",
            tags=texts(data, "tags"),
            created_on=optional_text(data, "created_on") or "",
            modified_on=optional_text(data, "modified_on") or "",
            handlers=texts(data, "handlers"),
            compatibility_date=optional_text(data, "compatibility_date"),
            version_id=_version_id(optional_text(data, "deployment_id")),
            startup_time_ms=integer(data, "startup_time_ms"),
        )


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable upload. ``bindings`` carry no secret text; ``tag`` is the annotation workers/tag."""

    id: str
    number: int
    created_on: str
    author_email: str | None = None
    source: str | None = None
    message: str = ""
    tag: str = ""
    etag: str | None = None
    bindings: tuple[dict[str, Any], ...] = ()
    startup_time_ms: int | None = None
    compatibility_date: str | None = None
    compatibility_flags: tuple[str, ...] = ()

    @classmethod
    def parse(cls, value: object) -> Version:
        """Read one entry of a list of versions, or one version with its resources."""
        data = mapping(value)
        meta, notes = mapping(data.get("metadata")), mapping(data.get("annotations"))
        parts = mapping(data.get("resources"))
        script, runtime = mapping(parts.get("script")), mapping(parts.get("script_runtime"))
        return cls(
            id=text(data, "id"),
            number=integer(data, "number") or 0,
            created_on=optional_text(meta, "created_on") or "",
            author_email=optional_text(meta, "author_email"),
            source=optional_text(meta, "source"),
            message=optional_text(notes, "workers/message") or "",
            tag=optional_text(notes, "workers/tag") or "",
            etag=optional_text(script, "etag"),
            bindings=tuple(_without_secret(mapping(item)) for item in sequence(parts.get("bindings"))),
            startup_time_ms=integer(data, "startup_time_ms"),
            compatibility_date=optional_text(runtime, "compatibility_date"),
            compatibility_flags=texts(runtime, "compatibility_flags"),
        )


@dataclass(frozen=True, slots=True)
class Deployment:
    """Which versions get which percentage; ``versions`` are (version id, percentage) pairs."""

    id: str
    created_on: str
    author_email: str | None = None
    source: str | None = None
    message: str = ""
    versions: tuple[tuple[str, float], ...] = ()

    @classmethod
    def parse(cls, value: object) -> Deployment:
        """Read one deployment."""
        data = mapping(value)
        notes = mapping(data.get("annotations"))
        shares = [mapping(item) for item in sequence(data.get("versions"))]
        return cls(
            id=text(data, "id"),
            created_on=optional_text(data, "created_on") or "",
            author_email=optional_text(data, "author_email"),
            source=optional_text(data, "source"),
            message=optional_text(notes, "workers/message") or "",
            versions=tuple((text(share, "version_id"), decimal(share, "percentage")) for share in shares),
        )

    @property
    def sole_version(self) -> str | None:
        """The version that gets all the traffic alone, or None while traffic is split."""
        full = [version for version, percentage in self.versions if percentage == 100]
        return full[0] if len(self.versions) == 1 and full else None


@dataclass(frozen=True, slots=True)
class Domain:
    """A custom domain: the hostname whose requests a Worker answers."""

    id: str
    hostname: str
    service: str
    zone_name: str

    @classmethod
    def parse(cls, value: object) -> Domain:
        """Read one custom domain."""
        data = mapping(value)
        zone = optional_text(data, "zone_name") or ""
        return cls(text(data, "id"), text(data, "hostname"), text(data, "service"), zone)


@dataclass(frozen=True, slots=True)
class Subdomain:
    """Whether a Worker answers on workers.dev, and whether its versions have URLs of their own there."""

    enabled: bool
    previews_enabled: bool

    @classmethod
    def parse(cls, value: object) -> Subdomain:
        """Read the two switches."""
        data = mapping(value)
        return cls(data.get("enabled") is True, data.get("previews_enabled") is True)


def _version_id(raw: str | None) -> str | None:
    """The upload's answer writes the version's UUID as ``deployment_id``, often without hyphens."""
    if not raw or "-" in raw or len(raw) != 32:
        return raw or None
    return "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))


def _without_secret(binding: Mapping[str, Any]) -> dict[str, Any]:
    hidden = _SECRET_FIELDS.get(str(binding.get("type")), ())
    return {key: value for key, value in binding.items() if key not in hidden}


__all__ = ["Deployment", "Domain", "Script", "Subdomain", "Version"]
