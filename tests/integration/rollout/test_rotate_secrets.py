# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation by its playbook: under load, stopped by a check, killed on its way, and what the audit tells."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
import yaml
from secret_tools import EU, ONE, TWO, digest

pytestmark = pytest.mark.edge
ROTATE = {"rotate_tenant": "acme", "rotate_environment": "production", "rotate_name": "token"}


class Load:
    """Asks a plane again and again while something else happens, and counts the answers."""

    def __init__(self, secretive, plane):
        self.answers, self._over = Counter(), threading.Event()
        self._thread = threading.Thread(target=self._run, args=(secretive, plane))

    def _run(self, secretive, plane):
        edge = secretive.site.edge
        while not self._over.is_set():
            answer = edge.get(f"{plane}.{edge.zone}", "/healthz")
            self.answers[answer.status_code] += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_details):
        self._over.set()
        self._thread.join()


def test_rotated_under_load_stopped_killed_and_audited(secretive, monkeypatch):
    monkeypatch.setenv("ANSIBLE_VAULT_IDENTITY_LIST", f"acme-production@{secretive.folder}/password")
    group = secretive.folder / "group_vars"
    group.mkdir()
    (group / "all.yml").write_text((secretive.folder / "variables.yml").read_text())
    secretive.site.declare({"TOKEN": {"rotate_after": 30}, "GONE": {}})
    secretive.secret(name="token", value=ONE)
    secretive.secret(name="idle", value="unused-value")
    audit = secretive.play("secrets", "-e", '{"secrets_fail_on": ["missing"]}')
    assert audit.code != 0
    assert "gone of acme in production is missing" in audit.output
    assert audit.calls == []
    states = {line.split()[2]: line for line in audit.output.splitlines() if line.startswith("acme ")}
    assert states["token"].endswith("fresh    acme-eu.TOKEN (bound), acme-us.TOKEN (bound)")
    assert "unused" in states["idle"]

    secretive.site.declare({"TOKEN": {"rotate_after": 30}})
    assert secretive.play("site", edge_release="v1").code == 0
    status = secretive.play("status")
    told = [line for line in status.output.splitlines() if line.startswith("acme ") and "TOKEN" in line]
    assert "30 d" in told[0]
    unread = secretive.play("status", "-e", "secrets_ledger=/nonexistent/ledger")
    assert unread.code == 0, unread.output
    assert "Nobody can tell how fresh the secrets of acme in production are" in unread.output

    # What the check does not like is never used, and stays for the next try.
    value = secretive.folder / "value"
    value.write_text(TWO)
    refusing = {"ansible.builtin.fail": {"msg": "refused there"}}
    (secretive.folder / "no.yml").write_text(yaml.safe_dump([refusing]))
    stopped = secretive.play(
        "rotate", **ROTATE, rotate_value_file=str(value), rotate_verify=str(secretive.folder / "no.yml")
    )
    assert stopped.code != 0
    assert "refused there" in stopped.output
    assert stopped.calls == []
    assert "half rotated" in secretive.play("secrets").output

    # Killed while candidates are on their way: every plane serves, with one of the two.
    secretive.site.kill_at("POST", f"/{EU}/deployments", 2, "rotate", **ROTATE, rotate_value_file=str(value))
    assert secretive.has("acme-us", "TOKEN") == digest(ONE)
    assert secretive.has("acme-eu", "TOKEN") in (digest(ONE), digest(TWO))

    with Load(secretive, "acme-eu") as load:
        ended = secretive.play("rotate", **ROTATE, rotate_generate="hex", rotate_grace="1")
    assert ended.code == 0, ended.output
    assert set(load.answers) == {200}
    assert load.answers[200] > 20
    assert secretive.has("acme-eu", "TOKEN") == secretive.has("acme-us", "TOKEN")
    assert secretive.has("acme-eu", "TOKEN") not in (digest(ONE), digest(TWO))
    value.unlink()
