# SPDX-License-Identifier: GPL-3.0-or-later
"""The official Python SDK, told to validate every answer strictly, works against the embedded edge."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import cloudflare
import pytest

CODE = b"""export default { fetch(request, env) { return new Response(`%s ${env.COLOR}`); } };"""
JS = "application/javascript+module"


@pytest.fixture
def sdk(clean_edge: Any) -> Iterator[cloudflare.Cloudflare]:
    """Return the SDK beside an embedded edge with nothing in it."""
    with cloudflare.Cloudflare(
        api_token=clean_edge.token,
        base_url=clean_edge.base_url,
        max_retries=0,
        _strict_response_validation=True,
    ) as client:
        yield client


@pytest.fixture
def account(clean_edge: Any) -> str:
    """Return the id of the account."""
    found: str = clean_edge.account_id
    return found


def metadata(*bindings: dict[str, Any], **more: Any) -> Any:
    """Return the metadata of an upload."""
    color = {"type": "plain_text", "name": "COLOR", "text": "blue"}
    return {
        "main_module": "main.js",
        "compatibility_date": "2026-07-01",
        "bindings": [color, *bindings],
        **more,
    }


def files(text: bytes = b"one") -> Any:
    """Return the modules of an upload."""
    return [("main.js", CODE % text, JS)]


def deploy(sdk: cloudflare.Cloudflare, account: str, name: str = "sdk", **more: Any) -> Any:
    """Upload a script."""
    return sdk.workers.scripts.update(name, account_id=account, metadata=metadata(**more), files=files())


def test_identity(sdk: cloudflare.Cloudflare, account: str) -> None:
    assert sdk.user.tokens.verify().status == "active"
    assert sdk.accounts.tokens.verify(account_id=account).status == "active"
    assert sdk.user.get().email
    assert [found.id for found in sdk.accounts.list()] == [account]
    assert sdk.accounts.get(account_id=account).id == account
    assert [m.account.id for m in sdk.memberships.list() if m.account] == [account]
    zone = next(iter(sdk.zones.list(name="edge.localhost")))
    assert sdk.zones.get(zone_id=zone.id).name == "edge.localhost"
    assert list(sdk.zones.list(name="other.example")) == []


def test_script_life(sdk: cloudflare.Cloudflare, account: str, clean_edge: Any) -> None:
    put = deploy(sdk, account, tags=["team:a"])
    assert put.id == "sdk"
    sdk.workers.scripts.subdomain.create("sdk", account_id=account, enabled=True)
    assert clean_edge.get("sdk.embedded.workers.dev").text == "one blue"

    listed = list(sdk.workers.scripts.list(account_id=account))
    assert [(s.id, s.etag, s.tags) for s in listed] == [("sdk", put.etag, ["team:a"])]
    assert list(sdk.workers.scripts.list(account_id=account, tags="team:a:no")) == []
    found = sdk.workers.scripts.search(account_id=account, name="sd")
    assert [hit.script_name for hit in found] == ["sdk"]
    assert "export default" in sdk.workers.scripts.get("sdk", account_id=account)
    assert sdk.workers.beta.workers.get("sdk", account_id=account).subdomain.enabled is True

    sdk.workers.scripts.delete("sdk", account_id=account)
    with pytest.raises(cloudflare.NotFoundError, match="10007"):
        sdk.workers.scripts.settings.get("sdk", account_id=account)


def test_versions_and_deployments(sdk: cloudflare.Cloudflare, account: str) -> None:
    deploy(sdk, account)
    versions = sdk.workers.scripts.versions
    # The SDK cannot parse any answer with the bindings of a version: its class for them is no pydantic model.
    raw = versions.with_raw_response
    secret = {"type": "secret_text", "name": "KEY", "text": "never-read-again"}
    notes = {"workers/message": "second", "workers/tag": "v2"}
    made = raw.create(
        "sdk", account_id=account, metadata=metadata(secret, annotations=notes), files=files(b"two")
    )
    assert made.http_response.json()["result"]["number"] == 2
    old, new = sorted(versions.list("sdk", account_id=account), key=lambda version: version.number or 0)
    assert new.id == made.http_response.json()["result"]["id"]
    assert len(list(versions.list("sdk", account_id=account, deployable=True))) == 2
    shown = raw.get(str(new.id), account_id=account, script_name="sdk").http_response.text
    assert "KEY" in shown
    assert "never-read-again" not in shown

    deployments = sdk.workers.scripts.deployments
    split: Any = [{"version_id": old.id, "percentage": 90}, {"version_id": new.id, "percentage": 10}]
    posted = deployments.create("sdk", account_id=account, strategy="percentage", versions=split)
    # Its page looks for "items"; the API (and wrangler) say "deployments".
    listed = deployments.with_raw_response.list("sdk", account_id=account).http_response.json()["result"]
    first, second = [
        deployments.get(d["id"], account_id=account, script_name="sdk") for d in listed["deployments"]
    ]
    assert first.id == posted.id
    assert {v.version_id: v.percentage for v in first.versions} == {old.id: 90, new.id: 10}
    assert deployments.get(second.id, account_id=account, script_name="sdk").id == second.id
    deployments.delete(second.id, account_id=account, script_name="sdk")
    with pytest.raises(cloudflare.BadRequestError, match="active deployment"):
        deployments.delete(first.id, account_id=account, script_name="sdk")


def test_settings_and_secrets(sdk: cloudflare.Cloudflare, account: str) -> None:
    deploy(sdk, account)
    scripts = sdk.workers.scripts
    assert scripts.settings.edit("sdk", account_id=account, tags=["a", "b"], logpush=True).tags == ["a", "b"]
    assert scripts.settings.get("sdk", account_id=account).logpush is True
    whole = scripts.script_and_version_settings
    assert whole.get("sdk", account_id=account).compatibility_date == "2026-07-01"
    changed: Any = {"bindings": [{"type": "plain_text", "name": "COLOR", "text": "red"}]}
    edited = whole.edit("sdk", account_id=account, settings=changed)
    assert edited.bindings
    assert edited.bindings[0].to_dict()["text"] == "red"

    put = scripts.secrets.update("sdk", account_id=account, name="KEY", text="hidden", type="secret_text")
    assert put is not None
    assert put.name == "KEY"
    many: Any = {"OTHER": {"name": "OTHER", "text": "x", "type": "secret_text"}, "KEY": None}
    scripts.secrets.bulk_update("sdk", account_id=account, secrets=many)
    assert [s.name for s in scripts.secrets.list("sdk", account_id=account)] == ["OTHER"]
    assert scripts.secrets.get("OTHER", account_id=account, script_name="sdk") is not None
    scripts.secrets.delete("OTHER", account_id=account, script_name="sdk")
    assert list(scripts.secrets.list("sdk", account_id=account)) == []


def test_secrets_store(sdk: cloudflare.Cloudflare, account: str, clean_edge: Any) -> None:
    stores = sdk.secrets_store.stores
    store = stores.create(account_id=account, name="default")
    assert [item.id for item in stores.list(account_id=account)] == [store.id]
    assert stores.get(store.id, account_id=account).name == "default"
    with pytest.raises(cloudflare.BadRequestError, match="maximum_stores_exceeded"):
        stores.create(account_id=account, name="more")

    made = stores.secrets.create(
        store.id,
        account_id=account,
        body=[{"name": "one", "value": "hidden", "scopes": ["workers"], "comment": "ours"}],
    )
    (one,) = made.result
    here = {"account_id": account, "store_id": store.id}
    found = stores.secrets.get(one.id, **here)
    assert (found.name, found.status, found.scopes) == ("one", "active", ["workers"])
    edited = stores.secrets.edit(one.id, **here, value="hidden too", comment="mine")
    assert edited.comment == "mine"
    copy = stores.secrets.duplicate(one.id, **here, name="two", scopes=["workers", "access"])
    listed = stores.secrets.list(store.id, account_id=account, order="name", scopes=["access"])
    assert [item.id for item in listed] == [copy.id]
    assert sdk.secrets_store.quota.get(account_id=account).secrets.usage == 2
    stores.secrets.delete(copy.id, **here)

    bound = {"type": "secrets_store_secret", "name": "KEY", "store_id": store.id, "secret_name": "one"}
    code = b"export default { fetch: async (_, env) => new Response(String((await env.KEY.get()).length)) };"
    main = [("main.js", code, JS)]
    sdk.workers.scripts.update("sdk", account_id=account, metadata=metadata(bindings=[bound]), files=main)
    whole = sdk.workers.scripts.script_and_version_settings.get("sdk", account_id=account)
    assert [item.to_dict() for item in whole.bindings or [] if item.name == "KEY"] == [bound]
    sdk.workers.scripts.subdomain.create("sdk", account_id=account, enabled=True)
    assert clean_edge.get("sdk.embedded.workers.dev").text == str(len("hidden too"))
    stores.delete(store.id, account_id=account, force=True)
    assert list(stores.list(account_id=account)) == []


def test_subdomains_domains_and_routes(sdk: cloudflare.Cloudflare, account: str, clean_edge: Any) -> None:
    deploy(sdk, account)
    assert sdk.workers.subdomains.get(account_id=account).subdomain == "embedded"
    assert sdk.workers.scripts.subdomain.get("sdk", account_id=account).enabled is False
    assert sdk.workers.scripts.subdomain.delete("sdk", account_id=account).enabled is False

    zone = clean_edge.zone
    domain = sdk.workers.domains.update(
        account_id=account, hostname=f"a.{zone}", service="sdk", zone_name=zone
    )
    assert clean_edge.get(f"a.{zone}").text == "one blue"
    assert [d.id for d in sdk.workers.domains.list(account_id=account, service="sdk")] == [domain.id]
    assert sdk.workers.domains.get(domain.id, account_id=account).zone_name == zone
    sdk.workers.domains.delete(domain.id, account_id=account)
    assert clean_edge.get(f"a.{zone}").status_code == 404

    zone_id = domain.zone_id
    route = sdk.workers.routes.create(zone_id=zone_id, pattern=f"b.{zone}/x*", script="sdk")
    assert clean_edge.get(f"b.{zone}", "/xyz").text == "one blue"
    assert [r.id for r in sdk.workers.routes.list(zone_id=zone_id)] == [route.id]
    sdk.workers.routes.update(route.id, zone_id=zone_id, pattern=f"b.{zone}/y*", script="sdk")
    assert sdk.workers.routes.get(route.id, zone_id=zone_id).pattern == f"b.{zone}/y*"
    assert sdk.workers.routes.delete(route.id, zone_id=zone_id).id == route.id


def test_kv(sdk: cloudflare.Cloudflare, account: str) -> None:
    kv = sdk.kv.namespaces
    made = [kv.create(account_id=account, title=f"space {n}") for n in range(3)]
    assert [n.title for n in kv.list(account_id=account, per_page=2)] == [f"space {n}" for n in range(3)]
    with pytest.raises(cloudflare.BadRequestError, match="10014"):
        kv.create(account_id=account, title="space 0")
    here = {"account_id": account, "namespace_id": made[0].id}
    assert kv.update(**here, title="renamed").title == "renamed"
    assert kv.get(**here).title == "renamed"

    expires = int(time.time()) + 3600
    kv.values.update("a/b c", **here, value=b"text", metadata={"v": 1}, expiration=expires)
    assert kv.values.get("a/b c", **here).read() == b"text"
    assert kv.metadata.get("a/b c", **here) == {"v": 1}
    pairs: Any = [{"key": f"n{n:02}", "value": str(n), "metadata": {"n": n}} for n in range(25)]
    wrote = kv.bulk_update(**here, body=pairs)
    assert wrote is not None
    assert wrote.successful_key_count == 25
    keys = list(kv.keys.list(**here, limit=10))
    assert [key.name for key in keys] == ["a/b c", *(f"n{n:02}" for n in range(25))]
    assert keys[0].expiration == expires
    assert [key.name for key in kv.keys.list(**here, prefix="n1")] == [f"n1{n}" for n in range(10)]
    got: Any = kv.bulk_get(**here, keys=["n01", "missing"], with_metadata=True)
    assert got.to_dict()["values"]["n01"] == {"value": "1", "metadata": {"n": 1}}
    gone = kv.bulk_delete(**here, body=["n01", "missing"])
    assert gone is not None
    kv.values.delete("a/b c", **here)
    with pytest.raises(cloudflare.NotFoundError, match="10009"):
        kv.values.get("a/b c", **here)
    kv.delete(**here)
    with pytest.raises(cloudflare.NotFoundError, match="10013"):
        kv.get(**here)
