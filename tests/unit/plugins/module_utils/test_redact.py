# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets are masked in every usual form; ordinary text stays."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._redact import MASK, Redactor
from hypothesis import given
from hypothesis import strategies as st

SECRET = 's3cr"et/+ value\u00e9'
RAW = SECRET.encode()
FORMS = {
    "raw": SECRET,
    "upper case": SECRET.upper(),
    "base64": base64.b64encode(RAW).decode(),
    "base64 of url": base64.urlsafe_b64encode(RAW).decode(),
    "base64 one byte later": base64.b64encode(b"x" + RAW).decode()[2:],
    "base64 two bytes later": base64.b64encode(b"xy" + RAW).decode()[3:],
    "percent": quote(SECRET, safe=""),
    "percent in small letters": quote(SECRET, safe="").lower(),
    "form": quote_plus(SECRET),
    "hex": RAW.hex(),
    "hex in capitals": RAW.hex().upper(),
    "json": json.dumps(SECRET)[1:-1],
    "json in utf-8": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "python": repr(SECRET)[1:-1],
    "python in ASCII": ascii(SECRET)[1:-1],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_is_masked(form):
    cleaned = Redactor([SECRET]).clean(f"before {form} after")
    assert cleaned.startswith("before ")
    assert cleaned.endswith(" after")
    # What may stay of base64 are the letters that also depend on the neighbouring bytes.
    rest = cleaned.removeprefix("before ").removesuffix(" after").replace(MASK, "")
    assert len(rest) <= 4


@pytest.mark.parametrize(
    "form",
    [
        "ab+cd\\/ef!gh&kl=",
        "ab+cd/ef!gh\\u0026kl=",
        "ab\\u002Bcd/ef!gh\\u0026kl=",
        "ab%2Bcd%2Fef!gh%26kl%3D",
        "ab%2Bcd/ef%21gh%26kl%3D",
    ],
    ids=["PHP", "Go", ".NET", "browser", "path"],
)
def test_forms_of_other_languages_are_masked(form):
    assert Redactor(["ab+cd/ef!gh&kl="]).clean(f"before {form} after") == f"before {MASK} after"


@pytest.mark.parametrize("split", ["\x00", "\x1b", "\u200b", "\u202e"])
def test_a_secret_split_by_invisible_characters_is_masked(split):
    assert Redactor(["topsecret"]).clean(f"a top{split}secret b") == f"a {MASK} b"


def test_lines_of_a_long_secret_are_masked_one_by_one():
    key = "-----BEGIN KEY-----\nMIIEabcdefgh\n-----END KEY-----"
    assert "MIIEabcdefgh" not in Redactor([key]).clean("line MIIEabcdefgh is bad")


def test_the_text_is_cut_after_masking_so_no_half_secret_stays():
    text = "x" * 295 + "topsecret-of-mine"
    assert "tops" not in Redactor(["topsecret-of-mine"]).clean(text, 300)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("HTTP 401", "HTTP 401"), ("code 1 and 10", f"code {MASK} and 10"), ("key=1;", f"key={MASK};")],
)
def test_a_short_secret_is_masked_only_where_it_stands_alone(text, expected):
    assert Redactor(["1"]).clean(text) == expected


@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_secrets_text_stays(secrets):
    assert Redactor(secrets).clean("a\nb\tc") == "a b c"


def test_nested_values_are_scrubbed():
    value = {"a": ["topsecret", 1, None], "b": {"c": ("x topsecret",)}, "d": True}
    expected = {"a": [MASK, 1, None], "b": {"c": [f"x {MASK}"]}, "d": True}
    assert Redactor(["topsecret"]).scrub(value) == expected


def test_the_repr_shows_nothing():
    assert repr(Redactor(["topsecret"])) == "Redactor()"


@given(st.text(min_size=4), st.text(), st.text())
def test_no_text_around_a_secret_brings_it_back(secret, before, after):
    assert secret not in Redactor([secret]).mask(before + secret + after).replace(MASK, "\0")


@given(st.text(max_size=30), st.integers(0, 60), st.text("§\u200b", min_size=8, max_size=20))
def test_the_head_of_a_content_has_no_part_of_a_secret(before, count, secret):
    shown = Redactor(["§" * secret.count("§")]).head(
        f"{before.replace('§', '')}{secret * 20}".encode(), count
    )
    assert "§" not in shown.replace(MASK, "") or secret.count("§") < 4
