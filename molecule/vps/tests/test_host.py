# SPDX-License-Identifier: GPL-3.0-or-later
"""The host as a whole: nothing has failed, and it is the release that it should be."""

from __future__ import annotations


def test_no_unit_has_failed(host):
    assert host.run("systemctl is-system-running").stdout.strip() == "running", host.check_output(
        "systemctl --failed --no-pager"
    )


def test_the_engine_and_compose_answer(host):
    assert (
        host.check_output("docker info --format '{{.LoggingDriver}} {{.LiveRestoreEnabled}}'") == "local true"
    )
    assert host.run("docker compose version || docker-compose version").rc == 0
