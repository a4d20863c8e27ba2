# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._host import backup

NOW = 1_800_000_000.0
STATUS = {
    "at": NOW - 60,
    "alarms": [],
    "backup": {
        "snapshot": "a" * 64,
        "at": NOW - 600,
        "made_at": NOW - 610,
        "size": 10,
        "added": 3,
        "restless": [],
    },
    "restored": {"snapshot": "b" * 64, "made_at": NOW - 7200, "problem": ""},
    "check": {"at": NOW - 900, "size": 7},
    "read_only": "",
}


def test_a_healthy_host():
    told = backup.reported(STATUS, NOW, "Sat 2027-01-16 09:00:00 UTC")
    assert told["healthy"]
    assert told["newest"] == {"snapshot": "a" * 64, "at": NOW - 600, "made_at": NOW - 610}
    assert told["restored"]["snapshot"] == "b" * 64
    assert (told["size"], told["added"], told["repository_size"]) == (10, 3, 7)
    assert backup.line("cp", told).endswith("| next Sat 2027-01-16 09:00:00 UTC | healthy")


def test_a_host_that_only_began():
    told = backup.reported(
        STATUS | {"backup": None, "restored": None, "check": None, "alarms": ["none yet"]}, NOW, ""
    )
    assert not told["healthy"]
    assert (
        backup.line("cp", told) == "cp: newest none never | restored none never | size 0 bytes, +0"
        " | repository 0 bytes, checked never | next never | none yet"
    )


def test_a_status_that_nobody_writes_any_more_is_an_alarm():
    told = backup.reported(STATUS | {"at": NOW - 5 * 3600}, NOW, "")
    assert told["alarms"] == ["the status is 5 hours old: the host's own watch does not run"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at": 1}'])
def test_what_is_no_status_is_refused(text):
    with pytest.raises(backup.BackupError, match=r"status\.json is no status"):
        backup.parsed(text, "/x/status.json")


def test_a_status_is_read():
    assert backup.parsed(json.dumps(STATUS), "") == STATUS
