# SPDX-License-Identifier: GPL-3.0-or-later
"""A check of a host that fails prints what that host's journal says."""

from __future__ import annotations

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    host = getattr(item, "funcargs", {}).get("host")
    if report.when == "call" and report.failed and host is not None:
        for command in ("systemctl --failed --no-pager", "journalctl --no-pager -b -p notice -n 60"):
            report.sections.append((command, host.run(command).stdout))
    return report
