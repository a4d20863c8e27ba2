# SPDX-License-Identifier: GPL-3.0-or-later
"""From what a topology declares to the versions and values of the store."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.declared import (
    BOUND,
    KEPT,
    Pin,
    digests,
    every_value,
    names,
    pinned,
    places,
    values,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.model import (
    Place,
    Secret,
    SecretError,
    Vault,
    Version,
)

ACME = Place("acme", "production")
KEY = base64.b64encode(bytes(32)).decode()


def version(value):
    return Version(value, "2026-11-24T12:00:00Z", "ada", "asked")


VAULT = Vault(ACME, 1, KEY, "", {"token": Secret(2, 0, 2, {1: version("one"), 2: version("two")})})


def read(where):
    if where != ACME:
        raise SecretError(f"There are no secrets of {where}")
    return VAULT


def plane(region, **secrets):
    declared = {name: {"kind": kind, "from": source} for name, (kind, source) in secrets.items()}
    return {
        "tenant": "acme",
        "environment": "production",
        "worker": f"acme-{region}-gateway",
        "secrets": declared,
    }


def test_a_plan_pins_the_current_version_and_an_upload_takes_that_one():
    pins = pinned([plane("eu", TOKEN=(BOUND, "token")), plane("us")], BOUND, read)
    assert {worker: {name: str(pin) for name, pin in items.items()} for worker, items in pins.items()} == {
        "acme-eu-gateway": {"TOKEN": "production/acme/token@2"}
    }
    assert values({"w": {"TOKEN": Pin.parse("production/acme/token@1")}}, read) == {"w": {"TOKEN": "one"}}


def test_digests_tell_workers_bindings_and_values_apart_and_no_value():
    pin, other = Pin(ACME, "token", 2), Pin(ACME, "token", 1)
    found = digests({"a": {"X": pin, "Y": pin, "Z": other}, "b": {"X": pin}}, read)
    every = [digest for items in found.values() for digest in items.values()]
    assert len(set(every)) == 4
    assert found == digests({"a": {"X": pin, "Y": pin, "Z": other}, "b": {"X": pin}}, read)


def test_all_that_is_missing_is_told_at_once():
    planes = [plane("eu", A=(BOUND, "nope"), B=(BOUND, "nix")), plane("us", A=(BOUND, "nope"))]
    with pytest.raises(SecretError) as caught:
        pinned(planes, BOUND, read)
    told = str(caught.value)
    assert "nope of acme in production (A of acme-eu-gateway)" in told
    assert "nix of acme in production (B of acme-eu-gateway)" in told
    assert "(A of acme-us-gateway)" in told


@pytest.mark.parametrize("text", ["production/acme/token@9", "production/acme/gone@1"])
def test_a_version_that_is_gone_asks_for_another_plan(text):
    with pytest.raises(SecretError, match=r"no longer kept\. Plan again"):
        Pin.parse(text).value(read)


@pytest.mark.parametrize("text", ["", "token@1", "a/b/c@0", "a/b/c/d@1", "../b/c@1"])
def test_what_is_no_pin_is_refused(text):
    with pytest.raises(SecretError):
        Pin.parse(text)


def test_kinds_are_apart_and_every_kept_value_is_known_for_masking():
    planes = [plane("eu", A=(KEPT, "a"), B=(BOUND, "token")), plane("us")]
    assert names(planes, KEPT) == {"acme-eu-gateway": ("A",)}
    assert places(planes) == [ACME]
    assert sorted(every_value([ACME], read)) == ["one", "two"]
