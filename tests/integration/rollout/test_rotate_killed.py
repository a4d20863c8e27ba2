# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation that is killed at every arrow: what every plane has is accepted then, and the next run ends it.

The third party knows which versions it accepts; it is told of new and revoked ones by the rotation itself.
"""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.vault import VaultSecret
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._ledger import Ledger
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.model import Place
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._secrets.store import Store
from ansible_collections.adsengineer.orchestrator.plugins.plugin_utils._vault import Passwords
from secret_tools import ONE, TWO, digest
from test_relayed_secrets import used
from third_party import Accepting

pytestmark = pytest.mark.edge
PLANES = ("acme-eu", "acme-us")
ROTATE = {
    "rotate_tenant": "acme",
    "rotate_environment": "production",
    "rotate_name": "token",
    "edge_verify": "false",
}
#: Where it is killed, how, and by how many versions the store is further when the next run has ended.
STAGING = [
    ("staging: entered, not written", "write", "before:acme.vault:1", 1),
    ("staged, not entered as done", "write", "after:acme.vault:1", 1),
    ("before it is added", "third party", "before add", 1),
    ("added, not known here", "third party", "after add", 1),
    ("verifying", "third party", "before verify", 1),
    ("switching: entered, not written", "write", "before:acme.vault:2", 1),
    ("switched, not entered as done", "write", "after:acme.vault:2", 2),
]
REVOKING = [
    ("in the grace period", "said", "Let both versions be valid", 2),
    ("before it is revoked", "third party", "before revoke", 2),
    ("revoked, not known here", "third party", "after revoke", 2),
    ("forgetting: entered, not written", "write", "before:acme.vault:3", 2),
    ("forgotten, not entered as done", "write", "after:acme.vault:3", 2),
]
BOUND = [
    ("before the first upload", "call", ("POST", "acme-eu-gateway/versions", 0), 2),
    ("uploaded, nothing deployed", "call", ("POST", "acme-eu-gateway/deployments", 0), 2),
    ("between the steps of the canary", "call", ("POST", "acme-eu-gateway/deployments", 2), 2),
    ("between the regions", "call", ("POST", "acme-us-gateway/(versions|deployments)", 0), 2),
]
RELAYED = [
    ("before the first envelope", "call", ("PUT", "/(bulk|values/)", 0), 2),
    ("between the envelopes", "call", ("PUT", "/(bulk|values/)", 1), 2),
]


class Rotation:
    """Rotations of one secret of two planes, and what is true after each."""

    def __init__(self, secretive: Any, kind: str, grace: str) -> None:
        self.secretive, self.site, self.kind = secretive, secretive.site, kind
        self.third_party = Accepting()
        self.prefix = "Bearer " if kind == "relayed" else ""
        self.variables = ROTATE | self.third_party.tasks(secretive.folder, self.prefix)
        self.variables |= {"rotate_generate": "hex", "rotate_grace": grace}

    def begin(self) -> None:
        """Deploy the first version, which the third party accepts."""
        name = {"bound": "TOKEN", "relayed": "SINK_TOKEN"}[self.kind]
        self.site.declare({name: {"kind": self.kind, "from": "token"}})
        self.secretive.secret(name="token", value=ONE)
        self.third_party.accepted = {digest(self.prefix + ONE)}
        first = self.site.play("site", edge_release="v1", edge_verify="false")
        assert first.code == 0, first.output
        self.secretive.until(lambda: set(self.has().values()) == self.third_party.accepted)

    def has(self) -> dict[str, str]:
        """The digest of what each plane would send to the third party."""
        if self.kind == "relayed":
            return {plane: used(self.secretive, plane) for plane in PLANES}
        return {plane: self.secretive.has(plane, "TOKEN") for plane in PLANES}

    def works(self) -> None:
        """What each plane has now is accepted: the old version, or the new one."""
        assert set(self.has().values()) <= self.third_party.accepted
        assert len(self.third_party.accepted) <= 3

    def stored(self) -> Any:
        """The secret, from the store as it lies there."""
        codec = Passwords([("acme-production", VaultSecret(b"correct horse battery"))])
        store = Store(self.site.folder / "secrets", Ledger(self.site.folder / "ledger.jsonl", "test"), codec)
        return store.read(Place("acme", "production")).secrets["token"]

    def killed(self, how: str, where: Any) -> None:
        if how == "write":
            self.site.die_at(where, "rotate", **self.variables)
        elif how == "said":
            said = self.site.killed_log
            self.site.kill_when(lambda: where in said(), "rotate", **self.variables | {"rotate_grace": "60"})
        elif how == "third party":
            self.third_party.at(where)
            self.site.kill_when(self.third_party.held.is_set, "rotate", **self.variables)
            self.third_party.at("")
        else:
            method, path, skip = where
            self.site.fault(method, path, "hang", skip=skip)
            self.site.kill_when(lambda: self.site.hits() > 0, "rotate", **self.variables)
            self.site.no_faults()

    def again(self) -> None:
        """Run it undisturbed: afterwards one version is everywhere, and nothing else is anywhere."""
        run = self.site.play("rotate", **self.variables)
        assert run.code == 0, run.output
        self.works()
        secret = self.stored()
        assert (list(secret.versions), secret.staged) == ([secret.current], 0)
        last = digest(self.prefix + secret.value)
        assert self.third_party.accepted == {last}
        assert set(self.has().values()) == {last}


@pytest.fixture
def rotation(secretive, monkeypatch):
    monkeypatch.setenv("ANSIBLE_VAULT_IDENTITY_LIST", f"acme-production@{secretive.folder}/password")
    group = secretive.folder / "group_vars"
    group.mkdir()
    (group / "all.yml").write_text((secretive.folder / "variables.yml").read_text())
    made = []

    def start(kind: str, grace: str) -> Rotation:
        made.append(Rotation(secretive, kind, grace))
        made[0].begin()
        return made[0]

    yield start
    made[0].third_party.close()


@pytest.mark.parametrize(
    ("kind", "grace", "points"),
    [
        ("bound", "0", [*STAGING, *BOUND, *REVOKING]),
        # The staging is the same; a new envelope is seen when KV shows it.
        ("relayed", "40", [STAGING[-1], *RELAYED, *REVOKING[1:3]]),
    ],
    ids=["bound", "relayed"],
)
def test_one_version_works_wherever_it_is_killed_and_the_next_run_ends_it(rotation, kind, grace, points):
    made = rotation(kind, grace)
    for point, how, where, further in points:
        print(point)
        before = made.stored().newest
        made.killed(how, where)
        made.works()
        made.again()
        assert made.stored().current == before + further, point


def test_a_value_that_was_switched_to_is_brought_everywhere_by_the_same_command(rotation, secretive):
    """A file has no other value for the second run: it goes on with the version that is current."""
    made = rotation("bound", "0")
    value = secretive.folder / "value"
    value.write_text(TWO)
    del made.variables["rotate_generate"]
    made.variables["rotate_value_file"] = str(value)
    made.killed("write", "after:acme.vault:2")
    made.works()
    made.again()
    assert (made.stored().value, made.stored().current) == (TWO, 2)
    value.unlink()
