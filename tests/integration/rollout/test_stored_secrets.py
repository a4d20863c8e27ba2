# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in the account's Secrets Store end to end: declared, brought there, read by Workers in workerd."""

from __future__ import annotations

import json

import pytest
from secret_tools import EU, ONE, TWO, digest

pytestmark = pytest.mark.edge
DECLARED = {"TOKEN": {"kind": "secrets_store"}}


class Account:
    """The Secrets Store past the collection, as a dashboard has it."""

    def __init__(self, edge):
        self.edge, self.root = edge, f"accounts/{edge.account_id}/secrets_store/stores"

    def ask(self, method, path="", **options):
        with self.edge.client() as client:
            answer = client.request(method, f"{self.edge.base_url}/{self.root}{path}", **options)
        answer.raise_for_status()
        return answer.json()["result"]

    def secrets(self):
        return {item["name"]: item for store in self.ask("GET") for item in self.of(store["id"])}

    def of(self, store):
        return self.ask("GET", f"/{store}/secrets", params={"per_page": 100})

    def put(self, name, value):
        stores = self.ask("GET") or [self.ask("POST", json={"name": "default"})]
        body = [{"name": name, "value": value, "scopes": ["workers"], "comment": "by hand"}]
        self.ask("POST", f"/{stores[0]['id']}/secrets", json=body)


@pytest.fixture
def account(secretive):
    return Account(secretive.site.edge)


def stored(secretive, plane):
    """What a plane's health tells of its secrets in the Secrets Store."""
    return secretive.site.edge.get(f"{plane}.{secretive.site.edge.zone}", "/healthz").json().get("stored")


def name(version, secret="token"):
    return f"acme__production__{secret}__{version}"


def test_declared_brought_read_rotated_and_undone_with_its_release(secretive, account):
    secretive.site.declare(DECLARED)
    secretive.secret(name="token", value=ONE)
    checked = secretive.play("site", "--check", edge_release="v1")
    assert checked.code == 0, checked.output
    assert (checked.writes, account.secrets()) == ([], {})
    assert name(1) in checked.output

    first = secretive.play("site", edge_release="v1")
    assert first.code == 0, first.output
    assert account.secrets().keys() == {name(1)}
    assert secretive.has("acme-eu", "TOKEN") == secretive.has("acme-us", "TOKEN") == digest(ONE)
    assert stored(secretive, "acme-eu") == {"TOKEN": {}}
    assert stored(secretive, "globex-eu") is None
    again = secretive.play("site", edge_release="v1")
    assert "6 unchanged" in again.output
    assert again.writes == []
    reads = [call for call in again.calls if "secrets_store" in call[1]]
    assert len(reads) == 2, "two calls, however many planes"

    secretive.secret(name="token", value=TWO, state="rotated")
    bad = secretive.play("deploy", "-e", '{"edge_probes": [{"path": "/healthz", "status": 418}]}')
    assert bad.code != 0
    assert secretive.has("acme-eu", "TOKEN") == digest(ONE)
    rotated = secretive.play("deploy", edge_release="v1")
    assert rotated.code == 0, rotated.output
    assert "4 unchanged, 2 update" in rotated.output
    assert secretive.has("acme-eu", "TOKEN") == secretive.has("acme-us", "TOKEN") == digest(TWO)
    assert account.secrets().keys() == {name(1), name(2)}

    back = secretive.play("rollback")
    assert back.code == 0, back.output
    assert secretive.has("acme-eu", "TOKEN") == secretive.has("acme-us", "TOKEN") == digest(ONE)
    ahead = secretive.play("deploy", edge_release="v1")
    assert ahead.code == 0, ahead.output
    assert secretive.has("acme-us", "TOKEN") == digest(TWO)


def test_what_is_not_ours_stays_and_what_is_forgotten_goes(secretive, account):
    account.put("STRIPE_KEY", "of somebody else")
    account.put(name(7), "of somebody else, by a name of ours")
    secretive.site.declare({**DECLARED, "OTHER": {"kind": "secrets_store"}})
    secretive.secret(name="token", value=ONE)
    secretive.secret(name="other", value=TWO)
    first = secretive.play("site", edge_release="v1")
    assert first.code == 0, first.output
    secretive.secret(name="token", value=TWO, state="staged")
    secretive.secret(name="token", state="switched")
    assert secretive.play("site", edge_release="v2").code == 0
    assert account.secrets().keys() == {"STRIPE_KEY", name(7), name(1), name(2), name(1, "other")}

    # The vault file forgets a version; a run that leaves a plane out knows too little to remove anything.
    secretive.secret(name="token", state="revoked")
    part = secretive.play("deploy", "--limit", "acme-eu", edge_release="v2")
    assert part.code == 0, part.output
    assert name(1) in account.secrets()
    secretive.site.declare(DECLARED)
    told = secretive.play("deploy", edge_release="v2")
    assert told.code == 0, told.output
    assert f"secrets of the Secrets Store that nobody declares stay: {name(1, 'other')}" in told.output
    assert account.secrets().keys() == {"STRIPE_KEY", name(7), name(2), name(1, "other")}
    gone = secretive.play("deploy", edge_release="v2", edge_undeclared_secrets="remove")
    assert gone.code == 0, gone.output
    assert account.secrets().keys() == {"STRIPE_KEY", name(7), name(2)}

    # The last declaration goes too.
    secretive.site.declare({})
    last = secretive.play("deploy", edge_release="v2", edge_undeclared_secrets="remove")
    assert last.code == 0, last.output
    assert account.secrets().keys() == {"STRIPE_KEY", name(7)}
    assert {item["comment"] for item in account.secrets().values()} == {"by hand"}
    settled = secretive.play("deploy", edge_release="v2", edge_undeclared_secrets="remove")
    assert settled.writes == []


def test_a_taken_name_is_refused_before_anything_is_written(secretive, account):
    account.put(name(1), "of somebody else")
    secretive.site.declare(DECLARED)
    secretive.secret(name="token", value=ONE)
    refused = secretive.play("site", edge_release="v1")
    assert refused.code != 0
    assert "does not come from the vault file of acme in production" in " ".join(refused.output.split())
    assert refused.writes == []


@pytest.mark.parametrize("more", [{}, {"store": "0" * 32}], ids=["ours", "somebody else's"])
def test_a_name_that_is_given_as_well_is_refused_before_anything_is_uploaded(secretive, more):
    secretive.site.declare({"TOKEN": DECLARED["TOKEN"] | more})
    secretive.secret(name="token", value=ONE)
    given = json.dumps({"edge_secrets": {"acme-eu-gateway": {"TOKEN": "x"}}})
    run = secretive.play("site", "-e", given, edge_release="v1")
    assert run.code != 0
    assert "TOKEN of acme-eu-gateway is declared in the topology, and given" in " ".join(run.output.split())
    assert not [path for _method, path in run.writes if "/workers/" in path]


def test_what_was_lost_there_is_told_and_brought_back(secretive, account):
    secretive.site.declare(DECLARED)
    secretive.secret(name="token", value=ONE)
    assert secretive.play("site", edge_release="v1").code == 0
    lost = account.secrets()[name(1)]
    account.ask("DELETE", f"/{lost['store_id']}/secrets/{lost['id']}")
    secretive.until(lambda: "problem" in stored(secretive, "acme-eu")["TOKEN"])
    again = secretive.play("site", edge_release="v1")
    assert "6 unchanged" in again.output
    assert account.secrets().keys() == {name(1)}
    secretive.until(lambda: stored(secretive, "acme-eu") == {"TOKEN": {}})


def test_a_secret_that_somebody_else_looks_after_is_only_bound(secretive, account):
    account.put("STRIPE_KEY", ONE)
    (store,) = account.ask("GET")
    secretive.site.declare({"TOKEN": {"kind": "secrets_store", "from": "STRIPE_KEY", "store": store["id"]}})
    run = secretive.play("site", password=False, edge_release="v1")
    assert run.code == 0, run.output
    assert secretive.has("acme-eu", "TOKEN") == digest(ONE)
    assert not [call for call in run.calls if "secrets_store" in call[1]]


def test_no_value_is_in_what_is_said_nor_in_any_file(secretive, account):
    secretive.site.declare(DECLARED)
    secretive.secret(name="token", value=ONE)
    assert secretive.play("site", "--diff", edge_release="v1").code == 0
    with secretive.site.edge.client() as client:
        root = f"{secretive.site.edge.base_url}/accounts/{secretive.site.edge.account_id}"
        version = client.get(f"{root}/workers/scripts/{EU}/settings").json()
    (bound,) = [item for item in version["result"]["bindings"] if item["name"] == "TOKEN"]
    assert bound["type"] == "secrets_store_secret"
    assert bound["secret_name"] == name(1)
    shown = json.dumps([version, account.secrets()])
    assert ONE not in secretive.said + shown
    files = [path for path in secretive.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if ONE.encode() in path.read_bytes()]
    ledger = (secretive.folder / "ledger.jsonl").read_text()
    assert '"secrets.store"' in ledger
    assert name(1) in ledger
