# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile text is refused where it would become a name, and carried as it is where it is text."""

from __future__ import annotations

import json
import string

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology import settings_report
from hypothesis import given
from hypothesis import strategies as st
from topology_samples import GOOD, errors, read, spoiled

HOSTILE = [
    "{{ lookup('pipe', 'touch canary') }}",
    "{% for x in y %}",
    "$(touch canary)",
    "`id`",
    "a; id",
    "a\nb",
    "acme\n",
    "-rf",
    "--option",
    "../../etc/passwd",
    "a/b",
    "a%2fb",
    "a b",
    "\x1b[2J",
    "\u202eacme",
    "",
    "acmé",
    "all:!edge",
    "!vault",
]
PLACES = {
    "name": ("name: sample", "name: {}"),
    "zone": ("edge: {zone: example.com}", "edge: {{zone: {}}}"),
    "connect_to": ("edge: {zone: example.com}", "edge: {{zone: example.com, connect_to: {}}}"),
    "hostname pattern": ("edge: {zone: example.com}", "edge: {{zone: example.com, hostname: {}}}"),
    "environment": ("  staging: {zone: example.net}", "  {}: {{}}"),
    "region": ("  us: {}", "  us: {{}}\n  {}: {{}}"),
    "tenant": ("  acme:\n", "  {}:\n"),
    "tenant's environment": ("  acme:\n    environment: production", "  acme:\n    environment: {}"),
    "hostname": ("us: {settings: {max_batch: 7}}", "us: {{hostname: {}}}"),
    "placement": ("  us: {}", "  us: {{placement: {{region: {}}}}}"),
    "jurisdiction": ("  us: {}", "  us: {{jurisdiction: {}}}"),
    "country": ("  us: {}", "  us: {{countries: [{}]}}"),
    "event type": ("{settings: {log_level: warn}}", "{{settings: {{accept: [{}]}}}}"),
    "origin": ("{settings: {log_level: warn}}", "{{settings: {{cors_origins: [{}]}}}}"),
    "label's name": ("{settings: {log_level: warn}}", "{{settings: {{labels: {{{}: x}}}}}}"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_hostile_text_becomes_a_name(place: str, text: str) -> None:
    old, new = PLACES[place]
    found = errors(spoiled(old, new.format(json.dumps(text))))
    assert found
    assert all(line.isprintable() and len(line) < 400 for line in found)


@pytest.mark.parametrize("text", [text for text in HOSTILE if len(text) < 1024], ids=ascii)
def test_labels_carry_any_text_as_it_is(text: str) -> None:
    topology = read(
        spoiled("{settings: {log_level: warn}}", f"{{settings: {{labels: {{note: {json.dumps(text)}}}}}}}")
    )
    plane = topology.planes[0]
    assert plane.settings["labels"]["note"] == text
    assert all(line.isprintable() for line in settings_report(plane).split("\n"))


@given(st.text(string.printable + "éß\u202e\x00", min_size=1, max_size=45))
def test_tenant_names(text: str) -> None:
    good = (
        text.strip(string.ascii_lowercase + string.digits + "-") == ""
        and "--" not in text
        and len(text) <= 40
    )
    good = good and text[0] in string.ascii_lowercase and text[-1] != "-"
    topology = spoiled("  acme:\n", f"  {json.dumps(text)}:\n")
    assert (errors(topology) == []) == good


def test_long_text_cannot_stall_a_pattern() -> None:
    text = "https://" + "a-" * 1900 + "!"
    found = errors(spoiled("{settings: {log_level: warn}}", f"{{settings: {{cors_origins: ['{text}']}}}}"))
    assert any("cors_origins[0]" in line for line in found)
    assert all(len(line) < 300 for line in found)


def test_placeholders_in_names_are_no_second_pattern() -> None:
    assert read(GOOD.replace("acme", "zone")).planes[0].hostname == "zone-eu.example.com"
