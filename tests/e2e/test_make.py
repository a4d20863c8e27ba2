# SPDX-License-Identifier: GPL-3.0-or-later
"""`make quickstart` and what comes after it, in the order in which a newcomer does it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from newcomer import (
    Newcomer,
    Shell,
    changes,
    commands_below,
    free_ports,
    pids_below,
    processes_below,
    token_holders,
    token_places,
)

PLANES = {("acme", "eu"), ("acme", "us"), ("globex", "eu"), ("globex", "us")}
INVENTORY = "inventories/embedded"
VERIFY = "/client/v4/user/tokens/verify"
VERSION = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@pytest.fixture(scope="module")
def quickstart(clone: Shell) -> str:
    """What the first run said."""
    return clone.good("make", "quickstart", timeout=900)


def status(clone: Shell) -> list[dict[str, Any]]:
    planes: list[dict[str, Any]] = json.loads(clone.good("make", "status", "FORMAT=json"))
    return planes


def serving(clone: Shell) -> dict[str, str]:
    """The version that each plane really serves, asked over HTTP."""
    port = int(clone.extra["HTTP_PORT"])
    found = {}
    for plane in status(clone):
        host = plane["url"].split("//")[1].split("/")[0]
        answer = httpx.get(f"http://127.0.0.1:{port}/healthz", headers={"Host": host})
        assert answer.status_code == 200
        found[f"{plane['tenant']}-{plane['region']}"] = answer.headers["x-version-id"]
    return found


@contextmanager
def stopped(clone: Shell, program: str) -> Iterator[None]:
    """Hold a program of the embedded edge: its connections are accepted, and nobody answers on them."""
    pids = pids_below(clone.folder, program)
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_the_first_run_ends_with_the_planes_and_what_to_try(clone: Shell, quickstart: str) -> None:
    assert changes(quickstart) > 0
    end = quickstart[-6000:]
    for tenant, region in PLANES:
        assert re.search(rf"\b{tenant}\b.*\b{region}\b.*http://{tenant}-{region}\.edge\.localhost", end)
    acme = f"http://acme-eu.edge.localhost:{clone.extra['HTTP_PORT']}"
    tried = end.split("Three things to try:")[1].split("PLAY RECAP")[0]
    lines = [line.strip(" -'") for line in tried.splitlines()]
    assert [line for line in lines if line] == [
        "make release",
        "make release-bad",
        "make status",
        f"See which secrets a Worker has, and no value: curl {acme}/healthz",
        f"See it call with a secret that it never has: curl {acme}/v1/relay/edge{VERIFY}",
        "Edit the configuration on both sides: make edits. Merge it: make sync",
        "Point curl, wrangler or an SDK at it: source .run/edge.env. Stop it: make stop",
    ]


def test_the_second_run_changes_nothing_says_so_and_takes_seconds(clone: Shell, quickstart: str) -> None:
    begin = time.monotonic()
    output = clone.good("make", "quickstart")
    seconds = time.monotonic() - begin
    assert changes(output) == 0
    assert re.search(r"unchanged|nothing (has )?changed|no change", output, re.IGNORECASE)
    assert seconds < 15


def test_status_is_a_list_of_objects(clone: Shell, quickstart: str) -> None:
    planes = status(clone)
    assert {(plane["tenant"], plane["region"]) for plane in planes} == PLANES
    for plane in planes:
        assert {"tenant", "region", "url", "version_id", "healthy"} <= plane.keys()
        assert plane["healthy"] is True
        assert VERSION.fullmatch(plane["version_id"])
    assert serving(clone) == {f"{plane['tenant']}-{plane['region']}": plane["version_id"] for plane in planes}


def test_each_kind_of_secret_is_there_and_no_value_is_shown(clone: Shell, quickstart: str) -> None:
    where, password = clone.folder / ".run/secrets/production/acme.vault", ".run/passwords/acme-production"
    viewed = [".venv/bin/ansible-vault", "view", "--vault-id", f"acme-production@{password}", str(where)]
    assert (clone.folder / password).stat().st_mode & 0o777 == 0o600
    secrets = json.loads(clone.good(*viewed))["secrets"]
    values = [version["value"] for one in secrets.values() for version in one["versions"].values()]
    assert {"api_key", "sink_token", "partner_key"} <= secrets.keys()
    port = int(clone.extra["HTTP_PORT"])
    for region in ("eu", "us"):
        host = {"Host": f"acme-{region}.edge.localhost"}
        health = httpx.get(f"http://127.0.0.1:{port}/healthz", headers=host)
        deadline = time.monotonic() + 60
        # Whoever asked before the delivery keeps that answer of KV for a while.
        while "problem" in health.json()["relayed"]["SINK_TOKEN"] and time.monotonic() < deadline:
            time.sleep(1)
            health = httpx.get(f"http://127.0.0.1:{port}/healthz", headers=host)
        assert health.json()["bound"] == {"API_KEY": {"version": 1}}
        assert health.json()["relayed"]["SINK_TOKEN"].keys() == {"version", "key"}
        assert health.json()["stored"] == {"PARTNER_KEY": {}}
        assert health.json()["resident"] == {"edge": {}}
        assert [value for value in values if value in health.text] == []
    told = clone.good("make", "status")
    assert re.search(r"acme +production +api_key +1 .* fresh .*acme-eu\.API_KEY \(bound\)", told)
    assert re.search(r"acme +production +sink_token +1 .* fresh .*acme-eu\.SINK_TOKEN \(relayed\)", told)
    assert re.search(r"acme +production +partner_key +1 .* acme-eu\.PARTNER_KEY \(secrets_store\)", told)
    assert re.search(r"acme +production +edge_token +1 .* acme-eu\.edge \(resident\)", told)
    for said in (quickstart, told):
        assert [value for value in values if value in said] == []


def through_the_relay(clone: Shell, region: str = "eu") -> httpx.Response:
    """What the embedded edge says of the token that the relay adds, asked by a visitor of a Worker."""
    url = f"http://127.0.0.1:{clone.extra['HTTP_PORT']}/v1/relay/edge{VERIFY}"
    return httpx.get(url, headers={"Host": f"acme-{region}.edge.localhost"}, timeout=30)


def active(clone: Shell) -> bool:
    """Whether the relay answers within half a minute, and with a token that is accepted."""
    deadline = time.monotonic() + 30
    while through_the_relay(clone).status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    return str(through_the_relay(clone).json()["result"]["status"]) == "active"


def relay_of(clone: Shell) -> int:
    place = f"--config {clone.folder}/.run/relay/acme/relay.json"
    (pid,) = [pid for pid, words in commands_below(clone.folder).items() if place in words]
    return pid


def test_a_resident_secret_works_and_is_with_the_relay_alone(clone: Shell, quickstart: str) -> None:
    run = clone.folder / ".run"
    token = (run / "edge.token").read_text().strip()
    api = f"http://127.0.0.1:{clone.extra['API_PORT']}"
    assert httpx.get(api + VERIFY).status_code == 400, "it refuses whoever has no token"
    for region in ("eu", "us"):
        answer = through_the_relay(clone, region)
        assert (answer.status_code, answer.json()["result"]["status"]) == (200, "active")
        assert answer.headers["x-region"] == region
        assert token not in str(answer.headers.raw) + answer.text
    headers = {"Authorization": f"Bearer {token}"}
    log = httpx.get(f"{api}/_embedded/requests", headers=headers).raise_for_status()
    asked = [entry["status"] for entry in log.json()["requests"] if entry["path"] == VERIFY]
    assert asked[-3:] == [400, 200, 200]
    (clone.folder.parent / "log").write_text(log.text + quickstart)
    # The embedded edge keeps bindings and KV below run.
    searched = (clone.folder / ".cache" / "ansible", clone.folder.parent / "log")
    assert token_places(run, *searched) == token_holders(run)
    assert {Path(holder).stat().st_mode & 0o777 for holder in token_holders(run)} == {0o600}


def test_a_relay_that_is_killed_is_brought_back(clone: Shell, quickstart: str) -> None:
    before = relay_of(clone)
    os.kill(before, signal.SIGKILL)
    assert active(clone)
    assert relay_of(clone) != before
    assert changes(clone.good("make", "quickstart")) == 0
    supervisor = int((clone.folder / ".run" / "pm2" / "pm2.pid").read_text())
    for pid in (supervisor, relay_of(clone)):
        os.kill(pid, signal.SIGKILL)
    clone.good("make", "quickstart")
    assert active(clone)
    assert changes(clone.good("make", "quickstart")) == 0


def test_a_token_that_is_made_anew_reaches_the_relay(clone: Shell, quickstart: str) -> None:
    environment = clone.folder / ".run" / "edge.env"
    before = environment.read_text()
    clone.good("make", "stop")
    environment.unlink()
    said = clone.good("make", "quickstart", "ARGS=-vvvvv --diff")
    assert environment.read_text() != before
    assert active(clone)
    (clone.folder.parent / "said").write_text(said)
    run = clone.folder / ".run"
    assert token_places(run, clone.folder.parent / "said") == token_holders(run)
    assert re.search(r"acme +production +edge_token +2 ", clone.good("make", "status"))
    assert changes(clone.good("make", "quickstart")) == 0


def test_the_environment_file_serves_other_clients(clone: Shell, quickstart: str) -> None:
    names = (
        "CLOUDFLARE_API_TOKEN",
        "CLOUDFLARE_ACCOUNT_ID",
        "CLOUDFLARE_BASE_URL",
        "CLOUDFLARE_API_BASE_URL",
    )
    script = ". .run/edge.env && " + " && ".join(f'echo "${name}"' for name in names)
    token, account, base, same = clone.good("sh", "-euc", script).splitlines()
    assert base == same
    headers = {"Authorization": f"Bearer {token}"}
    scripts = httpx.get(f"{base}/accounts/{account}/workers/scripts", headers=headers).json()
    assert {"acme-eu-gateway", "globex-us-gateway"} <= {script["id"] for script in scripts["result"]}
    assert (clone.folder / ".run/edge.env").stat().st_mode & 0o777 == 0o600
    assert token not in quickstart


def test_it_was_an_ordinary_user_without_node(clone: Shell, quickstart: str) -> None:
    assert clone.good("id", "-u").strip() != "0" or not clone.wrapper
    assert clone.run("sh", "-c", "command -v node").returncode != 0
    assert "installing one from PyPI" in quickstart


def test_nothing_is_left_in_the_home_folder(clone: Newcomer, quickstart: str) -> None:
    clone.good("make", "status")
    found = [Path(at, name) for at, _folders, names in os.walk(clone.home) for name in names]
    assert sorted(str(path.relative_to(clone.home)) for path in found) == list(clone.at_home)


def test_the_commands_of_the_documents_run_after_one_line(clone: Shell, quickstart: str) -> None:
    where = shlex.quote(str(clone.folder / ".run" / "activate"))
    elsewhere = replace(clone, folder=clone.folder.parent)
    for shell in ("sh", "bash"):
        said = elsewhere.good(shell, "-euc", f". {where}; ansible-playbook adsengineer.orchestrator.status")
        assert "4 of 4 planes are healthy" in said
    inside = f". ./.run/activate; ansible-playbook adsengineer.orchestrator.config -i {INVENTORY} --tags show"
    assert "acme-eu" in clone.good("sh", "-euc", inside)


def test_stop_keeps_what_was_deployed_and_its_ports(clone: Shell, quickstart: str) -> None:
    before = serving(clone)
    clone.good("make", "stop")
    assert processes_below(clone.folder) == []
    usual = replace(clone, extra={**clone.extra, "API_PORT": "", "HTTP_PORT": "", "RELAY_PORT": ""})
    for command in (("status",), ("status", "FORMAT=json"), ("release",), ("release-bad",)):
        done = usual.run("make", *command)
        assert done.returncode != 0
        told = " ".join(done.stdout.split())
        port = clone.extra["HTTP_PORT"]
        assert f"the embedded edge is not running, as nobody answers on 127.0.0.1:{port}" in told
        assert "Run make quickstart." in told
        assert "refused" not in told
    usual.good("make", "quickstart")
    assert serving(clone) == before
    assert through_the_relay(clone).status_code == 200
    assert changes(usual.good("make", "quickstart")) == 0


def test_a_quickstart_with_unhealthy_planes_is_not_green(clone: Shell, quickstart: str) -> None:
    with stopped(clone, "workerd"):
        done = clone.run("make", "quickstart", "ARGS=-e edge_probe_timeout=0.5")
    assert done.returncode != 0
    told = " ".join(done.stdout.split())
    assert "4 of 4 planes are not healthy: acme-eu, acme-us, globex-eu, globex-us" in told
    assert "Three things to try" not in told


def test_a_status_of_unhealthy_planes_is_red_and_still_a_list(clone: Shell, quickstart: str) -> None:
    with stopped(clone, "workerd"):
        # What make itself says of the failure is on the other stream.
        done = clone.run("sh", "-c", "make status FORMAT=json ARGS='-e edge_probe_timeout=0.5' 2>/dev/null")
    assert done.returncode != 0
    assert [row["healthy"] for row in json.loads(done.stdout)] == [False] * 4


def test_a_topology_on_another_port_is_refused_before_anything_moves(clone: Shell, quickstart: str) -> None:
    before = serving(clone)
    other = str(free_ports(1)[0])
    own = replace(clone, extra={**clone.extra, "HTTP_PORT": other, "INVENTORY": INVENTORY})
    told = " ".join(own.run("make", "quickstart").stdout.split())
    assert f"planes are reached at 127.0.0.1:8788, and the embedded edge's port is {other}" in told
    assert "make quickstart HTTP_PORT=8788" in told
    assert serving(clone) == before


def test_a_good_release_reaches_every_plane(clone: Shell, quickstart: str) -> None:
    before = serving(clone)
    output = clone.good("make", "release")
    after = serving(clone)
    assert all(after[plane] != before[plane] for plane in before)
    assert re.search(r"canary", output, re.IGNORECASE)


def test_a_bad_release_stops_red_and_everything_is_put_back(clone: Shell, quickstart: str) -> None:
    before = serving(clone)
    done = clone.run("make", "release-bad")
    assert done.returncode != 0
    assert serving(clone) == before
    told = done.stdout
    for word in ("expected", "eu", "undone"):
        assert word in told.lower(), told[-3000:]
    assert "-us" not in "".join(re.findall(r"wave 2.*", told))


def test_a_busy_port_is_told_with_its_holder_and_the_remedy(clone: Shell, quickstart: str) -> None:
    done = clone.run("scripts/play", "quickstart", "-e", "embedded_edge_dir=.cache/second")
    assert done.returncode != 0
    api, http, relay = (clone.extra[f"{name}_PORT"] for name in ("API", "HTTP", "RELAY"))
    told = " ".join(done.stdout.split())
    assert re.search(
        rf"ports {api} and {http} of 127\.0\.0\.1 are taken by process \d+ \(.*embedded_edge", told
    ), told
    assert re.search(rf"port {relay} of 127\.0\.0\.1 is taken by process \d+ \(.* -m relay", told), told
    command = re.search(r"make quickstart API_PORT=(\d+) HTTP_PORT=(\d+) RELAY_PORT=(\d+)\.", told)
    assert command, told
    assert not {api, http, relay} & set(command.groups())


def test_moving_to_a_busy_port_leaves_it_where_it_was(clone: Shell, quickstart: str) -> None:
    before = serving(clone)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = {"API_PORT": str(taken.getsockname()[1]), "HTTP_PORT": str(free_ports(1)[0])}
        assert replace(clone, extra={**clone.extra, **busy}).run("make", "quickstart").returncode != 0
    assert serving(clone) == before


def test_on_the_ports_of_a_newcomer_the_inventory_is_the_file_that_edits_copies(clone: Shell) -> None:
    usual = ("API_PORT=8787", "HTTP_PORT=8788", "RELAY_PORT=8789")
    assert clone.good("env", *usual, "scripts/play", "--inventory").strip() == (
        "inventories/embedded/topology.yml"
    )


def test_edits_of_both_sides_are_merged_and_the_conflict_is_told(clone: Shell, quickstart: str) -> None:
    clone.good("make", "edits")
    assert ".run/edited/topology.yml" in clone.good(
        "sh", "-euc", '. ./.run/activate; echo "$ANSIBLE_INVENTORY"'
    )
    told = clone.good("make", "sync")
    assert "gateway.max_batch: 200 -> 250" in told
    assert "edit/from-the-edge by somebody at the edge (to show it): taken" in told
    assert "gateway.sample_rate was 0.5, became 0.25 here and 0.75 at edit/from-the-edge: that at" in told
    assert changes(clone.good("make", "sync")) == 0


def test_help_lists_the_variables(clone: Shell) -> None:
    told = clone.good("make", "help")
    for name in ("API_PORT", "HTTP_PORT", "RELAY_PORT", "INVENTORY", "FORMAT", "RELEASE", "ARGS"):
        assert re.search(rf"^  {name} ", told, re.MULTILINE)


def test_clean_leaves_a_clone_as_it_came(clone: Shell, quickstart: str) -> None:
    clone.good("make", "clean")
    assert clone.good("git", "status", "--porcelain", "--ignored") == ""
    assert processes_below(clone.folder) == []
