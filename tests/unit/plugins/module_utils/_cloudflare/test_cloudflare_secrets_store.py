# SPDX-License-Identifier: GPL-3.0-or-later
"""What each call on the Secrets Store sends and understands, and that no error repeats a value."""

from __future__ import annotations

import httpx
import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.errors import (
    ApiError,
    UnknownOutcome,
    ValidationError,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.secrets_store import (
    New,
    Store,
    Stored,
)
from scripted_api import no, ok

ROOT = "/accounts/acc/secrets_store/stores"
VALUE = "canary/put+19="
NEW = New("one", VALUE, "ours")


def test_stores_and_secrets_are_listed(client, api):
    api.answers(ok([{"id": "s1", "name": "default"}]))
    assert client.secrets_store.stores() == (Store("s1", "default"),)
    api.answers(
        ok([{"id": "i1", "name": "one", "comment": "ours", "scopes": ["workers"]}, {"id": "i2", "name": "b"}])
    )
    assert client.secrets_store.secrets("s1") == (
        Stored("i1", "one", "ours", ("workers",)),
        Stored("i2", "b", "", ()),
    )
    assert api.asked == [f"GET {ROOT}", f"GET {ROOT}/s1/secrets"]


@pytest.mark.parametrize("answer", [{"id": "s1", "name": "default"}, [{"id": "s1", "name": "default"}]])
def test_a_store_is_made(client, api, answer):
    api.answers(ok(answer))
    assert client.secrets_store.create_store("default") == Store("s1", "default")
    assert api.body() == {"name": "default"}


def test_a_store_whose_answer_was_lost_is_read_back(client, api):
    api.answers(httpx.ReadError("gone"), ok([{"id": "s1", "name": "default"}]))
    assert client.secrets_store.create_store("default") == Store("s1", "default")
    assert api.asked == [f"POST {ROOT}", f"GET {ROOT}"]


def test_secrets_are_put_changed_and_removed(client, api):
    api.answers(ok([]), ok({}), ok({}))
    client.secrets_store.create("s1", [NEW])
    assert api.body() == [{"name": "one", "value": VALUE, "comment": "ours", "scopes": ["workers"]}]
    client.secrets_store.edit("s1", "i1", NEW)
    assert api.body() == {"value": VALUE, "comment": "ours", "scopes": ["workers"]}
    client.secrets_store.delete("s1", Stored("i1", "one", "", ()))
    assert api.asked == [
        f"POST {ROOT}/s1/secrets",
        f"PATCH {ROOT}/s1/secrets/i1",
        f"DELETE {ROOT}/s1/secrets/i1",
    ]


def test_what_may_have_been_put_is_not_put_again(client, api):
    api.answers(httpx.ReadError("gone"))
    with pytest.raises(UnknownOutcome):
        client.secrets_store.create("s1", [NEW])
    assert len(api.requests) == 1


@pytest.mark.parametrize(("call", "options"), [("create", ["s1", [NEW]]), ("edit", ["s1", "i1", NEW])])
def test_an_error_that_repeats_the_value_is_masked(client, api, call, options):
    api.answers(no(400, 1001, f"the value {VALUE} is bad"))
    with pytest.raises(ValidationError) as failed:
        getattr(client.secrets_store, call)(*options)
    assert VALUE not in f"{failed.value} {failed.value!r} {failed.value.as_dict()}"
    assert "secret" in str(failed.value)
    assert VALUE not in repr(NEW)


def test_an_odd_answer_is_an_error_of_the_api(client, api):
    api.answers(ok([{"name": "without an id"}]))
    with pytest.raises(ApiError):
        client.secrets_store.stores()
