# SPDX-License-Identifier: GPL-3.0-or-later
"""Relays that serve, each as a user of its own, with secrets that nobody else on the host can read."""

from __future__ import annotations

import base64
import json
import os
import runpy
import sys
import time
from pathlib import Path

import pytest

TESTS = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / "tests"
runpy.run_path(str(TESTS / "conftest.py"))  # makes the collection and the relay's code importable
sys.path.insert(0, str(TESTS))
from relay_plane import Plane  # noqa: E402

STORY = "-0123456789012345678901234567890123456789"
TENANTS = ("acme", "globex")
KEPT = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "sent.json"
# Sends a message that was signed elsewhere: argv has where it goes, standard input the message.
SEND = """
import base64, http.client, json, socket, sys
where, message = sys.argv[1], json.loads(base64.b64decode(sys.argv[2]))
there = http.client.HTTPConnection("relay")
if where.startswith("/"):
    there.sock = socket.socket(socket.AF_UNIX)
    there.sock.connect(where)
else:
    there = http.client.HTTPConnection(where)
there.putrequest("GET", message["target"], skip_host=True, skip_accept_encoding=True)
for name, value in message["fields"]:
    there.putheader(name, value)
there.endheaders()
answer = there.getresponse()
print(json.dumps([answer.status, answer.getheader("relay-outcome"), answer.read().decode()]))
"""


def secret(tenant):
    return f"{tenant}-token{STORY}"


def plane(tenant):
    return Plane(
        f"{tenant}-eu",
        tenant,
        authority=f"relay-{tenant}.example.com",
        key_text=f"{tenant}-relay_signing.eu{STORY}",
        sealing_text=f"{tenant}-relay_references{STORY}",
    )


def message(tenant, signer=None, **how):
    made = (signer or plane(tenant)).signed("GET", body=b"", authority=f"relay-{tenant}.example.com", **how)
    return {"target": made.path, "fields": list(made.fields)}


def send(host, tenant, sent):
    where = "127.0.0.1:8801" if tenant == "acme" else "/run/adsengineer-relay-globex/relay.sock"
    code = base64.b64encode(json.dumps(sent).encode()).decode()
    return json.loads(host.check_output("python3 -c %s %s %s", SEND, where, code))


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_relay_serves_in_a_sandbox(host, tenant):
    unit = f"adsengineer-relay@{tenant}"
    service = host.service(unit)
    assert service.is_running
    assert service.is_enabled
    pid = host.check_output("systemctl show --property MainPID --value %s", unit)
    assert host.check_output("ps -o user:40= -p %s", pid).strip() == f"relay-{tenant}"
    status = host.file(f"/proc/{pid}/status").content_string
    assert "NoNewPrivs:\t1" in status
    assert "CapEff:\t0000000000000000" in status


@pytest.mark.parametrize("tenant", TENANTS)
def test_the_secret_reaches_the_third_party_and_no_answer(host, tenant):
    status, outcome, body = send(host, tenant, message(tenant))
    assert (status, outcome) == (200, "answered")
    assert secret(tenant) not in body
    assert json.loads(body)["Authorization"] == "Bearer ********"
    assert f"/things/1 Bearer {secret(tenant)}" in host.file("/var/log/echo.log").content_string


def test_no_relay_takes_another_tenants_place(host):
    status, outcome, body = send(host, "acme", message("acme", signer=plane("globex")))
    assert (status, outcome, json.loads(body)["code"]) == (401, "refused", "unknown_key")
    journal = host.check_output("journalctl --unit adsengineer-relay@acme --output cat --no-pager")
    assert '"code": "unknown_key"' in journal


def test_what_was_sent_before_a_kill_and_a_restart_is_a_copy(host):
    """The first time there is nothing before; the second time the message is of then."""
    if KEPT.exists() and time.time() - KEPT.stat().st_mtime < 280:
        status, _outcome, body = send(host, "acme", json.loads(KEPT.read_text()))
        assert (status, json.loads(body)["code"]) == (409, "replayed")
    sent = message("acme")
    assert send(host, "acme", sent)[0] == 200
    KEPT.write_text(json.dumps(sent))


@pytest.mark.parametrize("tenant", TENANTS)
def test_only_root_and_the_relay_can_read_its_secrets(host, tenant):
    at_rest = host.file(f"/etc/adsengineer/relay/{tenant}/secrets.json")
    assert (at_rest.user, at_rest.mode) == ("root", 0o600)
    running = host.file(f"/run/adsengineer-relay-{tenant}/secrets.json")
    assert (running.user, running.mode) == (f"relay-{tenant}", 0o400)
    other = "relay-globex" if tenant == "acme" else "relay-acme"
    for path in (at_rest.path, running.path, f"/var/lib/adsengineer/relay/{tenant}/calls-000001.jsonl"):
        assert host.run("setpriv --reuid=%s --regid=%s --clear-groups cat %s", other, other, path).rc != 0


@pytest.mark.parametrize("tenant", TENANTS)
def test_the_secret_is_in_no_environment_argument_or_other_file(host, tenant):
    kept = {f"/etc/adsengineer/relay/{tenant}/secrets.json", f"/run/adsengineer-relay-{tenant}/secrets.json"}
    # Written so that the search, which sudo puts into the journal, does not find itself.
    pattern = secret(tenant).replace("-", "[-]")
    places = "/etc /run /tmp /root /home /var/lib /var/log /var/tmp /usr/local"
    found = host.run(f"grep -rla --exclude=echo.log -e %s {places}", pattern)
    assert set(found.stdout.split()) == kept
    everything = host.check_output(
        "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'"
    )
    assert secret(tenant) not in everything


def reach(host, user, address, port):
    """How a connection from the host ends: refused by this machine means that it went out."""
    script = (
        "import socket, sys\n"
        "try:\n socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)\n"
        "except OSError as e:\n print(type(e).__name__, e.errno)\n"
        "else:\n print('connected')"
    )
    command = f"setpriv --reuid={user} --regid=nogroup --clear-groups python3 -c %s %s %s"
    return host.check_output(command, script, address, str(port)).split()[0]


OUT = ("ConnectionRefusedError", "connected")


@pytest.mark.parametrize(
    ("user", "port", "goes_out"),
    [
        ("relay-acme", 9443, True),
        ("relay-globex", 9443, False),
        ("nobody", 9443, False),
        ("relay-acme", 9444, False),
        ("relay-acme", 443, False),
        ("nobody", 443, True),
    ],
)
def test_only_the_relay_reaches_what_its_connectors_declare(host, user, port, goes_out):
    gateway = host.check_output("ip -4 route show default").split()[2]
    how = reach(host, user, gateway, port)
    assert (how in OUT) == goes_out, how


@pytest.mark.parametrize(
    ("user", "port", "goes_out"),
    [
        ("relay-acme", 9090, True),
        ("relay-acme", 22, False),
        ("relay-globex", 8801, False),
        ("nobody", 8801, True),
    ],
)
def test_a_relay_reaches_nothing_else_on_its_own_host(host, user, port, goes_out):
    how = reach(host, user, "127.0.0.1", port)
    assert (how in OUT) == goes_out, how


def test_a_relay_does_not_start_without_its_rules(host):
    rules, unit = "/etc/adsengineer/relay/globex/egress.nft", "adsengineer-relay@globex"
    host.check_output("cp -p %s /root/egress.nft && echo nonsense >> %s", rules, rules)
    try:
        host.run("systemctl restart %s", unit)
        assert host.run("systemctl is-active --quiet %s", unit).rc != 0
    finally:
        host.check_output(
            "cp -p /root/egress.nft %s && rm /root/egress.nft && systemctl restart %s", rules, unit
        )
    assert host.service(unit).is_running
    host.check_output(
        "for i in $(seq 100); do test -S %s && exit 0; sleep 0.1; done; exit 1",
        "/run/adsengineer-relay-globex/relay.sock",
    )


def test_nobody_outside_reaches_a_relay(host):
    assert host.socket("tcp://127.0.0.1:8801").is_listening
    assert not host.socket("tcp://0.0.0.0:8801").is_listening
