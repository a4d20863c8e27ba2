# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that fit, connectors that serve, and a token that only its owner can read."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

import httpx
import pytest

EDGE = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "edge" / "edge.env"
PORTS = (20241, 20242)
# Which of sources/ is declared: first a repository and HTTP/2, then a URL and what is the default.
CHANGED = (EDGE.parents[1] / "changed").exists()


def journal(host, unit):
    return host.check_output("journalctl --unit %s --lines 20 --output cat --no-pager", unit)


def variable(name):
    found = re.search(rf"^export {name}='?([^'\n]+)", EDGE.read_text(), re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.parametrize("port", PORTS)
def test_a_connector_serves(host, port):
    unit = f"cloudflared@{port}"
    service = host.service(unit)
    assert service.is_running, journal(host, unit)
    assert service.is_enabled
    code = "import sys,urllib.request as u;print(u.urlopen(sys.argv[1]).read().decode())"
    for _time in range(50):
        answer = host.run("python3 -c %s %s", code, f"http://127.0.0.1:{port}/ready")
        if answer.rc == 0:
            break
        time.sleep(0.2)
    assert answer.rc == 0, journal(host, unit)
    assert json.loads(answer.stdout)["readyConnections"] == 4
    assert host.socket(f"tcp://127.0.0.1:{port}").is_listening
    assert not host.socket(f"tcp://0.0.0.0:{port}").is_listening


@pytest.mark.parametrize("port", PORTS)
def test_a_connector_was_started_from_the_declared_source_with_the_declared_protocol(host, port):
    program, protocol = ("/usr/local/bin", "quic") if CHANGED else ("/usr/bin", "http2")
    main = host.check_output(f"systemctl show --property MainPID --value cloudflared@{port}")
    argv = host.check_output(f"tr '\\0' ' ' </proc/{main}/cmdline")
    assert f" {program}/cloudflared tunnel " in argv
    assert f" --protocol {protocol} " in argv
    said = host.check_output(f"journalctl --unit cloudflared@{port} --output cat --no-pager")
    assert re.findall(r"connector \S+, protocol (\S+)", said)[-1] == protocol


def test_the_api_sees_both(host):
    base, account = variable("CLOUDFLARE_BASE_URL"), variable("CLOUDFLARE_ACCOUNT_ID")
    headers = {"authorization": f"Bearer {variable('CLOUDFLARE_API_TOKEN')}"}
    for _time in range(40):
        found = httpx.get(f"{base}/accounts/{account}/cfd_tunnel?is_deleted=false", headers=headers).json()[
            "result"
        ]
        serving = {one["client_id"] for one in found[0]["connections"]}
        if found[0]["status"] == "healthy" and len(serving) == 2:
            break
        time.sleep(0.2)
    assert (found[0]["status"], len(serving)) == ("healthy", 2)


def test_a_request_gets_through(host):
    code = (
        "import urllib.request as u;"
        "asked = u.Request('http://127.0.0.1:9080/GPL-3', headers={'Host': 'console.edge.localhost'});"
        "print(u.urlopen(asked).read(200))"
    )
    assert "GNU GENERAL PUBLIC LICENSE" in host.check_output("python3 -c %s", code)


def test_only_its_owner_reads_the_token(host):
    file = host.file("/etc/cloudflared/token")
    assert (file.user, file.mode) == ("root", 0o600)
    token = file.content_string.strip()
    assert token
    shown = host.check_output("ps axeww; journalctl --no-pager --output cat; systemctl show 'cloudflared@*'")
    assert token not in shown
    assert host.run("sudo -u cloudflared cat /etc/cloudflared/token").rc != 0


@pytest.mark.parametrize("port", PORTS)
def test_the_sandbox_is_tight(host, port):
    text = host.check_output("systemd-analyze security --no-pager %s", f"cloudflared@{port}.service")
    exposure = float(re.findall(r"exposure level for .*: ([0-9.]+)", text)[0])
    assert exposure <= 2.0


@pytest.mark.parametrize(("name", "purpose"), [("control-plane", "sslserver"), ("acme-eu", "sslclient")])
def test_certificates_fit(host, name, purpose):
    folder = f"/etc/adsengineer/pki/live/{name}"
    host.run_expect(
        [0], f"openssl verify -purpose {purpose} -CAfile /etc/adsengineer/pki/ca.pem {folder}/cert.pem"
    )
    assert host.file(f"{folder}/key.pem").mode == 0o600


def test_the_host_looks_at_the_dates(host):
    assert host.service("adsengineer-pki-expiry.timer").is_enabled
    assert host.service("adsengineer-pki-expiry.timer").is_running
    status = json.loads(host.file("/var/lib/adsengineer/pki/status.json").content_string)
    assert {item["state"] for item in status["certificates"]} == {"fine"}


def test_no_unit_has_failed(host):
    state = host.run("systemctl is-system-running").stdout.strip()
    assert state == "running", host.check_output("systemctl --failed --no-pager")
