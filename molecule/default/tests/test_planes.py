# SPDX-License-Identifier: GPL-3.0-or-later
"""The planes answer over HTTP with the versions that are deployed, and nothing is open to others."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import httpx
import pytest

RUN = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "edge"
PLANES = ["acme-eu", "acme-us", "globex-eu", "globex-us"]
FRONTS = ["acme", "globex"]


def edge_env(name):
    return re.search(rf"^export {name}='?([^'\n]+)", (RUN / "edge.env").read_text(), re.M)[1]


def ask(host, path="/healthz", **options):
    url = f"http://127.0.0.1:18788{path}"
    headers = {"Host": f"{host}.edge.localhost:18788"} | options.pop("headers", {})
    return httpx.request(options.pop("method", "GET"), url, headers=headers, **options)


@pytest.fixture(scope="module")
def api():
    base, account = edge_env("CLOUDFLARE_BASE_URL"), edge_env("CLOUDFLARE_ACCOUNT_ID")
    headers = {"Authorization": f"Bearer {edge_env('CLOUDFLARE_API_TOKEN')}"}
    with httpx.Client(base_url=f"{base}/accounts/{account}", headers=headers) as client:
        yield client


@pytest.mark.parametrize("plane", PLANES)
def test_a_plane_serves_the_deployed_version(api, plane):
    answer = ask(plane)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    tenant, region = plane.split("-")
    assert (answer.headers["x-tenant"], answer.headers["x-region"]) == (tenant, region)
    found = api.get(f"/workers/scripts/{plane}-gateway/deployments").json()["result"]
    deployment = found["deployments"][0]
    assert [(one["version_id"], one["percentage"]) for one in deployment["versions"]] == [
        (answer.headers["x-version-id"], 100)
    ]


@pytest.mark.parametrize("plane", PLANES)
def test_a_plane_accepts_events_and_refuses_nonsense(plane):
    event = {"type": "impression", "id": "e1", "time": "2026-01-01T00:00:00Z"}
    good = ask(plane, "/v1/events", method="POST", json=event)
    assert (good.status_code, good.json()) == (202, {"accepted": 1})
    assert ask(plane, "/v1/events", method="POST", json={"type": "nonsense"}).status_code == 400


@pytest.mark.parametrize("tenant", FRONTS)
@pytest.mark.parametrize(("continent", "region"), [("EU", "eu"), ("NA", "us")])
def test_a_front_sends_visitors_to_their_region(tenant, continent, region):
    cf = json.dumps({"continent": continent})
    event = {"type": "click", "id": "e2", "time": "2026-01-01T00:00:00Z"}
    answer = ask(tenant, "/v1/events", method="POST", json=event, headers={"x-embedded-cf": cf})
    assert (answer.status_code, answer.headers["x-region"]) == (202, region)
    assert answer.headers["x-front-version-id"]


@pytest.mark.parametrize("port", [18787, 18788])
def test_it_listens_on_loopback_only(host, port):
    assert host.socket(f"tcp://127.0.0.1:{port}").is_listening
    assert not host.socket(f"tcp://0.0.0.0:{port}").is_listening


@pytest.mark.parametrize(("name", "mode"), [("", 0o700), ("edge.env", 0o600), ("pm2", 0o700)])
def test_the_run_directory_is_its_owners_only(host, name, mode):
    assert host.file(str(RUN / name)).mode == mode
