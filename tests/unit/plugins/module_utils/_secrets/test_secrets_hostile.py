# SPDX-License-Identifier: GPL-3.0-or-later
"""Every place of a decrypted file, and of what the ledger says of it, with what does not belong there.

It is refused in words, or it can be used: nothing in between.
"""

from __future__ import annotations

import base64
import copy
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger import DONE, GENESIS, Entry
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets import anchor, change
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.audit import audit
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.model import (
    Place,
    Secret,
    SecretError,
    Vault,
    Version,
    dump,
    parse,
    text,
)

PLACE, AT = Place("acme", "production"), "2026-11-24T12:00:00Z"
VERSIONS = {number: Version(f"value {number}", AT, "ada", "asked") for number in (1, 2, 3)}
VAULT = Vault(
    PLACE,
    3,
    base64.b64encode(b"k" * 32).decode(),
    f"1 {GENESIS}",
    {"token": Secret(2, 90, 3, VERSIONS, staged=3)},
)
NOT_THERE = "(nothing)"
ATOMS = [
    *(NOT_THERE, None, True, False, 0, -1, 1, 3, 10**30, 1.5, float("inf"), float("nan")),
    *("", "x", "1", "\u0663", "\ud800", "{{ x }}", "2026-13-45T99:99:99Z", "9999-12-31T23:59:59Z"),
    *([], {}, [1], {"a": 1}, {"1": None}),
]


def paths(value, path=()):
    yield path
    for name in value if isinstance(value, dict) else ():
        yield from paths(value[name], (*path, name))


def changed(data, path, atom):
    data = copy.deepcopy(data)
    place = data
    for name in path[:-1]:
        place = place[name]
    if atom is NOT_THERE:
        del place[path[-1]]
    else:
        place[path[-1]] = atom
    return data


def used(vault):
    """Everything that is done with a vault once it is open."""
    at = datetime.now(UTC)
    assert parse(text(vault), "here").digest == vault.digest
    plane = {"tenant": "acme", "environment": "production", "name": "acme-eu", "secrets": {}}
    audit([plane], {vault.place: vault}, at)
    for name, secret in vault.secrets.items():
        secret.stale(at)
        vault.fingerprint(name, secret.value)
        for work in (change.switch, change.revoke, change.remove):
            parse(text(work(vault, name).vault), "here")
        for work in (
            lambda name: change.put(vault, name, Version("new", AT, "ada", "asked"), 5, None),
            lambda name: change.stage(vault, name, Version("new", AT, "ada", "asked"), 5),
        ):
            parse(text(work(name).vault), "here")


@pytest.mark.parametrize("path", list(paths(dump(VAULT)))[1:], ids=".".join)
def test_what_is_decrypted_is_refused_or_can_be_used(path):
    refused = 0
    for atom in ATOMS:
        try:
            vault = parse(json.dumps(changed(dump(VAULT), path, atom)), "here")
        except SecretError:
            refused += 1
        else:
            used(vault)
    assert refused >= 5


SUBJECT = {
    "tenant": "acme",
    "environment": "production",
    "generation": 3,
    "digest": "d" * 64,
    "change": "put",
}


@pytest.mark.parametrize("name", ["generation", "digest"])
@pytest.mark.parametrize("atom", ATOMS, ids=repr)
def test_what_a_ledger_says_of_a_file_is_believed_or_not(name, atom):
    entry = Entry(1, AT, "ada", anchor.WRITES, DONE, SUBJECT, "asked", 0, GENESIS, GENESIS)
    wrong = replace(entry, subject=changed(SUBJECT, (name,), atom))
    if wrong.subject == SUBJECT:
        return
    if atom is not NOT_THERE and type(atom) is type(SUBJECT[name]):
        assert anchor.doubt(anchor.standing([wrong], PLACE), 3, "d" * 64)
    else:
        with pytest.raises(SecretError, match="Entry 1 of the ledger says nothing of the file"):
            anchor.standing([wrong], PLACE)
