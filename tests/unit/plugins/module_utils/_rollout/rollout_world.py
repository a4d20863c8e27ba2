# SPDX-License-Identifier: GPL-3.0-or-later
"""An account in memory, planes and releases for the tests of rollouts."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.errors import (
    ApiError,
    Conflict,
    Facts,
    NotFound,
    UnknownOutcome,
    ValidationError,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.kv import (
    Item,
    Key,
    Namespace,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.models import (
    Deployment,
    Domain,
    Script,
    Version,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.bundle import Bundle, Part
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.fleet import Release

ES = "application/javascript+module"


def plane(name: str = "acme-eu", **more: Any) -> dict[str, Any]:
    tenant, region = name.rsplit("-", 1)
    found = {
        "name": name,
        "tenant": tenant,
        "region": region,
        "environment": "production",
        "canary": region == "eu",
        "worker": f"{name}-gateway",
        "hostname": f"{name}.example.com",
        "zone": "example.com",
        "url": f"https://{name}.example.com",
        "connect_to": None,
        "kv_namespace": f"{name}-config",
        "placement": None,
        "jurisdiction": None,
        "continents": ["EU"] if region == "eu" else [],
        "countries": [],
        "front": {
            "worker": f"{tenant}-front",
            "hostname": f"{tenant}.example.com",
            "zone": "example.com",
            "url": f"https://{tenant}.example.com",
        },
        "settings": {"max_batch": 100},
    }
    return found | more


def bundle(sha256: str = "aa", name: str = "gateway.js") -> Bundle:
    return Bundle((Part(name, ES, sha256, f"/bundles/{name}"),))


def release(**more: Any) -> Release:
    base = Release("v1", bundle(), bundle("bb", "front.js"), "2026-10-01")
    return replace(base, **more)


def stamp(number: int) -> str:
    """The time of the account's call with this number: one a second."""
    return f"2026-11-23T10:{number // 60:02}:{number % 60:02}Z"


def version_id(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


class Refused(dict[tuple[str, str], ApiError]):
    """Errors to raise: (method name, first argument) -> error."""


def refusal(script: str, code: int = 10021) -> ValidationError:
    return ValidationError(
        Facts(
            f"Worker '{script}'", "PUT", "/x", status=400, codes=(code,), messages=("no",), remedy="Fix it."
        )
    )


def unknown(script: str) -> UnknownOutcome:
    return UnknownOutcome(Facts(f"Worker '{script}'", "PUT", "/x"))


class Account:
    """What :class:`Client` offers to a rollout, in memory; ``log`` holds the calls in their order."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.forced: list[bool] = []
        self.errors = Refused()
        self.scripts: dict[str, Script] = {}
        self.history: dict[str, list[Deployment]] = {}
        self.uploads: dict[str, Any] = {}
        self.by_version: dict[str, Version] = {}
        self.spaces: dict[str, str] = {}
        self.values: dict[tuple[str, str], bytes] = {}
        self.metadata: dict[tuple[str, str], Any] = {}
        self.names: dict[str, str] = {}
        self._ids = itertools.count(1)
        self._lock = threading.RLock()
        self.workers, self.kv = Workers(self), Kv(self)

    @property
    def calls(self) -> int:
        return len(self.log)

    def __enter__(self) -> Account:
        return self

    def __exit__(self, *_details: object) -> None:
        return None

    def call(self, name: str, subject: str = "") -> int:
        with self._lock:
            self.log.append((name, subject))
            error = self.errors.get((name, subject))
            if error:
                raise error
            return next(self._ids)

    def writes(self) -> list[tuple[str, str]]:
        return [item for item in self.log if item[0] in WRITES]

    def stamp(self, script: str, number: int, etag: str | None = None) -> Script:
        old = self.scripts.get(script)
        made = Script(
            script, f"tag-{script}", etag or (old.etag if old else ""), (), "c", stamp(number), ("fetch",)
        )
        self.scripts[script] = made
        return made

    def deployed(
        self, script: str, versions: tuple[tuple[str, float], ...], number: int, message: str
    ) -> Deployment:
        made = Deployment(f"d{number}", stamp(number), "me@example.com", "api", message, versions)
        self.history.setdefault(script, []).insert(0, made)
        self.stamp(script, number)
        return made


WRITES = ("put", "upload_version", "deploy", "put_domain", "create", "put_value", "put_bulk")


class Workers:
    def __init__(self, account: Account) -> None:
        self._account = account

    def list(self) -> tuple[Script, ...]:
        self._account.call("list")
        return tuple(self._account.scripts.values())

    def domains(self) -> tuple[Domain, ...]:
        self._account.call("domains")
        return tuple(Domain(host, host, script, "") for host, script in self._account.names.items())

    def put(self, script: str, upload: Any) -> Script:
        account = self._account
        number = account.call("put", script)
        version = self._version(script, upload, number)
        account.deployed(script, ((version.id, 100.0),), number, "")
        return replace(account.stamp(script, number, f"e{number}"), version_id=version.id)

    def upload_version(self, script: str, upload: Any) -> Version:
        number = self._account.call("upload_version", script)
        self._account.stamp(script, number)
        return self._version(script, upload, number)

    def _version(self, script: str, upload: Any, number: int) -> Version:
        account = self._account
        made = Version(version_id(number), number, stamp(number), message=upload.message, tag=upload.tag)
        account.by_version[made.id], account.uploads[script] = made, upload
        return made

    def deploy(self, script: str, versions: Any, message: str = "", force: bool = False) -> Deployment:
        number = self._account.call("deploy", script)
        self._account.forced.append(force)
        return self._account.deployed(script, tuple(versions), number, message)

    def deployments(self, script: str) -> tuple[Deployment, ...]:
        self._account.call("deployments", script)
        if script not in self._account.history:
            raise NotFound(Facts(f"Worker '{script}'", "GET", "/x", status=404))
        return tuple(self._account.history[script])

    def active(self, script: str) -> Deployment | None:
        self._account.call("deployments", script)
        return next(iter(self._account.history.get(script, [])), None)

    def version(self, script: str, version_id: str) -> Version:
        self._account.call("version", script)
        if version_id not in self._account.by_version:
            raise NotFound(Facts(f"version '{version_id}' of Worker '{script}'", "GET", "/x", status=404))
        return self._account.by_version[version_id]

    def put_domain(self, hostname: str, service: str, zone_name: str | None = None) -> None:
        self._account.call("put_domain", hostname)
        self._account.names[hostname] = service


class Kv:
    def __init__(self, account: Account) -> None:
        self._account = account

    def namespaces(self) -> tuple[Namespace, ...]:
        self._account.call("namespaces")
        return tuple(Namespace(identity, title) for title, identity in self._account.spaces.items())

    def find(self, title: str) -> Namespace | None:
        return next((space for space in self.namespaces() if space.title == title), None)

    def create(self, title: str) -> Namespace:
        self._account.call("create", title)
        if title in self._account.spaces:
            raise Conflict(Facts(f"KV namespace '{title}'", "POST", "/x", status=400, codes=(10014,)))
        self._account.spaces[title] = f"id-{title}"
        return Namespace(f"id-{title}", title)

    def keys(self, namespace: str, prefix: str = "") -> tuple[Key, ...]:
        self._account.call("keys", prefix)
        found = [
            name for space, name in self._account.values if space == namespace and name.startswith(prefix)
        ]
        return tuple(Key(name, self._account.metadata.get((namespace, name))) for name in found)

    def put_bulk(self, namespace: str, items: Iterable[Item]) -> None:
        self._account.call("put_bulk", namespace)
        for item in items:
            self._account.values[namespace, item.key] = item.value
            self._account.metadata[namespace, item.key] = item.metadata

    def put(
        self, namespace: str, key: str, value: bytes, metadata: Any = None, ttl: int | None = None
    ) -> None:
        self._account.call("put_value", namespace)
        self._account.values[namespace, key] = value
