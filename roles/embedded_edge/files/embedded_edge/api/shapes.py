# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers as the API shows them."""

from __future__ import annotations

from typing import Any

from ..store import Store
from ..store.model import Deployment, Domain, Json, Listed, Route, Script, Version, Zone
from .bindings import public


def listed_script(listed: Listed) -> Json:
    """Return the entry of a script in the list."""
    script = listed.script
    shown: Json = {
        "id": script.name,
        "tag": script.tag,
        "tags": list(script.tags),
        "etag": listed.etag,
        "handlers": list(listed.handlers),
        "compatibility_date": listed.compatibility_date,
        "compatibility_flags": list(listed.compatibility_flags),
        "created_on": script.created_on,
        "modified_on": script.modified_on,
        "has_assets": False,
        "has_modules": True,
        "last_deployed_from": script.last_deployed_from,
        "logpush": bool(script.settings.get("logpush", False)),
        "usage_model": "standard",
        **_placement(listed.extras),
    }
    return shown | {
        name: script.settings[name] for name in ("observability", "tail_consumers") if name in script.settings
    }


def _placement(extras: Json) -> Json:
    placement = extras.get("placement")
    if not placement:
        return {}
    mode = "smart" if placement.get("mode") == "smart" else "targeted"
    return {"placement": placement, "placement_mode": mode}


def uploaded_script(listed: Listed, version: Version) -> Json:
    """Return the answer to the upload of a script."""
    return {
        **listed_script(listed),
        "startup_time_ms": version.startup_ms,
        "deployment_id": version.id.replace("-", ""),
        "entry_point": version.main_module,
    }


def version_metadata(store: Store, version: Version) -> Json:
    """Return who made a version, when and with what."""
    return {
        "created_on": version.created_on,
        "modified_on": version.created_on,
        "source": version.source,
        "author_id": store.accounts.user_id,
        "author_email": store.accounts.email,
        "hasPreview": False,
        "has_preview": False,
    }


def version_item(store: Store, version: Version) -> Json:
    """Return the entry of a version in the list."""
    return {
        "id": version.id,
        "number": version.number,
        "metadata": version_metadata(store, version),
        "annotations": version.annotations,
    }


def version_detail(store: Store, script: Script, version: Version) -> Json:
    """Return a version with its resources, without any secret value."""
    runtime: Json = {
        "compatibility_date": version.compatibility_date,
        "compatibility_flags": list(version.compatibility_flags),
        "usage_model": "standard",
    }
    if "limits" in version.extras:
        runtime["limits"] = version.extras["limits"]
    return {
        **version_item(store, version),
        "startup_time_ms": version.startup_ms,
        "resources": {
            "bindings": public(version.bindings),
            "script": {
                "etag": version.etag,
                "handlers": list(version.handlers),
                "named_handlers": [],
                "last_deployed_from": script.last_deployed_from,
            },
            "script_runtime": runtime,
        },
    }


def deployment(store: Store, item: Deployment) -> Json:
    """Return a deployment."""
    return {
        "id": item.id,
        "source": item.source,
        "strategy": "percentage",
        "author_email": store.accounts.email,
        "annotations": item.annotations,
        "created_on": item.created_on,
        "versions": [{"version_id": version, "percentage": share} for version, share in item.versions],
    }


def beta_version(store: Store, version: Version) -> Json:
    """Return a version as the beta Workers API shows it."""
    return {
        "id": version.id,
        "number": version.number,
        "created_on": version.created_on,
        "source": version.source,
        "author_id": store.accounts.user_id,
        "author_email": store.accounts.email,
        "annotations": version.annotations,
        "bindings": public(version.bindings),
        "compatibility_date": version.compatibility_date,
        "compatibility_flags": list(version.compatibility_flags),
        "main_module": version.main_module,
        "startup_time_ms": version.startup_ms,
        "usage_model": "standard",
        "urls": [],
    }


def beta_worker(store: Store, script: Script) -> Json:
    """Return a Worker as the beta Workers API shows it."""
    active = store.deployments.active(script.name)
    domains = [
        {
            "id": d.id,
            "certificate_id": d.cert_id,
            "hostname": d.hostname,
            "zone_id": d.zone_id,
            "zone_name": d.zone_name,
        }
        for d in store.triggers.domains()
        if d.service == script.name
    ]
    dependents = [
        found for name in store.scripts.dependents(script.name) if (found := store.scripts.get(name))
    ]
    return {
        "id": script.tag,
        "name": script.name,
        "created_on": script.created_on,
        "updated_on": script.modified_on,
        "deployed_on": active.created_on if active else None,
        "tags": list(script.tags),
        "logpush": bool(script.settings.get("logpush", False)),
        "observability": script.settings.get("observability", {"enabled": False}),
        "tail_consumers": [{"name": c["service"]} for c in script.settings.get("tail_consumers", [])],
        "subdomain": {"enabled": script.subdomain_enabled, "previews_enabled": script.previews_enabled},
        "references": {
            "dispatch_namespace_outbounds": [],
            "domains": domains,
            "durable_objects": [],
            "queues": [],
            "workers": [{"id": found.tag, "name": found.name} for found in dependents],
        },
    }


def service(listed: Listed) -> Json:
    """Return a Worker as the older services endpoint shows it."""
    script = listed.script
    environment: Json = {
        "environment": "production",
        "created_on": script.created_on,
        "modified_on": script.modified_on,
        "script": listed_script(listed),
    }
    return {
        "id": script.name,
        "default_environment": environment,
        "environments": [{k: v for k, v in environment.items() if k != "script"}],
        "created_on": script.created_on,
        "modified_on": script.modified_on,
        "usage_model": "standard",
    }


def domain(item: Domain) -> Json:
    """Return a custom domain."""
    return {
        "id": item.id,
        "hostname": item.hostname,
        "service": item.service,
        "environment": "production",
        "zone_id": item.zone_id,
        "zone_name": item.zone_name,
        "cert_id": item.cert_id,
        "enabled": True,
        "previews_enabled": False,
    }


def route(item: Route) -> Json:
    """Return a route."""
    return {"id": item.id, "pattern": item.pattern} | ({"script": item.script} if item.script else {})


def zone(store: Store, item: Zone) -> Json:
    """Return a zone."""
    account: Any = {"id": store.accounts.id, "name": "Embedded edge"}
    return {
        "id": item.id,
        "name": item.name,
        "status": "active",
        "paused": False,
        "type": "full",
        "development_mode": 0,
        "name_servers": [f"ns1.{item.name}", f"ns2.{item.name}"],
        "original_dnshost": None,
        "original_name_servers": None,
        "original_registrar": None,
        "created_on": item.created_on,
        "modified_on": item.created_on,
        "activated_on": item.created_on,
        "account": account,
        "owner": {"id": store.accounts.user_id, "name": "Embedded edge", "type": "user"},
        "meta": {
            "cdn_only": False,
            "custom_certificate_quota": 0,
            "dns_only": False,
            "foundation_dns": False,
            "page_rule_quota": 3,
            "phishing_detected": False,
            "step": 2,
        },
        "plan": {"id": "free", "name": "Free Website", "price": 0, "currency": "USD", "is_subscribed": False},
        "permissions": ["#worker:read", "#worker:edit", "#zone:read"],
    }
