# SPDX-License-Identifier: GPL-3.0-or-later
"""A judge from outside: lynis of the distribution. What it still says, the documents explain."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

EXPLAINED = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / "docs" / "control-plane-lynis.md"
# Of a bare host 60, see the document.
LEAST = 75


@pytest.fixture(scope="module")
def report(host):
    if not host.file("/etc/debian_version").content_string.startswith("12"):
        pytest.skip("one release is enough: it takes half a minute")
    host.check_output("DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends lynis")
    host.check_output("lynis audit system --quick --no-colors")
    lines = host.check_output("cat /var/log/lynis-report.dat").splitlines()
    yield [line.partition("=")[::2] for line in lines if "=" in line]
    host.check_output("DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq lynis")


def said(report, word):
    return {value.split("|")[0] for key, value in report if key == word}


def test_the_index(report):
    index = int(dict(report)["hardening_index"])
    print(f"hardening index {index}")
    assert index >= LEAST


@pytest.mark.parametrize("word", ["warning[]", "suggestion[]"])
def test_what_is_left_is_explained(report, word):
    explained = set(re.findall(r"^\| ([A-Z]+(?:-[0-9]+)?) \|", EXPLAINED.read_text(), re.M))
    assert said(report, "suggestion[]"), "the report itself must be readable"
    assert said(report, word) - explained == set()
