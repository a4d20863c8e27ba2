# SPDX-License-Identifier: GPL-3.0-or-later
"""The Secrets Store of the embedded edge: what is taken, what is refused, and that no value comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from embedded_edge.source import StoreSource
from embedded_edge.store import Store

STORES = "A/secrets_store/stores"
VALUE = "canary/stored+57="


def refused(answer: Any) -> tuple[int, int, str]:
    """Return status, code and message, and make sure that no value is in them."""
    assert VALUE not in answer.text
    (error,) = answer.json()["errors"]
    return answer.status_code, error["code"], error["message"]


def secret(name: str = "one", **more: Any) -> dict[str, Any]:
    """Return a secret as it is put."""
    return {"name": name, "value": VALUE, "scopes": ["workers"], **more}


@pytest.fixture
def place(api: Any) -> str:
    """Return the path of the secrets of a store."""
    return f"{STORES}/{api.result('POST', STORES, json={'name': 'default'})['id']}/secrets"


def test_an_account_has_one_store(api: Any) -> None:
    made = api.result("POST", STORES, json={"name": "default"})
    assert made.keys() == {"id", "name", "created", "modified", "account_id"}
    assert api.result("GET", STORES) == [made]
    assert refused(api("POST", STORES, json={"name": "more"})) == (400, 1003, "maximum_stores_exceeded")
    assert api.result("GET", f"{STORES}/{made['id']}") == made
    api.result("POST", f"{STORES}/{made['id']}/secrets", json=[secret()])
    assert refused(api("DELETE", f"{STORES}/{made['id']}"))[0] == 409
    api.result("DELETE", f"{STORES}/{made['id']}?force=true")
    assert refused(api("GET", f"{STORES}/{made['id']}")) == (404, 1001, "store_not_found")
    assert api.result("GET", "A/secrets_store/quota") == {"secrets": {"quota": 100, "usage": 0}}
    (again,) = api.result("POST", STORES, json=[{"name": "as a list"}])
    assert again["name"] == "as a list"


def test_a_secret_lives_and_is_never_shown(api: Any, place: str) -> None:
    (made,) = api.result("POST", place, json=[secret(comment="ours")])
    assert made == made | {"name": "one", "comment": "ours", "scopes": ["workers"], "status": "pending"}
    path = f"{place}/{made['id']}"
    answers = [api("GET", path), api("GET", place), api("PATCH", path, json={"comment": "mine"})]
    answers.append(api("POST", f"{path}/duplicate", json={"name": "two", "scopes": ["workers", "access"]}))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert not [answer for answer in answers if VALUE in answer.text or "value" in answer.json()["result"]]
    assert api.result("GET", path)["status"] == "active"
    assert api.result("GET", path)["comment"] == "mine"
    source = StoreSource(api.store)
    assert (source.secret(made["store_id"], "one"), source.secret(made["store_id"], "two")) == (VALUE, VALUE)
    api.result("PATCH", path, json={"value": "another"})
    assert source.secret(made["store_id"], "one") == "another"
    api.result("PATCH", path, json={"scopes": ["ai_gateway"]})
    assert source.secret(made["store_id"], "one") is None, "no Worker may read it"
    assert api.result("DELETE", path)["status"] == "deleted"
    assert refused(api("GET", path)) == (404, 1001, "secret_not_found")
    assert [item["name"] for item in api.result("GET", place)] == ["two"]


REFUSED = {
    "no list": ({"name": "one"}, "invalid_json_body"),
    "nothing": ([], "invalid_json_body"),
    "no name": ([{"value": VALUE, "scopes": ["workers"]}], "secret_name_empty"),
    "a blank in the name": ([secret("a b")], "secret_name_invalid"),
    "no value": ([{"name": "one", "scopes": ["workers"]}], "secret_value_empty"),
    "a value of bytes above the limit": (
        [secret(value=VALUE + "\u00e9" * 32 * 1024)],
        "secret_value_too_long",
    ),
    "no scope": ([secret(scopes=[])], "secret_scopes_empty"),
    "an unknown scope": ([secret(scopes=["pages"])], "secret_scope_invalid"),
    "a comment in numbers": ([secret(comment=7)], "secret_comment_invalid"),
}


@pytest.mark.parametrize(("body", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_makes_nothing(api: Any, place: str, body: Any, message: str) -> None:
    assert refused(api("POST", place, json=body)) == (400, 1001, message)
    assert api.result("GET", place) == []


def test_a_list_is_made_whole_or_not(api: Any, place: str) -> None:
    api.result("POST", place, json=[secret("two")])
    taken = api("POST", place, json=[secret("one"), secret("two")])
    assert refused(taken) == (409, 1003, "secret_name_already_exists")
    assert [item["name"] for item in api.result("GET", place)] == ["two"]
    many = [secret(f"s{number}") for number in range(100)]
    assert refused(api("POST", place, json=many)) == (400, 1003, "maximum_secrets_exceeded")
    api.result("POST", place, json=many[:99])
    assert api.result("GET", "A/secrets_store/quota")["secrets"]["usage"] == 100


def test_lists_are_paged_ordered_and_searched(api: Any, place: str) -> None:
    for name, scope in (("b", "workers"), ("a", "access"), ("c", "workers")):
        api.result("POST", place, json=[secret(name, scopes=[scope], comment=f"about {name}")])

    def names(query: str) -> list[str]:
        return [item["name"] for item in api.result("GET", f"{place}?{query}")]

    assert names("") == ["b", "a", "c"]
    assert names("order=name&direction=desc") == ["c", "b", "a"]
    assert names("search=ABOUT%20a") == ["a"]
    assert names("scopes=workers") == ["b", "c"]
    page = api("GET", f"{place}?order=name&per_page=2&page=2").json()
    assert ([item["name"] for item in page["result"]], page["result_info"]["total_count"]) == (["c"], 3)
    assert refused(api("GET", f"{place}?order=value"))[0] == 400


def test_a_binding_needs_a_secret_that_workers_may_read(api: Any, place: str) -> None:
    (made,) = api.result("POST", place, json=[secret()])
    bound = {
        "name": "KEY",
        "type": "secrets_store_secret",
        "store_id": made["store_id"],
        "secret_name": "one",
    }
    assert api.upload(bindings=[bound]).status_code == 200
    shown = api.result("GET", "A/workers/scripts/one/settings")["bindings"]
    assert shown == [bound]
    lost = refused(api.upload(bindings=[bound | {"secret_name": "gone"}]))
    assert lost[:2] == (400, 10021)
    assert "secret 'gone' of binding KEY is in no Secrets Store" in lost[2]
    api.result("PATCH", f"{place}/{made['id']}", json={"scopes": ["access"]})
    assert "lacks the scope 'workers'" in refused(api.upload(bindings=[bound]))[2]


@pytest.mark.parametrize("scope", ["Secrets Store Read", "Workers Scripts Write"])
def test_the_token_decides(api: Any, place: str, scope: str) -> None:
    token = api("POST", "/_embedded/tokens", json={"scopes": [scope]}).json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    assert api("GET", place, headers=headers).status_code == (200 if "Read" in scope else 403)
    assert api("POST", place, json=[secret()], headers=headers).status_code == 403


def test_it_outlives_a_restart_and_not_a_reset(tmp_path: Path) -> None:
    first = Store(tmp_path / "state.db")
    store = first.secrets_store.create_store("default")
    first.secrets_store.create(store.id, "one", VALUE, "", ("workers",))
    assert VALUE not in repr(first.secrets_store.secrets(store.id))
    first.close()
    again = Store(tmp_path / "state.db")
    assert [item.value for item in again.secrets_store.secrets(store.id)] == [VALUE]
    again.reset()
    assert again.secrets_store.stores() == []
    again.close()
