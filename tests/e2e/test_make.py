# SPDX-License-Identifier: GPL-3.0-or-later
"""`make quickstart` and what comes after it, in the order in which a newcomer does it."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import httpx
import pytest
from newcomer import Shell, changes, processes_below

PLANES = {("acme", "eu"), ("acme", "us"), ("globex", "eu"), ("globex", "us")}
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


def test_the_first_run_ends_with_the_planes_and_what_to_try(clone: Shell, quickstart: str) -> None:
    assert changes(quickstart) > 0
    end = quickstart[-6000:]
    for tenant, region in PLANES:
        assert re.search(rf"\b{tenant}\b.*\b{region}\b.*http://{tenant}-{region}\.edge\.localhost", end)
    for command in ("make release", "make release-bad", "make status"):
        assert command in end


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


def test_stop_keeps_what_was_deployed(clone: Shell, quickstart: str) -> None:
    before = serving(clone)
    clone.good("make", "stop")
    assert processes_below(clone.folder) == []
    assert [plane["healthy"] for plane in status(clone)] == [False] * len(PLANES)
    clone.good("make", "quickstart")
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
    port = clone.extra["API_PORT"]
    assert re.search(rf"port {port} of 127\.0\.0\.1 is taken by process \d+ \(.*embedded_edge", done.stdout)
    assert "embedded_edge_api_port" in done.stdout


def test_clean_leaves_a_clone_as_it_came(clone: Shell, quickstart: str) -> None:
    clone.good("make", "clean")
    assert clone.good("git", "status", "--porcelain", "--ignored") == ""
    assert processes_below(clone.folder) == []
