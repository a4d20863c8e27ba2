# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel knows the special addresses that the relay knows, and the firewall the mark."""

from __future__ import annotations

from pathlib import Path

import yaml
from relay import addresses

ROLES = Path(__file__).resolve().parents[4] / "roles"
RELAY = yaml.safe_load((ROLES / "relay/vars/main.yml").read_text())
FIREWALL = yaml.safe_load((ROLES / "firewall/vars/main.yml").read_text())


def test_both_know_the_same_special_addresses():
    assert RELAY["__relay_special_4"] == [str(network) for network in addresses._DENIED_4]
    assert RELAY["__relay_special_6"] == [str(network) for network in addresses._DENIED_6]
    assert RELAY["__relay_global_6"] == str(addresses._GLOBAL_6)


def test_the_firewall_lets_out_what_a_relay_marks():
    assert FIREWALL["__firewall_relay_mark"] == RELAY["__relay_mark"]
