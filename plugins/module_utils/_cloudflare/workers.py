# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workers: scripts, versions, deployments, settings, custom domains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .models import Deployment, Domain, Script, Subdomain, Version
from .shapes import mapping, sequence, text
from .transport import Api, Call, segment
from .upload import Module, Upload, form

_STRICT = {
    "bindings_inherit": "strict"
}  # else an inherited binding that does not resolve is dropped silently


class Workers:
    """Calls on the Workers of one account. ``script`` is always a Worker's name."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self) -> tuple[Script, ...]:
        """Every Worker of the account, in one call."""
        call = Call("Workers", "GET", "workers/scripts")
        return self._api.result(call, lambda value: tuple(Script.parse(item) for item in sequence(value)))

    def put(self, script: str, upload: Upload) -> Script:
        """Upload a Worker and give it all the traffic at once; makes it if it does not exist."""
        call = self._upload(script, "PUT", "", upload, with_tags=True)

        def confirm() -> Script | None:
            active = self.active(script)
            version = self._uploaded(script, upload)
            if active is None or version is None or active.sole_version != version.id:
                return None
            return self._listed(script, version)

        return self._api.confirmed(call, lambda value: Script.parse(value, script), confirm)

    def upload_version(self, script: str, upload: Upload) -> Version:
        """Upload a version that gets no traffic. The Worker must exist.

        After a lost answer the newest version is taken for this upload if its annotations and bindings
        are the same; an upload without tag and message can't be told apart and ends as UnknownOutcome.
        """
        call = self._upload(script, "POST", "/versions", upload, with_tags=False)
        return self._api.confirmed(call, Version.parse, lambda: self._uploaded(script, upload))

    def versions(self, script: str, deployable: bool = False) -> tuple[Version, ...]:
        """The newest versions, newest first; with ``deployable`` all that can still be deployed."""
        params = {"deployable": "true"} if deployable else None
        call = self._call(script, "GET", "/versions", params=params)
        items = self._api.result(call, lambda value: sequence(mapping(value).get("items")))
        return tuple(self._api.parsed(call, item, Version.parse) for item in items)

    def version(self, script: str, version_id: str) -> Version:
        """One version with its bindings."""
        return self._api.result(self._call(script, "GET", f"/versions/{segment(version_id)}"), Version.parse)

    def deployments(self, script: str) -> tuple[Deployment, ...]:
        """The deployments, the active one first."""
        call = self._call(script, "GET", "/deployments")
        items = self._api.result(call, lambda value: sequence(mapping(value).get("deployments")))
        return tuple(self._api.parsed(call, item, Deployment.parse) for item in items)

    def active(self, script: str) -> Deployment | None:
        """The deployment that serves now, or None before the first."""
        return next(iter(self.deployments(script)), None)

    def deploy(
        self, script: str, versions: Sequence[tuple[str, float]], message: str = "", force: bool = False
    ) -> Deployment:
        """Share the traffic among one or two versions; percentages add up to 100 and may be 0.

        ``force`` deploys a version whose secrets have changed since, and brings them back.
        """
        shares = [{"version_id": version, "percentage": percentage} for version, percentage in versions]
        body: dict[str, Any] = {"strategy": "percentage", "versions": shares}
        if message:
            body["annotations"] = {"workers/message": message}
        params = {"force": "true"} if force else None
        call = self._call(script, "POST", "/deployments", json=body, params=params, again=False)
        return self._api.confirmed(call, Deployment.parse, lambda: self._deployed(script, versions, message))

    def delete(self, script: str, force: bool = False) -> None:
        """Delete a Worker; ``force`` also removes the bindings of others to it and its Durable Objects."""
        self._api.delete(self._call(script, "DELETE", params={"force": "true"} if force else None))

    def script_settings(self, script: str) -> dict[str, Any]:
        """The settings that belong to no version: tags, logpush, observability, tail consumers."""
        return self._api.result(self._call(script, "GET", "/script-settings"), _plain)

    def patch_script_settings(self, script: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change some of the settings that belong to no version."""
        call = self._call(script, "PATCH", "/script-settings", json=dict(changes))
        return self._api.result(call, _plain)

    def subdomain(self, script: str) -> Subdomain:
        """Whether the Worker answers on workers.dev."""
        return self._api.result(self._call(script, "GET", "/subdomain"), Subdomain.parse)

    def set_subdomain(self, script: str, enabled: bool, previews: bool) -> Subdomain:
        """Turn the Worker's workers.dev address, and those of its versions, on or off."""
        body = {"enabled": enabled, "previews_enabled": previews}
        return self._api.result(self._call(script, "POST", "/subdomain", json=body), Subdomain.parse)

    def domains(self, service: str | None = None) -> tuple[Domain, ...]:
        """The custom domains of the account, or of one Worker."""
        call = Call(
            "custom domains", "GET", "workers/domains", params={"service": service} if service else None
        )
        return self._api.result(call, lambda value: tuple(Domain.parse(item) for item in sequence(value)))

    def put_domain(self, hostname: str, service: str, zone_name: str | None = None) -> Domain:
        """Let a Worker answer a hostname; DNS record and certificate are made by the API."""
        body = {"hostname": hostname, "service": service} | ({"zone_name": zone_name} if zone_name else {})
        call = Call(f"custom domain '{hostname}'", "PUT", "workers/domains", json=body)
        return self._api.result(call, Domain.parse)

    def delete_domain(self, domain_id: str) -> None:
        """Take a hostname away from its Worker."""
        path = f"workers/domains/{segment(domain_id)}"
        self._api.delete(Call(f"custom domain '{domain_id}'", "DELETE", path))

    def secrets(self, script: str) -> tuple[str, ...]:
        """The names of the Worker's secrets; their values can't be read."""
        call = self._call(script, "GET", "/secrets")
        return self._api.result(
            call, lambda value: tuple(text(mapping(item), "name") for item in sequence(value))
        )

    def _deployed(
        self, script: str, versions: Sequence[tuple[str, float]], message: str
    ) -> Deployment | None:
        active = self.active(script)
        same = active is not None and dict(active.versions) == {
            name: float(share) for name, share in versions
        }
        return active if active and same and active.message == message else None

    def _uploaded(self, script: str, upload: Upload) -> Version | None:
        """The newest version if it is this upload."""
        newest = max(self.versions(script), key=lambda version: version.number, default=None)
        mark = (upload.tag, upload.message)
        if newest is None or not any(mark) or (newest.tag, newest.message) != mark:
            return None
        version = self.version(script, newest.id)
        return version if _same_bindings(upload, version) else None

    def _listed(self, script: str, version: Version) -> Script | None:
        found = next((item for item in self.list() if item.name == script), None)
        return None if found is None else _with_version(found, version)

    def _upload(self, script: str, method: str, tail: str, upload: Upload, with_tags: bool) -> Call:
        return self._call(
            script,
            method,
            tail,
            params=_STRICT,
            files=form(upload, with_tags=with_tags),
            again=False,
            secrets=upload.hidden_values(),
        )

    def _call(self, script: str, method: str, tail: str = "", **more: Any) -> Call:
        return Call(f"Worker '{script}'", method, f"workers/scripts/{segment(script)}{tail}", **more)


def _same_bindings(upload: Upload, version: Version) -> bool:
    """Whether a version has the declared bindings; inherited and kept ones come on top."""
    declared = {str(item.get("name")): item.get("type") for item in upload.all_bindings()}
    found = {str(item.get("name")): item.get("type") for item in version.bindings}
    extra = found.keys() - declared.keys()
    return all(name in found and kind in ("inherit", found[name]) for name, kind in declared.items()) and all(
        found[name] in upload.keep_bindings for name in extra
    )


def _with_version(script: Script, version: Version) -> Script:
    return replace(script, version_id=version.id, startup_time_ms=version.startup_time_ms)


def _plain(value: object) -> dict[str, Any]:
    return dict(mapping(value))


__all__ = ["Deployment", "Domain", "Module", "Script", "Subdomain", "Upload", "Version", "Workers"]
