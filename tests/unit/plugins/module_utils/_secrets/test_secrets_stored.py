# SPDX-License-Identifier: GPL-3.0-or-later
"""Which secrets stand in the account's Secrets Store, what has to be put there, and what is left over."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.secrets_store import (
    New,
    Stored,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets import stored
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.declared import (
    FOREIGN,
    STORED,
    Pin,
    kind_of,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.model import (
    Place,
    Secret,
    SecretError,
    Vault,
    Version,
)

ACME = Place("acme", "production")
VALUE = "canary-stored-4c1d"


def vault(key=0, **secrets):
    made = {
        name: Secret(
            max(numbers), 0, max(numbers), {n: Version(f"{VALUE}-{n}", "", "ada", "") for n in numbers}
        )
        for name, numbers in secrets.items()
    }
    return Vault(ACME, 1, base64.b64encode(bytes([key]) * 32).decode(), "", made)


def pins(*versions, name="token"):
    return {f"worker-{version}": {"TOKEN": Pin(ACME, name, version)} for version in versions}


def standing(found, versions, name="token", scopes=("workers",)):
    """What stands there after these versions were put."""
    due = stored.change(pins(*versions, name=name), lambda _where: found, ())
    return [Stored(f"id-{new.name}", new.name, new.comment, scopes) for new in due.new]


def test_each_version_has_a_name_and_nothing_shows_its_value():
    due = stored.change(pins(1, 2), lambda _where: vault(token=[1, 2]), ())
    assert [new.name for new in due.new] == ["acme__production__token__1", "acme__production__token__2"]
    assert [new.value for new in due.new] == [f"{VALUE}-1", f"{VALUE}-2"]
    assert VALUE not in repr(due)
    assert not [new for new in due.new if VALUE in new.comment]
    assert len({new.comment for new in due.new}) == 2
    assert due.edited == ()


NAMES = [
    (Pin(Place("acme", "production"), "token", 1), "acme__production__token__1"),
    (Pin(Place("a-b", "c"), "d__e.f-g", 12), "a-b__c__d__e.f-g__12"),
    (Pin(Place("a", "b-c"), "d", 3), "a__b-c__d__3"),
]


@pytest.mark.parametrize(("pin", "name"), NAMES)
def test_a_name_is_read_back(pin, name):
    assert stored.name_of(pin) == name
    assert stored.pin_of(name) == pin


@pytest.mark.parametrize("name", ["STRIPE_KEY", "acme__production__token", "acme__production__token__0", ""])
def test_a_name_of_somebody_else_is_none(name):
    assert stored.pin_of(name) is None


def test_what_stands_there_is_left_alone():
    found = vault(token=[1])
    assert stored.change(pins(1), lambda _where: found, standing(found, [1])) == stored.Change((), ())


def test_another_comment_or_scope_is_corrected():
    """Somebody has changed it by hand."""
    found = vault(token=[1])
    (item,) = standing(found, [1])
    for odd in (
        Stored(item.id, item.name, f"{item.comment}0", item.scopes),
        Stored(item.id, item.name, item.comment, ("access",)),
    ):
        ((secret, new),) = stored.change(pins(1), lambda _where: found, [odd]).edited
        assert (secret, new) == (item.id, New(item.name, f"{VALUE}-1", item.comment))


def test_a_number_that_had_another_value_is_refused_as_workers_may_read_it():
    """A secret that was removed and put again begins with 1 again."""
    before = vault(token=[1])
    again = replace(
        before, secrets={"token": Secret(1, 0, 1, {1: Version("canary-again-77a0", "", "ada", "")})}
    )
    with pytest.raises(SecretError, match=r"acme__production__token__1.*Rotate it") as refused:
        stored.change(pins(1), lambda _where: again, standing(before, [1]))
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("comment", ["", "mine", f"{stored.MARK} 0123456789abcdef 0123456789ab"])
def test_a_name_that_somebody_else_has_is_refused(comment):
    other = Stored("id", "acme__production__token__1", comment, ("workers",))
    with pytest.raises(SecretError, match="does not come from the vault file of acme in production"):
        stored.change(pins(1), lambda _where: vault(token=[1]), [other])


def test_another_vault_file_is_somebody_else():
    with pytest.raises(SecretError, match="does not come from the vault file"):
        stored.change(pins(1), lambda _where: vault(token=[1]), standing(vault(1, token=[1]), [1]))


def test_what_is_left_over():
    before = vault(token=[1, 2], other=[1])
    there = [*standing(before, [1, 2]), *standing(before, [1], name="other")]
    strangers = [
        Stored("s1", "STRIPE_KEY", "", ("workers",)),
        Stored("s2", "acme__production__token__9", "by hand", ("workers",)),
        *standing(vault(1, token=[7]), [7]),
    ]

    def left(now, *declared, name="token"):
        found = stored.leftover(pins(*declared, name=name), {ACME: now}, [*there, *strangers])
        return [
            [item.name.split("__", 2)[2] for item in kind] for kind in (found.undeclared, found.forgotten)
        ]

    assert left(before, 2) == [["other__1"], []]
    assert left(before) == [["token__1", "token__2", "other__1"], []]
    assert left(vault(token=[2], other=[1]), 2) == [["other__1"], ["token__1"]]
    assert left(vault(token=[2]), 2) == [["other__1"], ["token__1"]]
    assert stored.leftover({}, {}, [*there, *strangers]) == stored.Leftover((), ())


def test_what_a_newer_vault_file_has_put_is_not_left_over():
    newer, older = vault(token=[2, 3]), vault(token=[2])
    assert stored.leftover(pins(2), {ACME: older}, standing(newer, [2, 3])) == stored.Leftover((), ())


def test_whose_they_may_be_is_told_by_name_and_mark():
    found = vault(token=[1])
    assert stored.homes(standing(found, [1])) == {ACME}
    assert stored.homes([Stored("id", "acme__production__token__1", "by hand", ())]) == set()


def test_with_the_id_of_a_store_it_is_somebody_elses_secret():
    assert kind_of({"kind": STORED}) == STORED
    assert kind_of({"kind": STORED, "store": None}) == STORED
    assert kind_of({"kind": STORED, "store": "0" * 32}) == FOREIGN
