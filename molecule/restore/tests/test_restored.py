# SPDX-License-Identifier: GPL-3.0-or-later
"""What came back is what was there, from the repository alone."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

PLACE = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
BEFORE = (PLACE / "before.txt").read_text().splitlines() if (PLACE / "before.txt").exists() else []
CANARIES = ("canary-key-5b0d1e7ac2f94d10", "canary-tenant-token-77aa01", "canary-vault-password-91c2")


@pytest.fixture(autouse=True)
def _only_the_control_plane(host):
    if not host.file("/etc/adsengineer").exists:
        pytest.skip("this host keeps the backups")


def output(host, command):
    ran = host.run(command)
    assert ran.rc == 0, f"{command}: {ran.stderr}"
    return ran.stdout.strip()


def test_the_notes_are_back_and_the_service_takes_more(host):
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/notes').read().decode())"
    assert json.loads(output(host, f'python3 -c "{ask}"')) == json.loads(BEFORE[0])
    assert json.loads(BEFORE[0])["notes"] == 20
    post = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/notes', b'more').status)"
    assert output(host, f'python3 -c "{post}"') == "201"


@pytest.mark.parametrize(("tenant", "line"), [("acme", 1), ("globex", 2)])
def test_each_tenant_has_its_volume(host, tenant, line):
    assert output(host, f"sha256sum </var/lib/docker/volumes/reference-{tenant}/_data/random") == BEFORE[line]
    mounted = "docker inspect --format '{{range .Mounts}}{{.Name}}{{end}}' reference-" + tenant
    assert output(host, mounted) == f"reference-{tenant}"


def test_the_authority_and_its_certificates_are_the_same(host):
    told = "find /etc/adsengineer/pki /etc/adsengineer/ca -type f -exec sha256sum {} + | sort | sha256sum"
    assert output(host, told) == BEFORE[3]


def test_pm2_runs_what_it_ran(host):
    assert output(host, "sha256sum </etc/adsengineer/pm2.json") == BEFORE[4]


def test_the_busy_database_is_whole(host):
    program = Path(__file__).parents[3] / "tests" / "standin" / "accounts.py"
    code = program.read_text().replace("'", "'\"'\"'")
    checked = json.loads(output(host, f"python3 -c '{code}' check /srv/accounts"))
    assert checked["torn"] == ""
    assert checked["entries"] >= int(BEFORE[5]) > 0


def test_the_host_takes_writes_and_says_so(host):
    assert not host.file("/var/lib/adsengineer/read-only").exists
    status = json.loads(output(host, "cat /var/lib/adsengineer/backup/status.json"))
    assert status["read_only"] == ""
    assert status["restored"]["snapshot"]


def test_what_it_took_is_told():
    log = (PLACE / "recovery" / "restore.log").read_text()
    assert "RPO: " in log
    assert "RTO: " in log


def test_a_second_run_changes_nothing():
    log = (PLACE / "recovery" / "again.log").read_text()
    assert "was back already, from snapshot" in log
    recap = log.split("PLAY RECAP")[1]
    assert recap.count("changed=") == recap.count("changed=0 ") == 1, recap
    assert recap.count("failed=0 ") == 1, recap


def test_the_page_ends_as_it_says(host):
    look = (PLACE / "recovery" / "look.log").read_text()
    assert "0 loaded units listed" in look
    assert look.rstrip().endswith("| healthy")
    assert "VERSION_CODENAME=trixie" in output(host, "cat /etc/os-release")


def test_inventory_and_vaults_are_back():
    recovered = PLACE / "recovery" / "recovered"
    assert (recovered / "inventory" / "group_vars" / "control_plane").is_file()
    vault = (recovered / "vaults" / "acme.yml").read_text()
    assert vault.startswith("$ANSIBLE_VAULT")
    assert vault == (PLACE / "lost" / "vaults" / "acme.yml").read_text()


def test_the_backup_keeps_the_restored_inventory_and_not_the_folder_of_the_recovery(host):
    listed = output(host, "base64 -d /var/lib/adsengineer/controller.tgz.b64 | tar -tzf -").split()
    assert "./inventory/group_vars/control_plane" in listed
    assert "./vaults/acme.yml" in listed
    assert not [name for name in listed if "kept" in name or "recovery" in name]


SEARCH = """
import pathlib, sys
canary = bytes.fromhex(sys.argv[1])
proc = pathlib.Path("/proc").glob("[0-9]*")
places = [one / name for one in proc for name in ("environ", "cmdline")]
tops = ["/var/log", "/run", "/tmp", "/etc/systemd"]
tops += ["/var/lib/adsengineer/metrics", "/var/lib/adsengineer/backup"]
places += [one for top in tops for one in pathlib.Path(top).rglob("*") if one.is_file()]
for place in places:
    try:
        if canary in place.read_bytes():
            print(place)
    except OSError:
        pass
print("searched")
"""


@pytest.mark.parametrize("canary", CANARIES)
def test_no_secret_is_where_others_read(host, canary):
    assert output(host, f"python3 -c '{SEARCH}' {canary.encode().hex()}") == "searched"
    assert output(host, f"journalctl | grep -c {canary[:-1]}[{canary[-1]}] || true") == "0"
    assert canary not in (PLACE / "recovery" / "restore.log").read_text()


@pytest.mark.parametrize("canary", [*CANARIES, "note 7", "torn", "PRIVATE KEY"])
def test_the_repository_holds_nothing_in_clear(canary):
    lines = (PLACE / "ssh_config").read_text().splitlines()
    hosts = [line.split()[1] for line in lines if line.startswith("Host ")]
    store = next(name for name in hosts if name.endswith("-store"))
    command = ["docker", "exec", store, "grep", "-rlF", canary, "/home/backups/repository"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, ""), ran.stderr


def test_the_new_host_is_backed_up_and_counts_on(host):
    for what in ("backup", "check", "watch"):
        output(host, f"systemctl start adsengineer-backup@{what}.service")
    status = json.loads(output(host, "cat /var/lib/adsengineer/backup/status.json"))
    assert status["alarms"] == []
    assert status["backup"]["sequence"] > status["restored"]["sequence"] > 0


def test_a_container_sees_its_volume_after_a_restore_beneath_it(host):
    seen = "docker exec reference-acme busybox sha256sum /www/data/random"
    saved = output(host, seen)
    output(host, "printf newer >/var/lib/docker/volumes/reference-acme/_data/random")
    assert output(host, seen) != saved
    output(host, "adsengineer-backup restore")
    assert output(host, seen) == saved
    assert not host.file("/var/lib/adsengineer/read-only").exists
