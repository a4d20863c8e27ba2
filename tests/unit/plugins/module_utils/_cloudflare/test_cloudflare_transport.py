# SPDX-License-Identifier: GPL-3.0-or-later
"""Retries, lost answers, throttling, pages, odd answers: one table for each behaviour."""

from __future__ import annotations

import threading
from email.utils import formatdate

import httpx
import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare import errors
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.budget import Budget
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.upload import (
    Module,
    Upload,
)
from scripted_api import NOW, Api, no, ok

BEFORE = {  # nothing was sent, so nothing can have happened
    "connect refused": httpx.ConnectError("refused"),
    "connect timeout": httpx.ConnectTimeout("slow"),
    "no free connection": httpx.PoolTimeout("busy"),
    "proxy refused": httpx.ProxyError("407"),
}
AFTER = {  # it may have happened
    "read timeout": httpx.ReadTimeout("slow"),
    "dropped": httpx.RemoteProtocolError("Server disconnected without sending a response."),
    "reset while reading": httpx.ReadError("reset"),
    "reset while writing": httpx.WriteError("reset"),
    "500": httpx.Response(500, text="oops"),
    "502 page": httpx.Response(502, html="<html><title>Bad gateway</title></html>"),
    "truncated success": httpx.Response(200, text='{"success": true, "resul'),
}
SCRIPT = {"id": "hello", "etag": "e", "tag": "t"}
UPLOAD = Upload("a.js", (Module("a.js", "application/javascript+module", b"x"),), tag="fp:1", message="m")
VERSION = {"id": "v1", "number": 1, "annotations": {"workers/tag": "fp:1", "workers/message": "m"}}


def again(fault):
    """Answers are consumed once; a table entry is used by several tests."""
    return (
        httpx.Response(fault.status_code, content=fault.content, headers=fault.headers)
        if isinstance(fault, httpx.Response)
        else fault
    )


@pytest.mark.parametrize("fault", [*BEFORE.values(), *AFTER.values()], ids=[*BEFORE, *AFTER])
def test_a_get_is_repeated(client, api, fault):
    api.answers(again(fault), again(fault), ok([SCRIPT]))
    assert [script.name for script in client.workers.list()] == ["hello"]
    assert client.calls == 3
    assert api.slept == [0.25, 0.5]  # full jitter: half of 0.5 and of 1.0


@pytest.mark.parametrize("fault", [*BEFORE.values(), *AFTER.values()], ids=[*BEFORE, *AFTER])
def test_an_idempotent_put_is_repeated(client, api, fault):
    api.answers(again(fault), ok())
    client.kv.put("ns", "key", b"value")
    assert client.calls == 2


@pytest.mark.parametrize("fault", BEFORE.values(), ids=BEFORE)
def test_a_post_that_was_never_sent_is_repeated(client, api, fault):
    api.answers(again(fault), ok(VERSION))
    assert client.workers.upload_version("hello", UPLOAD).id == "v1"
    assert api.asked == ["POST /accounts/acc/workers/scripts/hello/versions"] * 2


@pytest.mark.parametrize("fault", AFTER.values(), ids=AFTER)
def test_a_version_that_was_made_is_found_and_not_made_twice(client, api, fault):
    api.answers(again(fault), ok({"items": [{"id": "v0", "number": 0}, VERSION]}), ok(VERSION))
    assert client.workers.upload_version("hello", UPLOAD).id == "v1"
    assert [line.split("/hello")[1] for line in api.asked] == ["/versions", "/versions", "/versions/v1"]
    assert [line.split()[0] for line in api.asked] == ["POST", "GET", "GET"]


@pytest.mark.parametrize("fault", AFTER.values(), ids=AFTER)
def test_a_version_that_was_not_made_is_made_after_reading_back(client, api, fault):
    api.answers(again(fault), ok({"items": [{"id": "v0", "number": 0}]}), ok(VERSION))
    assert client.workers.upload_version("hello", UPLOAD).id == "v1"
    assert [line.split()[0] for line in api.asked] == ["POST", "GET", "POST"]


@pytest.mark.parametrize(
    ("versions", "detail"),
    [
        ([{"id": "v2", "number": 2}, VERSION], None),
        ([VERSION], {**VERSION, "resources": {"bindings": [{"name": "X", "type": "plain_text"}]}}),
        ([{**VERSION, "annotations": {"workers/tag": "fp:1", "workers/message": "another"}}], None),
    ],
    ids=["not the newest", "other bindings", "another message"],
)
def test_a_version_that_only_looks_alike_is_not_taken(client, api, versions, detail):
    details = [ok(detail)] if detail else []
    api.answers(httpx.ReadTimeout("slow"), ok({"items": versions}), *details, ok({**VERSION, "id": "mine"}))
    assert client.workers.upload_version("hello", UPLOAD).id == "mine"


def test_an_upload_without_annotations_is_not_taken_for_another(client, api):
    bare = Upload("a.js", UPLOAD.modules)
    api.answers(httpx.ReadTimeout("slow"), ok({"items": [{"id": "v1", "number": 1}]}), ok(VERSION))
    client.workers.upload_version("hello", bare)
    assert [line.split()[0] for line in api.asked] == ["POST", "GET", "POST"]


def test_kept_and_inherited_bindings_do_not_disturb_reading_back(client, api):
    upload = Upload(
        "a.js",
        UPLOAD.modules,
        bindings=({"name": "OLD", "type": "inherit"},),
        tag="fp:1",
        message="m",
        keep_bindings=("secret_text",),
    )
    there = [{"name": "OLD", "type": "json"}, {"name": "KEY", "type": "secret_text"}]
    api.answers(
        httpx.ReadTimeout("slow"),
        ok({"items": [VERSION]}),
        ok({**VERSION, "resources": {"bindings": there}}),
    )
    assert client.workers.upload_version("hello", upload).id == "v1"


SHARES = [("v2", 10), ("v1", 90)]
ACTIVE = {
    "id": "d1",
    "versions": [{"version_id": "v1", "percentage": 90}, {"version_id": "v2", "percentage": 10.0}],
    "annotations": {"workers/message": "wave 1"},
}


@pytest.mark.parametrize("fault", AFTER.values(), ids=AFTER)
def test_a_deployment_that_happened_is_found(client, api, fault):
    api.answers(again(fault), ok({"deployments": [ACTIVE]}))
    assert client.workers.deploy("hello", SHARES, "wave 1").id == "d1"
    assert client.calls == 2


@pytest.mark.parametrize("fault", AFTER.values(), ids=AFTER)
def test_a_deployment_that_did_not_happen_is_repeated(client, api, fault):
    api.answers(again(fault), ok({"deployments": [{**ACTIVE, "annotations": {}}]}), ok(ACTIVE))
    assert client.workers.deploy("hello", SHARES, "wave 1").id == "d1"
    assert client.calls == 3


@pytest.mark.parametrize("fault", AFTER.values(), ids=AFTER)
def test_a_namespace_that_was_made_is_found(client, api, fault):
    api.answers(again(fault), ok([{"id": "1", "title": "other"}, {"id": "2", "title": "mine"}]))
    assert client.kv.create("mine").id == "2"
    assert client.calls == 2


def test_a_namespace_that_appears_late_is_found_after_the_conflict(client, api):
    taken = no(400, 10014, "a namespace with this title exists")
    api.answers(httpx.ReadTimeout("slow"), ok([]), taken, ok([{"id": "2", "title": "mine"}]))
    assert client.kv.create("mine").id == "2"


def test_a_title_that_somebody_else_has_is_a_conflict(client, api):
    api.answers(no(400, 10014, "a namespace with this title exists"))
    with pytest.raises(errors.Conflict, match="choose another title"):
        client.kv.create("mine")


@pytest.mark.parametrize("fault", AFTER.values(), ids=AFTER)
def test_an_upload_that_deployed_is_found(client, api, fault):
    whole = {"id": "d", "versions": [{"version_id": "v1", "percentage": 100}]}
    api.answers(
        again(fault),
        ok({"deployments": [whole]}),
        ok({"items": [VERSION]}),
        ok(VERSION),
        ok([SCRIPT]),
    )
    assert client.workers.put("hello", UPLOAD).version_id == "v1"


def test_a_new_worker_whose_upload_was_lost_is_uploaded_again(client, api):
    api.answers(httpx.ReadTimeout("slow"), no(404, 10007), ok(SCRIPT))
    assert client.workers.put("hello", UPLOAD).etag == "e"
    assert [line.split()[0] for line in api.asked] == ["PUT", "GET", "PUT"]


def test_a_lost_upload_that_never_succeeds_is_an_unknown_outcome(client, api):
    api.answers(*[httpx.ReadTimeout("slow"), no(404, 10007)] * 4)
    with pytest.raises(errors.UnknownOutcome, match="Run again"):
        client.workers.put("hello", UPLOAD)


def test_reading_back_that_fails_is_told(client, api):
    api.answers(httpx.ReadTimeout("slow"), no(403, 9109, "no"))
    with pytest.raises(errors.UnknownOutcome, match=r"reading back failed too.*9109"):
        client.workers.deploy("hello", SHARES)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (httpx.ConnectError("refused"), errors.Unreachable),
        (httpx.ReadTimeout("slow"), errors.Unreachable),
        (httpx.Response(503, json={"code": 10013, "error": "internal"}), errors.ServerError),
        (httpx.Response(200, text="{"), errors.Unreachable),
        (httpx.Response(522, html="<title>Timed out</title>"), errors.ServerError),
    ],
    ids=["refused", "silent", "503", "truncated", "522 page"],
)
def test_patience_ends_with_a_typed_error(client, api, fault, kind):
    api.answers(*[again(fault) for _time in range(4)])
    with pytest.raises(kind) as caught:
        client.workers.list()
    assert caught.value.__class__ is kind
    assert client.calls == 4


def test_deleting_what_a_lost_answer_already_deleted_is_fine(client, api):
    api.answers(httpx.ReadTimeout("slow"), no(404, 10007))
    client.workers.delete("hello")


def test_deleting_what_was_never_there_is_not_found(client, api):
    api.answers(no(404, 10007))
    with pytest.raises(errors.NotFound):
        client.workers.delete("hello")


def throttle(**headers: str) -> httpx.Response:
    return no(
        429, 10429, "slow down", headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry_after": formatdate(NOW - 30, usegmt=True)}, 0.0),
        ({"retry_after": "soon"}, 1.0),
        ({}, 1.0),
    ],
    ids=["seconds", "none", "date", "past date", "nonsense", "absent"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_429_is_waited_out_and_the_call_repeated(client, api, method, headers, pause):
    api.answers(throttle(**headers), ok([]) if method == "GET" else ok(ACTIVE))
    if method == "GET":
        client.workers.list()
    else:
        client.workers.deploy("hello", SHARES)
    assert api.slept == [pause]


@pytest.mark.parametrize(
    ("answers", "calls"),
    [([throttle(retry_after="3600")], 1), ([throttle(retry_after="1") for _time in range(6)], 6)],
    ids=["too long", "too often"],
)
def test_patience_with_429_is_bounded(client, api, answers, calls):
    api.answers(*answers)
    with pytest.raises(errors.RateLimited, match="the API asks for"):
        client.workers.list()
    assert client.calls == calls
    assert sum(api.slept) < 60


def test_a_429_holds_back_every_user_of_the_budget(api, make):
    budget = Budget(clock=lambda: api.now, sleep=api.sleep)
    api.answers(throttle(retry_after="20"), ok([]))
    with make(budget) as client:
        client.workers.list()
    assert api.slept == [20.0]


@pytest.mark.parametrize(("header", "slept"), [('"default";r=0;t=30', [30.0]), ('"default";r=1;t=30', [])])
def test_ratelimit_headers_are_honoured(api, make, header, slept):
    first = ok([])
    first.headers["Ratelimit"] = header
    api.answers(first, ok([]))
    with make(Budget(clock=lambda: api.now, sleep=api.sleep)) as client:
        client.workers.list()
        client.workers.list()
    assert api.slept == slept


def test_numbered_pages_are_followed(client, api):
    pages = [
        [{"id": str(n), "title": f"t{n}"} for n in range(first, last)] for first, last in ((0, 2), (2, 3))
    ]
    info = {"total_count": 3, "page": 1, "per_page": 2}
    api.answers(*(ok(page, result_info=info) for page in pages))
    assert len(client.kv.namespaces()) == 3
    assert [item.url.params["page"] for item in api.requests] == ["1", "2"]


def test_pages_that_the_server_makes_smaller_are_followed(client, api):
    full = ok([{"id": "1", "title": "a"}, {"id": "2", "title": "b"}], result_info={"per_page": 2})
    api.answers(full, ok([{"id": "3", "title": "c"}], result_info={"per_page": 2}))
    assert len(client.kv.namespaces()) == 3


def test_a_short_page_is_the_last_one(client, api):
    api.answers(ok([{"id": "1", "title": "t"}]))
    assert len(client.kv.namespaces()) == 1


def test_cursors_are_followed_and_a_circle_ends(client, api):
    page = [{"name": "k"}]
    cursors = ["a", "b", "a"]
    api.answers(*(ok(page, result_info={"cursor": cursor, "count": 1}) for cursor in cursors))
    assert len(client.kv.keys("ns")) == 3
    assert [item.url.params.get("cursor") for item in api.requests] == [None, "a", "b"]


def list_ten_times(client):
    for _time in range(10):
        client.workers.list()


def test_calls_are_counted_across_threads(api, make):
    api.answers(*(ok([]) for _time in range(80)))
    with make() as client:
        threads = [
            threading.Thread(target=lambda: [client.workers.list() for _time in range(10)])
            for _time in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert client.calls == 80


def test_names_are_quoted_into_one_segment(client, api):
    api.answers(no(404, 10007), no(404, 10009))
    with pytest.raises(errors.NotFound):
        client.workers.deployments("../../user?x=#")
    assert client.kv.get("ns", "a/b c") is None
    assert [item.url.raw_path.decode() for item in api.requests] == [
        "/client/v4/accounts/acc/workers/scripts/..%2F..%2Fuser%3Fx%3D%23/deployments",
        "/client/v4/accounts/acc/storage/kv/namespaces/ns/values/a%2Fb%20c",
    ]


def test_the_fake_api_notices_an_unexpected_call(api: Api, make):
    with make() as client, pytest.raises(AssertionError, match="unexpected"):
        client.workers.list()
