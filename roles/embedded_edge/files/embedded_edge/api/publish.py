# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes versions out of uploads and out of earlier versions, and deploys them."""

from __future__ import annotations

from collections.abc import Iterable

from ..bundle import Bundle, Check
from ..store.model import Json, NewVersion, Version
from . import bindings as binding_rules
from .call import Call
from .errors import ApiError, bad_request
from .metadata import Upload

TRIGGER = "workers/triggered_by"
LATEST_NOT_DEPLOYED = 10215
SETTINGS_NOT_DEPLOYED = 10214


async def checked(call: Call, script: str, upload: Upload, trigger: str) -> NewVersion:
    """Resolve the bindings of an upload and let the runtime compile and start it."""
    latest = call.store.versions.latest(script)
    strict = call.query("bindings_inherit") == "strict"
    kept = upload.keep_bindings
    bindings = binding_rules.inherited(call.store, script, upload.bindings, kept, latest, strict)
    binding_rules.check_targets(call.store, script, bindings)
    etag = upload.etag
    verdict = await call.edge.checks.check(etag, _bundle(script, upload, bindings))
    if not verdict.ok:
        raise bad_request(verdict.message[:2000])
    return _new_version(call, upload, bindings, etag, verdict, trigger)


def _bundle(script: str, upload: Upload, bindings: tuple[Json, ...]) -> Bundle:
    return Bundle(
        script=script,
        version_id="00000000-0000-0000-0000-000000000000",
        number=0,
        created_on="",
        tag="",
        message="",
        main_module=upload.main_module,
        modules=upload.modules,
        bindings=bindings,
        compatibility_date=upload.compatibility_date,
        compatibility_flags=upload.compatibility_flags,
    )


def _new_version(
    call: Call, upload: Upload, bindings: tuple[Json, ...], etag: str, verdict: Check, trigger: str
) -> NewVersion:
    return NewVersion(
        etag=etag,
        main_module=upload.main_module,
        modules=upload.modules,
        bindings=bindings,
        compatibility_date=upload.compatibility_date,
        compatibility_flags=upload.compatibility_flags,
        annotations={**upload.annotations, TRIGGER: trigger},
        startup_ms=verdict.startup_ms,
        handlers=verdict.handlers,
        extras=upload.extras,
        source=call.source,
    )


def derived(
    call: Call, base: Version, bindings: Iterable[Json], annotations: Json, trigger: str
) -> NewVersion:
    """Make a version with the code of another; its annotations are not inherited."""
    return NewVersion(
        etag=base.etag,
        main_module=base.main_module,
        modules=call.store.versions.modules(base),
        bindings=tuple(bindings),
        compatibility_date=base.compatibility_date,
        compatibility_flags=base.compatibility_flags,
        annotations={**annotations, TRIGGER: trigger},
        startup_ms=base.startup_ms,
        handlers=base.handlers,
        extras=base.extras,
        source=call.source,
    )


def deploy_whole(call: Call, script: str, new: NewVersion, trigger: str) -> Version:
    """Store a version and give it every request."""
    with call.store.database.transaction():
        version = call.store.versions.add(script, new)
        message = new.annotations.get("workers/message")
        annotations = {TRIGGER: trigger} | ({"workers/message": message} if message else {})
        call.store.deployments.add(script, [(version.id, 100)], call.source, annotations)
        call.store.scripts.touch(script, call.source)
    return version


def latest_deployed(call: Call, script: str, code: int) -> Version:
    """Return the latest version if it serves; else a change of it would deploy more than it says."""
    latest = call.store.versions.latest(script)
    active = call.store.deployments.active(script)
    if latest is None or active is None or active.share(latest.id) != 100:
        raise ApiError(
            400,
            code,
            f"The latest version of Worker '{script}' isn't currently deployed to 100 %."
            " Deploy it first, or change the latest version without deploying it.",
        )
    return latest
