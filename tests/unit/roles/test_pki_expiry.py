# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that warns on the host before certificates end."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._pki import x509 as lib

SCRIPT = Path(__file__).resolve().parents[3] / "roles" / "pki" / "files" / "pki_expiry.py"
NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("pki_expiry", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def places(tmp_path):
    """A certificate of 40 days, and an authority of 400."""
    cert = lib.cert_pem(lib.make_authority(lib.make_key("ecdsa-p256"), "web", 40, NOW))
    live = tmp_path / "pki" / "live" / "web"
    live.mkdir(parents=True)
    (live / "cert.pem").write_bytes(cert)
    authority = lib.make_authority(lib.make_key("ed25519"), "ca", 400, NOW)
    (tmp_path / "pki" / "ca.pem").write_bytes(lib.cert_pem(authority))
    return tmp_path


@pytest.mark.parametrize(
    ("after", "priority", "words", "code"),
    [
        (9.9, None, "", 0),
        (10.1, 4, "web ends in 29 days", 0),
        (33.1, 3, "web ends in 6 days", 0),
        (39.1, 2, "web ends in 0 days", 0),
        (40.1, 2, "web has ended", 1),
    ],
)
@pytest.mark.filterwarnings("ignore:Properties that return a naïve datetime")
def test_warnings(script, places, capsys, after, priority, words, code):
    moment = (NOW + timedelta(days=after)).timestamp()
    assert script.main(places / "pki", places / "state", moment) == code
    said = capsys.readouterr().out
    assert said.startswith(f"<{priority}>") if priority else not said
    assert words in said
    status = json.loads((places / "state" / "pki" / "status.json").read_text())
    assert [item["name"] for item in status["certificates"]] == ["web", "authority-1"]
    metrics = (places / "state" / "metrics" / "pki.prom").read_text()
    ends = int((NOW + timedelta(days=40)).timestamp())
    assert f'adsengineer_certificate_end_seconds{{name="web"}} {ends}\n' in metrics


def test_what_can_not_be_read_is_told(script, places, capsys):
    (places / "pki" / "live" / "web" / "cert.pem").write_text("x")
    assert script.main(places / "pki", places / "state", NOW.timestamp()) == 1
    assert "<3>the certificate web" in capsys.readouterr().out
