# SPDX-License-Identifier: GPL-3.0-or-later
"""What each call on Workers, domains, zones and the token sends and understands."""

from __future__ import annotations

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import httpx
import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.client import (
    BASE_URL,
    Client,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.errors import (
    AuthenticationError,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.models import (
    Deployment,
    Script,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.upload import (
    Module,
    Upload,
    content_type,
)
from scripted_api import TOKEN, no, ok

UPLOAD = Upload(
    main_module="index.js",
    modules=(
        Module("index.js", "application/javascript+module", b"code"),
        Module("lib/a.wasm", "application/wasm", b"\0asm"),
    ),
    bindings=({"name": "A", "type": "plain_text", "text": "x"},),
    compatibility_date="2026-08-01",
    compatibility_flags=("nodejs_compat",),
    placement={"mode": "smart"},
    message="release 1",
    tag="fp:1",
    tags=("team",),
    keep_bindings=("secret_text",),
    secrets={"KEY": "value"},
)
METADATA = {
    "main_module": "index.js",
    "bindings": [
        {"name": "A", "type": "plain_text", "text": "x"},
        {"name": "KEY", "type": "secret_text", "text": "value"},
    ],
    "compatibility_date": "2026-08-01",
    "compatibility_flags": ["nodejs_compat"],
    "placement": {"mode": "smart"},
    "annotations": {"workers/message": "release 1", "workers/tag": "fp:1"},
    "keep_bindings": ["secret_text"],
}


def parts(request: httpx.Request) -> dict[str, tuple[str | None, str, bytes]]:
    """The parts of a multipart form: name -> (file name, content type, content)."""
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.content)
    found: dict[str, tuple[str | None, str, bytes]] = {}
    for part in message.iter_parts():  # type: ignore[attr-defined]
        name = part.get_param("name", header="content-disposition")
        found[name] = (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
    return found


def test_the_form_of_an_upload(client, api):
    api.answers(
        ok({"id": "hello", "deployment_id": "5ac200bbd5da4e0fadbee697a82fa850", "startup_time_ms": 3.0})
    )
    script = client.workers.put("hello", UPLOAD)
    form = parts(api.requests[0])
    assert json.loads(form.pop("metadata")[2]) == METADATA | {"tags": ["team"]}
    assert form == {
        "index.js": ("index.js", "application/javascript+module", b"code"),
        "lib/a.wasm": ("lib/a.wasm", "application/wasm", b"\0asm"),
    }
    assert api.requests[0].url.params["bindings_inherit"] == "strict"
    assert (script.version_id, script.startup_time_ms) == ("5ac200bb-d5da-4e0f-adbe-e697a82fa850", 3)


def test_a_version_carries_no_tags_of_the_script(client, api):
    api.answers(ok({"id": "v1", "number": 4.0, "metadata": {"hasPreview": True, "author_email": "a@b"}}))
    version = client.workers.upload_version("hello", UPLOAD)
    assert json.loads(parts(api.requests[0])["metadata"][2]) == METADATA
    assert (version.number, version.author_email) == (4, "a@b")


def test_a_bare_upload_sends_only_what_is_set(client, api):
    api.answers(ok({"id": "hello"}))
    client.workers.put("hello", Upload("a.js", (Module("a.js", "text/plain", b""),)))
    assert json.loads(parts(api.requests[0])["metadata"][2]) == {"main_module": "a.js", "bindings": []}


@pytest.mark.parametrize(
    ("call", "line", "params", "body"),
    [
        (lambda w: w.list(), "GET scripts", {}, None),
        (lambda w: w.versions("a"), "GET scripts/a/versions", {}, None),
        (lambda w: w.versions("a", deployable=True), "GET scripts/a/versions", {"deployable": "true"}, None),
        (lambda w: w.deployments("a"), "GET scripts/a/deployments", {}, None),
        (lambda w: w.delete("a"), "DELETE scripts/a", {}, None),
        (lambda w: w.delete("a", force=True), "DELETE scripts/a", {"force": "true"}, None),
        (lambda w: w.script_settings("a"), "GET scripts/a/script-settings", {}, None),
        (
            lambda w: w.patch_script_settings("a", {"tags": ["x"]}),
            "PATCH scripts/a/script-settings",
            {},
            {"tags": ["x"]},
        ),
        (lambda w: w.subdomain("a"), "GET scripts/a/subdomain", {}, None),
        (
            lambda w: w.set_subdomain("a", True, False),
            "POST scripts/a/subdomain",
            {},
            {"enabled": True, "previews_enabled": False},
        ),
        (lambda w: w.secrets("a"), "GET scripts/a/secrets", {}, None),
        (lambda w: w.domains(), "GET domains", {}, None),
        (lambda w: w.domains("a"), "GET domains", {"service": "a"}, None),
        (lambda w: w.delete_domain("d"), "DELETE domains/d", {}, None),
    ],
)
def test_requests(client, api, call, line, params, body):
    api.answers(ok(None))
    call(client.workers)
    method, path = line.split()
    assert api.asked == [f"{method} /accounts/acc/workers/{path}"]
    assert dict(api.requests[0].url.params) == params
    assert (api.body() if api.requests[0].content else None) == body
    assert api.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(("force", "params"), [(False, {}), (True, {"force": "true"})])
def test_a_deployment(client, api, force, params):
    api.answers(ok({"id": "d", "versions": []}))
    client.workers.deploy("hello", [("v2", 0), ("v1", 100)], "wave 1", force)
    shares = [{"version_id": "v2", "percentage": 0}, {"version_id": "v1", "percentage": 100}]
    annotations = {"workers/message": "wave 1"}
    assert api.body() == {"strategy": "percentage", "versions": shares, "annotations": annotations}
    assert dict(api.requests[0].url.params) == params


@pytest.mark.parametrize(
    ("versions", "sole"),
    [
        ((("v1", 100.0),), "v1"),
        ((("v1", 90.0), ("v2", 10.0)), None),
        ((("v1", 100.0), ("v2", 0.0)), None),
        ((), None),
    ],
)
def test_the_sole_version(versions, sole):
    assert Deployment("d", "", versions=versions).sole_version == sole


@pytest.mark.parametrize("zone", [None, "example.com"])
def test_a_custom_domain(client, api, zone):
    api.answers(ok({"id": "d", "hostname": "a.example.com", "service": "hello", "zone_name": "example.com"}))
    assert client.workers.put_domain("a.example.com", "hello", zone).zone_name == "example.com"
    expected: dict[str, Any] = {"hostname": "a.example.com", "service": "hello"}
    assert api.body() == expected | ({"zone_name": zone} if zone else {})


@pytest.mark.parametrize(
    ("hostname", "zone"),
    [
        ("a.example.com", "example.com"),
        ("a.eu.example.com", "eu.example.com"),
        ("example.com", "example.com"),
        ("badexample.com", None),
    ],
)
def test_the_zone_of_a_hostname(client, api, hostname, zone):
    names = ["example.com", "eu.example.com", "other.org"]
    api.answers(ok([{"id": name, "name": name} for name in names]))
    found = client.zones.of_hostname(hostname)
    assert (found.name if found else None) == zone


def test_a_token_of_a_user_and_one_of_the_account(client, api):
    good = {"id": "t", "status": "active", "expires_on": "2027-01-01T00:00:00Z"}
    api.answers(ok(good), no(401, 1000), ok(good), no(401, 1000, "mine"), no(403, 10000, "owned"))
    assert client.verify_token().status == "active"
    assert client.verify_token().expires_on == "2027-01-01T00:00:00Z"
    with pytest.raises(AuthenticationError, match="mine"):
        client.verify_token()
    assert api.asked[:3] == [
        "GET /user/tokens/verify",
        "GET /user/tokens/verify",
        "GET /accounts/acc/tokens/verify",
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.js", "application/javascript+module"),
        ("a/b.wasm", "application/wasm"),
        ("x.py", "text/x-python"),
        ("a.md", None),
        ("js", None),
    ],
)
def test_content_types(name, kind):
    assert content_type(name) == kind


def test_a_list_entry_without_an_etag_is_read():
    assert Script.parse({"id": "a"}).etag == ""


@pytest.mark.parametrize(
    ("url", "h2", "env"), [(BASE_URL, True, True), ("http://127.0.0.1:1/client/v4", False, False)]
)
def test_http2_and_proxies_are_for_the_outside_world(monkeypatch, url, h2, env):
    given: dict[str, Any] = {}
    monkeypatch.setattr(httpx, "Client", lambda **options: given.update(options))
    Client(account_id="a", api_token="t", base_url=url)
    assert (given["http2"], given["trust_env"], given["verify"]) == (h2, env, h2)
    assert given["follow_redirects"] is False
