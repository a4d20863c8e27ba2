# SPDX-License-Identifier: GPL-3.0-or-later
"""The action behind the module tunnel, over the scripted API and a real shell."""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
from types import SimpleNamespace
from typing import ClassVar

import action_harness
import pytest
from action_harness import OPTIONS
from ansible_collections.adsengineer.orchestrator.plugins.action.tunnel import ActionModule
from scripted_api import no, ok

ID = "f70ff985-a4ef-4643-bbbc-4a0ed4fc8415"
HERE = f"{ID}.cfargotunnel.com"
ELSEWHERE = f"{ID[::-1]}.cfargotunnel.com"
SECRET_TOKEN = "precious-token-9c1f"
MINE = OPTIONS | {"name": "cp"}
RULE = {"hostname": "a.example.com", "service": "http://127.0.0.1:80"}
RULES = MINE | {"ingress": [RULE]}
CONFIG = {"ingress": [RULE, {"service": "http_status:404"}]}
ZONES = [{"id": "z", "name": "example.com"}, {"id": "y", "name": "example.org"}]


def tunnel(**more):
    return {"id": ID, "name": "cp", "status": "healthy", "config_src": "cloudflare", **more}


def config():
    return ok({"config": CONFIG, "version": 3})


def record(name="a.example.com", content=HERE, kind="CNAME", proxied=True):
    return {"id": f"id-{name}", "name": name, "type": kind, "content": content, "proxied": proxied}


class Tunnel(ActionModule):
    """The action with a shell of this machine in place of a connection."""

    commands: ClassVar[list[str]] = []
    fail = ""

    def run(self, tmp=None, task_vars=None):
        self._connection.has_pipelining = True
        self._connection.become = None
        self._connection.transport = "test"
        self._connection._shell.quote = shlex.quote
        return super().run(tmp, task_vars)

    def _low_level_execute_command(self, cmd, sudoable=True, in_data=None):
        type(self).commands.append(cmd)
        if self.fail and in_data:
            cmd = f"{self.fail}; {cmd}"
        done = subprocess.run(["/bin/sh", "-c", cmd], input=in_data or b"", capture_output=True, check=False)
        return {"rc": done.returncode, "stdout": done.stdout.decode(), "stderr": done.stderr.decode()}


@pytest.fixture(autouse=True)
def shell(monkeypatch):
    monkeypatch.setattr(Tunnel, "commands", [])
    monkeypatch.setattr(Tunnel, "fail", "")


def run(api, args, **task):
    result = action_harness.run(Tunnel, api, args, **task)
    assert SECRET_TOKEN not in json.dumps(result)
    assert not any(SECRET_TOKEN in command for command in Tunnel.commands)
    return result


@pytest.mark.parametrize("check", [True, False])
def test_a_new_tunnel_with_everything(api, tmp_path, check):
    file = tmp_path / "etc" / "token"
    api.answers(ok([]), ok(ZONES), ok([]))
    if not check:
        api.answers(ok(tunnel(token=SECRET_TOKEN)), config(), ok(record()))
    result = run(api, RULES | {"token_file": str(file)}, check_mode=check)
    assert result["actions"] == [
        "create tunnel cp",
        "configure what cp serves",
        "route a.example.com to the tunnel",
        f"write the token to {file}",
    ]
    assert (result["changed"], result["hostnames"]) == (True, ["a.example.com"])
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"] == {"name": "cp", **CONFIG, "routes": ["a.example.com"]}
    if check:
        assert not file.exists()
        return
    assert file.read_text() == SECRET_TOKEN + "\n"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert api.body(4) == {"config": CONFIG}
    sent = api.body(5)
    assert (sent["name"], sent["content"], sent["proxied"]) == ("a.example.com", HERE, True)


@pytest.mark.parametrize("check", [True, False])
def test_nothing_to_do(api, tmp_path, check):
    file = tmp_path / "token"
    file.write_text(SECRET_TOKEN + "\n")
    file.chmod(0o600)
    api.answers(ok([tunnel()]), config(), ok(ZONES), ok([record()]), ok(SECRET_TOKEN))
    result = run(api, RULES | {"token_file": str(file)}, check_mode=check)
    assert (result["changed"], result["actions"], result["api_calls"]) == (False, [], 5)
    assert result["diff"]["before"] == result["diff"]["after"]


@pytest.mark.parametrize("spoil", ["content", "mode", "missing"])
def test_a_token_file_that_is_not_right_is_written_anew(api, tmp_path, spoil):
    file = tmp_path / "token"
    if spoil != "missing":
        file.write_text("old" if spoil == "content" else SECRET_TOKEN + "\n")
        file.chmod(0o644 if spoil == "mode" else 0o600)
    leftover = tmp_path / ".token.AbCdEf"
    leftover.write_text("of a run that was killed")
    api.answers(ok([tunnel()]), ok(SECRET_TOKEN))
    result = run(api, MINE | {"token_file": str(file)})
    assert result["actions"] == [f"write the token to {file}"]
    assert file.read_text() == SECRET_TOKEN + "\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert not leftover.exists()


def test_a_write_that_fails_leaves_the_old_file_and_says_why(api, tmp_path):
    file = tmp_path / "token"
    file.write_text("old\n")
    Tunnel.fail = "ulimit -f 0"
    api.answers(ok([tunnel()]), ok(SECRET_TOKEN * 100))
    result = run(api, MINE | {"token_file": str(file)})
    assert result["failed"]
    assert f"token_file: {file} could not be written" in result["msg"]
    assert file.read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


@pytest.mark.parametrize("place", ["link", "folder", "relative", "detour"])
def test_places_that_are_refused_before_any_call(api, tmp_path, place):
    (tmp_path / "real").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "folder").mkdir()
    paths = {"relative": "token", "detour": f"{tmp_path}/a/../token"}
    result = run(api, MINE | {"token_file": paths.get(place, str(tmp_path / place))})
    assert result["failed"]
    assert result["api_calls"] == 0
    assert "token_file:" in result["msg"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"has_pipelining": False, "transport": "winrm"}, "over 'winrm'"),
        ({"become": SimpleNamespace(pipelining=False, name="su")}, "over 'su'"),
    ],
    ids=str,
)
def test_connections_that_can_not_carry_a_secret(api, tmp_path, change, words):
    class Refused(Tunnel):
        def _low_level_execute_command(self, *args, **options):
            raise AssertionError("nothing may be sent")

        def _guarded(self, args):
            vars(self._connection).update(change)
            return super()._guarded(args)

    result = action_harness.run(Refused, api, MINE | {"token_file": str(tmp_path / "token")})
    assert result["failed"]
    assert words in result["msg"]


@pytest.mark.parametrize("close", [True, False])
def test_rotation(api, tmp_path, close):
    file = tmp_path / "token"
    file.write_text("old\n")
    api.answers(ok([tunnel()]), ok(tunnel(token=SECRET_TOKEN)), *([ok({})] if close else []))
    options = {"token_file": str(file), "rotate_secret": True, "close_connections": close}
    result = run(api, MINE | options)
    assert len(base64.b64decode(api.body(1)["tunnel_secret"])) == 32
    assert api.body(1)["tunnel_secret"] not in json.dumps(result)
    assert file.read_text() == SECRET_TOKEN + "\n"
    closing = ["close the connections of cp"] if close else []
    assert result["actions"] == ["rotate the secret of cp", f"write the token to {file}", *closing]
    assert [item.split()[0] for item in api.asked] == ["GET", "PATCH", *(["DELETE"] if close else [])]


def test_rotation_in_check_mode_only_says_so(api, tmp_path):
    file = tmp_path / "token"
    file.write_text(SECRET_TOKEN + "\n")
    file.chmod(0o600)
    api.answers(ok([tunnel()]), ok(SECRET_TOKEN))
    result = run(api, MINE | {"token_file": str(file), "rotate_secret": True}, check_mode=True)
    assert len(result["actions"]) == 3
    assert all(item.startswith("GET") for item in api.asked)


def test_a_rotation_that_fails_after_the_secret_was_changed_says_changed(api, tmp_path):
    api.answers(ok([tunnel()]), ok(tunnel(token=SECRET_TOKEN)), no(403, 10000))
    options = {"token_file": str(tmp_path / "token"), "rotate_secret": True}
    result = run(api, MINE | options)
    assert (result["failed"], result["changed"]) == (True, True)


def test_routes_are_made_turned_and_removed(api):
    rules = [{**RULE, "hostname": name} for name in ("a.example.com", "b.example.com", "c.example.org")]
    there = [record(), record("old.example.com"), record("b.example.com", proxied=False)]
    api.answers(ok([tunnel()]), config(), ok(ZONES), ok(there), ok([]))
    api.answers(ok([there[2]]), ok([record("c.example.org", "x", "TXT")]))
    api.answers(config(), ok(record("c.example.org")), ok(record("b.example.com")), ok({}))
    result = run(api, MINE | {"ingress": rules})
    assert result["actions"] == [
        "configure what cp serves",
        "route c.example.org to the tunnel",
        "turn the route of b.example.com to the tunnel",
        "remove the route of old.example.com",
    ]
    assert result["hostnames"] == ["a.example.com", "b.example.com", "c.example.org"]


@pytest.mark.parametrize(
    ("found", "force", "words"),
    [
        (record(content="192.0.2.1", kind="A"), True, "record of type A for '192.0.2.1' already: remove it"),
        (record(content="shop.example.net"), True, "remove it"),
        (record(content=ELSEWHERE), False, "set force"),
    ],
    ids=str,
)
def test_records_of_others_are_refused_before_anything_is_changed(api, found, force, words):
    api.answers(ok([]), ok(ZONES), ok([found]))
    result = run(api, RULES | {"force": force})
    assert result["failed"]
    assert words in result["msg"]
    assert not result["changed"]


def test_a_hostname_is_taken_over_by_force(api):
    api.answers(ok([tunnel()]), config(), ok(ZONES), ok([]), ok([record(content=ELSEWHERE)]), ok(record()))
    result = run(api, RULES | {"force": True})
    assert result["actions"] == ["turn the route of a.example.com to the tunnel"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ingress": [RULE | {"hostname": "a.example.net"}]}, "'a.example.net' is in no zone"),
        ({"ingress": [RULE | {"service": "nowhere"}]}, "ingress[0].service is 'nowhere'"),
        ({"ingress": [{"service": "http://x"}]}, "hostname"),
        ({"state": "gone"}, "state"),
    ],
    ids=str,
)
def test_refusals(api, options, words):
    api.answers(ok([]), ok(ZONES))
    result = run(api, MINE | options, leftovers=True)
    assert result["failed"]
    assert words in result["msg"]


def test_a_tunnel_that_is_configured_elsewhere_is_left_alone(api):
    api.answers(ok([tunnel(config_src="local")]))
    assert "config_src local" in run(api, RULES)["msg"]


def test_without_dns_no_zone_is_read(api):
    api.answers(ok([tunnel()]), config())
    assert run(api, RULES | {"dns": False})["changed"] is False


@pytest.mark.parametrize("check", [True, False])
def test_removal(api, check):
    api.answers(ok([tunnel()]), ok([]), ok(ZONES), ok([record()]), ok([]))
    api.answers(*([] if check else [ok({}), ok({})]))
    result = run(api, MINE | {"state": "absent"}, check_mode=check)
    assert result["actions"] == ["remove the route of a.example.com", "delete tunnel cp"]
    assert result["diff"]["after"] == {}


@pytest.mark.parametrize("force", [True, False])
def test_a_tunnel_in_use_is_removed_by_force_only(api, force):
    serving = {"id": "c", "conns": [{"colo_name": "fra03"}]}
    api.answers(ok([tunnel()]), ok([serving]))
    api.answers(*([ok({})] if force else []))
    result = run(api, MINE | {"state": "absent", "dns": False, "force": force})
    assert bool(result.get("failed")) is not force
    if force:
        assert dict(api.requests[-1].url.params) == {"cascade": "true"}
    else:
        assert "is served by 1 connectors" in result["msg"]


def test_removal_of_what_is_not_there(api):
    api.answers(ok([tunnel(name="cp-other")]))
    assert run(api, MINE | {"state": "absent"})["changed"] is False
