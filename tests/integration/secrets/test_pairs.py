# SPDX-License-Identifier: GPL-3.0-or-later
"""Random pairs of tenants: what is of the one is refused where the other one's is expected, and that is said.

Each test prints its seed; SECRETS_SEED repeats one.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import subprocess
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.envelope import (
    Context,
    Signer,
    opened,
    seal,
    turned,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.model import SecretError
from test_secret_modules import OTHER, VALUE, folder, from_file

ROOT = Path(__file__).resolve().parents[3]
TENANTS, REGIONS, NAMES = ("acme", "globex", "initech"), ("eu", "us"), ("TOKEN", "OTHER")
SECRET = "adsengineer.orchestrator.secret"
PLACES = [(tenant, environment) for tenant in TENANTS for environment in ("production", "staging")]
__all__ = ["folder"]


@pytest.fixture
def chance():
    seed = int(os.environ.get("SECRETS_SEED") or random.randrange(2**32))
    print("SECRETS_SEED", seed)
    return random.Random(seed)


def letter(chance, keys, signers):
    """An envelope of somebody, with the context that it is sealed for."""
    tenant, region = chance.choice(TENANTS), chance.choice(REGIONS)
    ring = keys[tenant, region]
    context = Context(
        tenant,
        region,
        f"{tenant}-{region}-gateway",
        chance.choice(NAMES),
        1,
        chance.randrange(3),
        ring.current,
    )
    return context, seal(context, f"value of {tenant}", ring.public, signers[tenant])


def relabelled(chance, envelope, wanted):
    """The envelope as it is, or with any of its words changed to those that are expected."""
    data = json.loads(envelope)
    for field in ("tenant", "region", "worker", "name", "key"):
        if chance.random() < 0.5:
            data[field] = asdict(wanted)[field]
    return json.dumps(data)


def passwords():
    """The options by which every place opens, all by one password."""
    return [word for one, other in PLACES for word in ("--vault-id", f"{one}-{other}@password")]


def everywhere(folder):
    """Tasks that put a secret in every place."""
    value = from_file(folder, VALUE)
    return [{"tenant": one, "environment": other, "name": "token", **value} for one, other in PLACES]


def term(tenant, environment):
    return f"{{{{ lookup('{SECRET}', '{tenant}/token', environment='{environment}') }}}}"


def said(folder):
    """What Ansible's log has of the last run, which is forgotten then."""
    path = folder.path / "ansible.log"
    text = path.read_text()
    path.unlink()
    return text


def test_no_envelope_opens_for_another_than_whom_it_is_for(chance):
    """Sealed in Python, opened by the gateway's code and by Python: both open and refuse the same."""
    signers = {tenant: Signer.made() for tenant in TENANTS}
    keys = {pair: turned(None, signers[pair[0]]) for pair in itertools.product(TENANTS, REGIONS)}
    asked, expected = [], []
    for _time in range(400):
        (sent, envelope), (wanted, _other) = (letter(chance, keys, signers) for _one in range(2))
        if chance.random() < 0.2:
            wanted = sent
        shown = relabelled(chance, envelope, wanted) if chance.random() < 0.7 else envelope
        ring = keys[wanted.tenant, wanted.region]
        if chance.random() < 0.3:
            # As if one tenant's Worker had the other's keys as well: the words alone refuse it then.
            theirs = keys[sent.tenant, sent.region]
            ring = replace(ring, keys=theirs.keys, signers={**ring.signers, **theirs.signers})
        who = {"tenant": wanted.tenant, "region": wanted.region, "worker": wanted.worker}
        asked.append({"envelope": shown, "name": wanted.name, "self": who, "ring": ring.text()})
        same = replace(wanted, sequence=sent.sequence, key=sent.key) == sent and json.loads(
            shown
        ) == json.loads(envelope)
        expected.append(f"value of {sent.tenant}" if same and sent.key in ring.keys else None)
        try:
            by_python = opened(
                replace(wanted, sequence=sent.sequence, key=json.loads(shown)["key"]), shown, ring
            )
        except SecretError:
            by_python = None
        assert by_python == expected[-1]
    node = shutil.which("node")
    assert node, "node is needed, see CONTRIBUTING.md"
    done = subprocess.run(
        [node, ROOT / "tests/vectors/open.mjs"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    told = json.loads(done.stdout)
    assert [one.get("value") for one in told] == expected
    reasons = Counter(one["refused"] for one in told if "refused" in one)
    assert not [reason for reason in reasons if reason.startswith("defect")]
    for word in ("another tenant", "another region", "another name", "does not have", "signature"):
        assert any(word in reason for reason in reasons), (word, reasons)
    assert expected.count(None) > 200
    assert len(expected) - expected.count(None) > 40


def test_no_vault_file_opens_in_the_place_of_another(folder, chance):
    """Moved, with and without its label, among places with one password: refused, and in Ansible's log."""
    known = passwords()
    folder.run(*everywhere(folder), options=known)
    for source, target in chance.sample(list(itertools.permutations(PLACES, 2)), 5):
        there = folder.path / f"secrets/{target[1]}/{target[0]}.vault"
        kept, moved = (
            there.read_bytes(),
            (folder.path / f"secrets/{source[1]}/{source[0]}.vault").read_bytes(),
        )
        label = f"$ANSIBLE_VAULT;1.2;AES256;{target[0]}-{target[1]}"
        relabelled = label.encode() + b"\n" + moved.partition(b"\n")[2]
        holds = f"it holds the secrets of {source[0]} in {source[1]}, not of {target[0]} in {target[1]}"
        for shown, why in ((moved, f"first line should be '{label}'"), (relabelled, holds)):
            there.write_bytes(shown)
            where = {"tenant": target[0], "environment": target[1], "name": "token", "state": "rotated"}
            folder.run(
                {"name": "Use it", "ansible.builtin.debug": {"msg": term(*target)}, "ignore_errors": True},
                {"name": "Rotate it", SECRET: where | from_file(folder, OTHER)},
                options=known,
                expect=2,
                log="ansible.log",
            )
            assert said(folder).count(why) >= 2
            assert there.read_bytes() == shown, "nothing was written over it"
        there.write_bytes(kept)
    assert len(folder.ledger()) == 2 * len(PLACES)


def test_a_password_opens_no_other_tenants_secrets(folder, chance):
    """A run that was given one tenant's password, and asks for another's by lookup and by module."""
    pairs = chance.sample(list(itertools.permutations(PLACES, 2)), 4)
    folder.run(*everywhere(folder), options=passwords())
    before = folder.ledger()
    for own, other in pairs:
        where = {"tenant": other[0], "environment": other[1]}
        enough = f"{term(*own)[3:-3]} | length == {len(VALUE)}"
        output = folder.run(
            {"name": "Its own", "ansible.builtin.assert": {"that": enough}},
            {"name": "Look it up", "ansible.builtin.debug": {"msg": term(*other)}, "ignore_errors": True},
            {"name": "Ask for it", f"{SECRET}_info": where, "ignore_errors": True},
            {"name": "Remove it", SECRET: where | {"name": "token", "state": "absent"}},
            vault_id=f"{own[0]}-{own[1]}",
            expect=2,
            log="ansible.log",
        )
        assert "All assertions passed" in output
        assert said(folder).count(f"--vault-id {other[0]}-{other[1]}@") >= 3
    assert folder.ledger() == before
