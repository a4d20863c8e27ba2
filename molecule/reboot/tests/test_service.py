# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference service runs under PM2 and in containers, survives what it must, and gives no secret away."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest

PM2 = "/usr/local/lib/adsengineer/pm2/pm2"
HOME = "/var/lib/adsengineer/pm2"
PLANTED = "taint-6b1f0c9e4d"
LOAD = Path(__file__).with_name("load.py").read_text()


def output(host, command):
    """What a command printed; the journal when it failed."""
    ran = host.run(command)
    assert ran.rc == 0, (
        f"{command}: {ran.stderr}\n{host.run('journalctl -u pm2-adsengineer -n 30 --no-pager').stdout}"
    )
    return ran.stdout


def processes(host):
    text = output(host, f"{PM2} jlist")
    return [one for one in json.loads(text[text.index("[{") :]) if one["name"] == "reference"]


def health(host):
    ask = "print(urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=5).read().decode())"
    return json.loads(output(host, f'python3 -c "import urllib.request; {ask}"'))


def wait_for(check, seconds=20):
    for _attempt in range(seconds * 4):
        if check():
            return
        time.sleep(0.25)
    pytest.fail(f"not within {seconds} s")


def test_nothing_has_failed(host):
    assert output(host, "systemctl is-system-running").strip() == "running"


@pytest.mark.parametrize(
    "unit",
    [
        "adsengineer-firewall.service",
        "adsengineer-docker-guard.service",
        "docker.service",
        "pm2-adsengineer.service",
        "adsengineer-pki-expiry.timer",
    ],
)
def test_a_unit_runs(host, unit):
    assert output(host, f"systemctl is-active {unit}").strip() == "active"
    assert output(host, f"systemctl is-enabled {unit}").strip() == "enabled"


def test_the_rules_are_loaded(host):
    assert "policy drop" in output(host, "nft list chain inet adsengineer input")
    assert "tn-*" in output(host, "nft list chain inet adsengineer_docker forward")


def test_it_serves_under_pm2(host):
    assert health(host)["status"] == "ok"
    assert [one["pm2_env"]["status"] for one in processes(host)] == ["online", "online"]
    assert host.service("pm2-adsengineer").is_enabled
    assert host.socket("tcp://127.0.0.1:8080").is_listening
    assert not host.socket("tcp://0.0.0.0:8080").is_listening


@pytest.mark.parametrize("tenant", ["acme", "globex"])
def test_the_containers_serve(host, tenant):
    def serves():
        ask = f"docker exec -i reference-{tenant} nc -w 2 127.0.0.1 8080"
        return host.run(rf"printf 'GET /healthz HTTP/1.0\r\n\r\n' | {ask}").stdout.rstrip().endswith("ok")

    wait_for(serves)


def test_what_runs_is_what_is_declared(host):
    found = host.ansible("adsengineer.orchestrator.pm2_process_info", "", check=False, become=True)
    assert found["running"]
    assert [(one["name"], one["current"]) for one in found["processes"]] == [("reference", True)]


@pytest.mark.parametrize(
    ("path", "user", "mode"),
    [
        (HOME, "adsengineer", 0o700),
        ("/etc/adsengineer/pm2.json", "root", 0o640),
        ("/etc/adsengineer", "root", 0o755),
    ],
)
def test_who_may_read_and_write(host, path, user, mode):
    assert (host.file(path).user, host.file(path).mode) == (user, mode)


def test_a_reload_under_load_loses_no_request(host):
    code = base64.b64encode(LOAD.encode()).decode()
    output(host, f"echo {code} | base64 -d >/run/load.py")
    host.run("rm -f /run/load.stop; systemctl reset-failed load 2>/dev/null")
    load = "python3 /run/load.py 120 /run/load.stop >/run/load.json"
    output(host, f"systemd-run --quiet --unit=load sh -c '{load}'")
    before = {one["pid"] for one in processes(host)}
    declared = json.loads(output(host, "cat /etc/adsengineer/pm2.json"))["apps"][0]
    keys = ("name", "script", "exec_mode", "instances", "wait_ready", "max_memory_restart")
    process = {key: declared[key] for key in keys} | {
        "env": {key: declared["env"][key] for key in ("PORT", "RELEASE")}
    }
    arguments = json.dumps({"processes": [process], "state": "reloaded"})
    done = host.ansible("adsengineer.orchestrator.pm2_process", arguments, check=False, become=True)
    assert [step["action"] for step in done["actions"]] == ["replace"], done
    time.sleep(2)
    output(host, "touch /run/load.stop")
    wait_for(lambda: host.run("systemctl is-active load").stdout.strip() != "active", 60)
    result = json.loads(output(host, "cat /run/load.json"))
    after = {one["pid"] for one in processes(host)}
    assert not before & after
    assert before & {int(pid) for pid in result["answered"]}, "the load began too late"
    assert after & {int(pid) for pid in result["answered"]}, "the load ended too early"
    assert result["lost"] == []
    assert sum(result["answered"].values()) > 500


def test_a_crash_comes_back(host):
    before = processes(host)[0]["pid"]
    output(host, f"kill -9 {before}")

    def back():
        found = processes(host)
        return {one["pm2_env"]["status"] for one in found} == {"online"} and before not in [
            one["pid"] for one in found
        ]

    wait_for(back)
    assert health(host)["status"] == "ok"


def test_pm2_itself_comes_back_from_the_declared_file(host):
    before = output(host, f"cat {HOME}/pm2.pid")
    output(host, f"kill -9 {before}")
    wait_for(lambda: host.run(f"cat {HOME}/pm2.pid").stdout not in ("", before))
    wait_for(lambda: host.run("systemctl is-active pm2-adsengineer").stdout.strip() == "active")
    assert health(host)["status"] == "ok"
    assert not host.file(f"{HOME}/dump.pm2").exists


def test_logs_go_on_after_they_were_rotated(host):
    output(host, "logrotate --force /etc/logrotate.d/pm2-adsengineer")
    before = processes(host)[0]["pid"]
    output(host, f"kill -9 {before}")
    wait_for(lambda: "serving" in host.run(f"cat {HOME}/logs/reference-out.log").stdout)
    assert host.file(f"{HOME}/logs/reference-out.log").mode == 0o600


def test_the_planted_token_is_nowhere(host):
    """What Ansible ran had it in its environment; nothing that stays may have it."""
    assert output(host, "printenv PLANTED_TOKEN").strip() == PLANTED
    # The search knows the token in another form, and leaves out the login that it runs in.
    search = f"""python3 - <<'END'
import os, pathlib
planted = bytes.fromhex("{PLANTED.encode().hex()}")
proc, own, pid = pathlib.Path("/proc"), set(), os.getpid()
while pid > 1:
    own.add(str(pid))
    pid = int((proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
places = [one / name for one in proc.glob("[0-9]*") if one.name not in own for name in ("environ", "cmdline")]
for top in ("/var/lib/adsengineer", "/etc", "/var/log", "/run/log", "/usr/local", "/root", "/tmp"):
    places += [one for one in pathlib.Path(top).rglob("*") if one.is_file()]
read = 0
for place in places:
    try:
        content = place.read_bytes()
    except OSError:
        continue
    read += 1
    if planted in content and str(place) != "/etc/environment":
        print(place)
print("read", read)
END"""
    lines = output(host, search).splitlines()
    assert int(lines[-1].split()[1]) > 100
    assert lines[:-1] == []
