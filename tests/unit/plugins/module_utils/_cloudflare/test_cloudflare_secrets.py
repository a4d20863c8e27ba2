# SPDX-License-Identifier: GPL-3.0-or-later
"""Planted secrets are in no error, repr, traceback or exception chain, in any usual encoding."""

from __future__ import annotations

import base64
import pickle
import traceback
from urllib.parse import quote

import httpx
import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare import errors
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.upload import (
    Module,
    Upload,
)
from scripted_api import TOKEN, no

CANARY = 'canary-9f3a/+"=\u00e9 x7'
RAW = "rawcanary-55e1"
UPLOAD = Upload(
    "a.js",
    (Module("a.js", "application/javascript+module", b"modulecanary"),),
    bindings=({"name": "K", "type": "secret_text", "text": RAW},),
    tag="fp:1",
    secrets={"KEY": CANARY},
)


def forms(secret: str) -> list[str]:
    raw = secret.encode()
    encoded = [
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        raw.hex(),
        raw.hex().upper(),
    ]
    embedded = [base64.b64encode(b"x" * n + raw + b"y" * (3 - n)).decode() for n in (1, 2)]
    return [secret, quote(secret, safe=""), *(form.rstrip("=") for form in encoded), *embedded]


SECRETS = [form for secret in (TOKEN, CANARY, RAW) for form in forms(secret)]
ECHO = " | ".join(SECRETS)


def echoing(status: int) -> httpx.Response:
    return no(status, 10021, ECHO, headers={"cf-ray": TOKEN})


FAULTS = {
    "400": lambda: echoing(400),
    "401": lambda: echoing(401),
    "429": lambda: httpx.Response(429, text=ECHO, headers={"retry-after": "9999"}),
    "500": lambda: echoing(500),
    "page": lambda: httpx.Response(403, html=f"<title>{TOKEN} {CANARY}</title>"),
    "code and error": lambda: httpx.Response(400, json={"code": 1, "error": ECHO}),
    "pointer": lambda: httpx.Response(400, json={"errors": [{"message": "m", "source": {"pointer": ECHO}}]}),
    "content type": lambda: httpx.Response(200, content=b"x", headers={"content-type": "text/" + TOKEN}),
    "wrong shape": lambda: httpx.Response(
        200, json={"success": True, "result": {"id": 5, "etag": 5, "x": ECHO}}
    ),
    "refused": lambda: httpx.ConnectError(ECHO),
    "dropped": lambda: httpx.RemoteProtocolError(ECHO),
    "header": lambda: httpx.LocalProtocolError(f"Illegal header value b'Bearer {TOKEN}'"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("operation", ["put", "upload_version"])
def test_no_error_holds_a_secret(client, api, fault, operation):
    api.answers(*(fault() for _time in range(20)))
    with pytest.raises(errors.ApiError) as caught:
        getattr(client.workers, operation)("hello", UPLOAD)
    api.script.clear()
    shown = [str(caught.value), repr(caught.value), str(caught.value.as_dict())]
    shown += traceback.format_exception(caught.value)
    link = caught.value
    while link is not None:
        assert type(link).__module__.startswith("ansible_collections."), "httpx is in the chain"
        shown += [str(vars(link)), repr(link.args)]
        link = link.__cause__ or link.__context__
    text = "\n".join(shown)
    assert [secret for secret in SECRETS if secret in text] == []
    assert "modulecanary" not in text


def test_reprs_hide_secrets(client):
    shown = repr(UPLOAD) + repr(client) + repr(vars(client))
    assert [secret for secret in SECRETS if secret in shown] == []
    assert "modulecanary" not in shown


def test_errors_hold_nothing_that_can_not_be_pickled(client, api):
    api.answers(no(400, 1))
    with pytest.raises(errors.ApiError) as caught:
        client.workers.list()
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_secret_values_that_the_api_sends_are_dropped(client, api):
    bindings = [
        {"name": "A", "type": "secret_text", "text": CANARY},
        {"name": "B", "type": "secret_key", "key_base64": RAW, "format": "raw"},
    ]
    api.answers(
        httpx.Response(
            200, json={"success": True, "result": {"id": "v", "resources": {"bindings": bindings}}}
        )
    )
    version = client.workers.version("hello", "v")
    assert version.bindings == (
        {"name": "A", "type": "secret_text"},
        {"name": "B", "type": "secret_key", "format": "raw"},
    )
