# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals and odd answers become typed errors that name resource, endpoint, code and remedy."""

from __future__ import annotations

import httpx
import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare import errors
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.remedies import MEANINGS
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.upload import (
    Module,
    Upload,
)
from scripted_api import no, ok

UPLOAD = Upload("a.js", (Module("a.js", "application/javascript+module", b"x"),))
CHALLENGED = {"cf-mitigated": "challenge"}
PAGE = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>"


@pytest.mark.parametrize(
    ("status", "code", "kind", "remedy"),
    [
        (400, 10000, errors.AuthenticationError, "CLOUDFLARE_API_TOKEN"),
        (403, 10000, errors.AuthenticationError, "Workers Scripts: Edit"),
        (401, 1000, errors.AuthenticationError, "mistyped"),
        (403, 9109, errors.PermissionDenied, "Workers Scripts: Edit"),
        (404, 10007, errors.NotFound, "Check the name"),
        (404, 10090, errors.NotFound, "Check the name"),
        (400, 10014, errors.ValidationError, "Correct the value"),  # means something else under /workers
        (400, 10021, errors.ValidationError, "does not compile"),
        (413, 10027, errors.ValidationError, "bundle and minify"),
        (400, 10057, errors.ValidationError, "inherited binding"),
        (400, 10215, errors.Conflict, "finish or undo the rollout"),
        (400, 10220, errors.Conflict, "repeat with force"),
        (404, 10222, errors.NotFound, "upload one first"),
        (409, 99999, errors.Conflict, "present state"),
        (403, 99999, errors.PermissionDenied, "permissions"),
        (418, 99999, errors.ValidationError, "Correct the value"),
    ],
)
def test_a_refusal_is_typed_and_says_what_to_do(client, api, status, code, kind, remedy):
    api.answers(no(status, code, "the reason", headers={"cf-ray": "8f0-FRA"}))
    with pytest.raises(kind) as caught:
        client.workers.upload_version("hello", UPLOAD)
    error = caught.value
    assert error.__class__ is kind
    assert remedy in error.remedy
    assert (error.status, error.codes, error.messages, error.ray) == (
        status,
        (code,),
        ("the reason",),
        "8f0-FRA",
    )
    assert str(error).startswith("Worker 'hello': ")
    for part in ("POST /accounts/{account_id}/workers/scripts/hello/versions", str(code), "the reason"):
        assert part in str(error)


@pytest.mark.parametrize("code", MEANINGS)
def test_every_known_code_has_a_remedy(code):
    assert all(entry.remedy.endswith(".") for entry in MEANINGS[code])


def test_the_same_code_means_another_thing_elsewhere(client, api):
    api.answers(no(404, 10013, "namespace not found"))
    with pytest.raises(errors.NotFound, match="List the namespaces"):
        client.kv.get("ns", "key")


def good(result):
    return httpx.Response(200, json={"success": True, "result": result})


def bad(body):
    return httpx.Response(400, json=body)


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (httpx.Response(200, html=PAGE), errors.Unreachable, "titled 'Attention Required"),
        (httpx.Response(403, html=PAGE), errors.PermissionDenied, "titled 'Attention Required"),
        (httpx.Response(403, html=PAGE, headers=CHALLENGED), errors.UnexpectedAnswer, "challenge page"),
        (httpx.Response(404, text="404 page not found"), errors.NotFound, "18 bytes of text/plain"),
        (httpx.Response(302, headers={"location": "//evil.example"}), errors.UnexpectedAnswer, "base URL"),
        (bad({"code": 10021, "error": "no such"}), errors.ValidationError, "no such"),
        (bad({"errors": [{"code": "10021", "message": "x"}]}), errors.ValidationError, "10021"),
        (bad({"errors": None}), errors.ValidationError, "HTTP 400"),
        (bad({"errors": "bad"}), errors.ValidationError, "HTTP 400"),
        (bad({"errors": [1, None]}), errors.ValidationError, "HTTP 400"),
        (bad(["odd"]), errors.ValidationError, "HTTP 400"),
        (bad(None), errors.ValidationError, "HTTP 400"),
        (httpx.Response(400, text="[" * 100_000), errors.ValidationError, "100000 bytes"),
        (
            httpx.Response(200, json={"success": False, "errors": [{"code": 10000}]}),
            errors.AuthenticationError,
            "code 10000",
        ),
        (httpx.Response(200, json=[]), errors.UnexpectedAnswer, "no envelope"),
        (httpx.Response(200, json={"hello": 1}), errors.UnexpectedAnswer, "no envelope"),
        (good({"a": 1}), errors.UnexpectedAnswer, "a list"),
        (good(["x"]), errors.UnexpectedAnswer, "an object"),
        (good([{}]), errors.UnexpectedAnswer, "'id' is missing"),
        (good([{"id": 7}]), errors.UnexpectedAnswer, "'id' should be"),
        (good([{"id": "a", "tags": [1]}]), errors.UnexpectedAnswer, "'tags' should be"),
        (good([{"id": "a", "startup_time_ms": "x"}]), errors.UnexpectedAnswer, "'startup_time_ms' should"),
    ],
)
def test_an_odd_answer_is_a_typed_error(client, api, answer, kind, text):
    copies = [
        httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)
        for _time in range(4)
    ]
    api.answers(*copies)
    with pytest.raises(errors.ApiError) as caught:
        client.workers.list()
    assert caught.value.__class__ is kind
    assert text in str(caught.value)
    api.script.clear()


@pytest.mark.parametrize("answer", [httpx.Response(204), httpx.Response(200, content=b""), ok(None)])
def test_an_empty_success_is_an_empty_list(client, api, answer):
    api.answers(answer)
    assert client.workers.list() == ()


def test_unknown_fields_are_ignored_and_null_fields_are_absent(client, api):
    api.answers(ok([{"id": "a", "etag": None, "tags": None, "handlers": ["fetch"], "brand_new": {"x": [1]}}]))
    (script,) = client.workers.list()
    assert (script.etag, script.tags, script.handlers) == ("", (), ("fetch",))


def test_chains_and_pointers_of_an_error_are_read(client, api):
    error = {
        "code": 10021,
        "message": "invalid",
        "source": {"pointer": "/bindings/0/type"},
        "error_chain": [{"code": 7, "message": "deeper"}],
    }
    api.answers(httpx.Response(400, json={"success": False, "errors": [error]}))
    with pytest.raises(errors.ValidationError) as caught:
        client.workers.list()
    assert caught.value.codes == (10021, 7)
    assert caught.value.messages == ("invalid (at /bindings/0/type)", "deeper")


def test_text_of_the_api_is_bounded_and_on_one_line(client, api):
    api.answers(no(400, 10021, "bad\x1b[31m red\nline\u202e " + "x" * 5000))
    with pytest.raises(errors.ValidationError) as caught:
        client.workers.list()
    (message,) = caught.value.messages
    assert len(message) == 300
    assert message.startswith("bad[31m red line x")
    assert len(str(caught.value)) < 700


def test_an_error_as_a_result(client, api):
    api.answers(no(404, 10007, "gone"))
    with pytest.raises(errors.NotFound) as caught:
        client.workers.version("hello", "v1")
    assert caught.value.as_dict() == {
        "kind": "NotFound",
        "resource": "Worker 'hello'",
        "endpoint": "GET /accounts/{account_id}/workers/scripts/hello/versions/v1",
        "status": 404,
        "codes": [10007],
        "messages": ["gone"],
        "remedy": caught.value.remedy,
        "ray": None,
    }
