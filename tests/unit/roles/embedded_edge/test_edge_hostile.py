# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing that a client sends makes a server error: values of every kind in every place."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

import pytest
from embedded_edge.api.app import MODULES
from embedded_edge.api.bindings import FIELDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ENDPOINTS = sorted({(e.method, e.path) for module in MODULES for e in module.ENDPOINTS})
WORD_TEXT = """
    metadata settings main_module bindings name type text json namespace_id service
    compatibility_date compatibility_flags keep_bindings annotations workers/message workers/tag
    placement mode region host limits tags logpush observability enabled tail_consumers versions
    version_id percentage strategy secrets env title key keys value base64 expiration expiration_ttl
    withMetadata hostname zone_id zone_name pattern script previews_enabled subdomain origins
    old_name head_sampling_rate override_scope
"""
WORDS = WORD_TEXT.split()
PARAMETER_TEXT = """
    page per_page limit cursor prefix tags name order_by expiration force expiration_ttl
    bindings_inherit deployable order direction hostname id
"""
PARAMETERS = PARAMETER_TEXT.split()
KNOWN = [
    *WORDS,
    *FIELDS,
    "one",
    "a.example.com",
    "example.com/*",
    "2026-01-01",
    "smart",
    "inherit",
    "",
    "latest",
]
HOSTILE = ["\0", "{{ 7*7 }}", "$(id)", "../..", "a\r\nX-Injected: 1", "x" * 6000, "\u2028", "ü" * 600]
TEXTS = st.one_of(st.sampled_from(KNOWN), st.sampled_from(HOSTILE), st.text(max_size=20))
HUGE = [2**63, -(2**63) - 1, 10**30, 100, 0, 60]
NUMBERS = st.one_of(st.integers(), st.sampled_from(HUGE), st.floats(allow_nan=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=10,
)
BODIES = st.one_of(
    st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=6), st.lists(VALUES, max_size=3), VALUES
)
BINDING_FIELDS = {field for fields in FIELDS.values() for field in fields} | {"old_name", "version_id"}
BINDINGS = st.fixed_dictionaries(
    {"name": st.sampled_from(["A", "B", "KEY"]) | TEXTS, "type": st.sampled_from(sorted(FIELDS))},
    optional=dict.fromkeys(sorted(BINDING_FIELDS), VALUES),
)
QUERIES = st.dictionaries(st.sampled_from(PARAMETERS), TEXTS | NUMBERS.map(str), max_size=3)
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def filled(api: Any) -> Any:
    """Return an embedded edge with something in every place."""
    api.upload(tags=["a"], bindings=[{"type": "secret_text", "name": "KEY", "text": "s"}])
    api.known = {
        "account": api.account,
        "script": "one",
        "namespace": api.namespace(),
        "zone": api.result("GET", "/zones")[0]["id"],
        "version": api.version(),
        "key": "k",
        "secret": "KEY",
    }
    api.deploy({api.known["version"]: 100})
    hostname = {"hostname": "a.example.com", "service": "one"}
    api.known["domain"] = api.result("PUT", "A/workers/domains", json=hostname)["id"]
    return api


def path_of(api: Any, template: str, odd: str | None) -> str:
    """Fill a path: what is known everywhere, the odd text in its last place."""
    parts = template.split("/")
    last = max(
        (n for n, part in enumerate(parts) if part.startswith("{") and part != "{account}"), default=None
    )
    for n, part in enumerate(parts):
        if part.startswith("{"):
            name = part.strip("{}")
            use_odd = odd is not None and n == last
            parts[n] = quote(odd or "", safe="") if use_odd else api.known.get(name, "x")
    return "/".join(parts)


def check(answer: Any) -> None:
    """Insist on an answer that is no server error and shows nothing of the program."""
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text
    if answer.content and answer.headers.get("content-type") == "application/json":
        json.loads(answer.content)


@pytest.mark.parametrize(("method", "path"), ENDPOINTS, ids=[" ".join(pair) for pair in ENDPOINTS])
@SETTINGS
@given(body=BODIES, query=QUERIES, odd=st.none() | TEXTS)
def test_json_of_every_kind(
    filled: Any, method: str, path: str, body: Any, query: dict[str, str], odd: str | None
) -> None:
    content = json.dumps(body).encode() if method != "GET" else b""
    check(filled(method, path_of(filled, path, odd), content=content, params=query))
    if path.endswith("}") and method == "DELETE":
        filled.upload()


@pytest.mark.parametrize("place", ["PUT one", "POST one/versions", "PATCH one/settings"])
@settings(SETTINGS, max_examples=5 * EXAMPLES)
@given(
    metadata=st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=6),
    bindings=st.lists(BINDINGS, max_size=3),
    name=TEXTS,
    content=st.binary(max_size=50),
)
def test_forms_of_every_kind(
    filled: Any, place: str, metadata: Any, bindings: Any, name: str, content: bytes
) -> None:
    method, _space, where = place.partition(" ")
    whole = {"main_module": "m.js", **metadata, **({"bindings": bindings} if bindings else {})}
    part = "settings" if method == "PATCH" else "metadata"
    kind = "application/javascript+module"
    files = [(part, ("blob", json.dumps(whole), "application/json")), ("m.js", ("m.js", content, kind))]
    if name:
        files.append((name[:50], (name[:50], content, "text/plain")))
    check(filled(method, f"A/workers/scripts/{where}", files=files))


@SETTINGS
@given(body=st.binary(max_size=300), boundary=st.sampled_from(["b", "--", "b b", '"', "ü"]))
def test_form_bytes_of_every_kind(filled: Any, body: bytes, boundary: str) -> None:
    start = f"--{boundary}\r\n".encode()
    for content in (
        body,
        start + body,
        start + b'Content-Disposition: form-data; name="metadata"\r\n' + body,
    ):
        for path in (
            "A/workers/scripts/one",
            f"A/storage/kv/namespaces/{filled.known['namespace']}/values/k",
        ):
            headers = {"content-type": f"multipart/form-data; boundary={boundary}".encode()}
            check(filled("PUT", path, content=content, headers=headers))


@SETTINGS
@given(
    path=TEXTS, method=st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"])
)
def test_paths_of_every_kind(filled: Any, path: str, method: str) -> None:
    for prefix in ("/", "A/", "/_embedded/"):
        check(filled(method, prefix + quote(path)))
        check(filled(method, prefix + quote(path, safe="")))


@SETTINGS
@given(body=BODIES)
def test_control_bodies_of_every_kind(filled: Any, body: Any) -> None:
    for name in ("faults", "tokens", "settings"):
        check(filled("POST", f"/_embedded/{name}", content=json.dumps(body).encode()))
    filled("DELETE", "/_embedded/faults")
    filled("POST", "/_embedded/settings", json={"rate_limit": None})


@SETTINGS
@given(
    authorization=st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=60)
)
def test_authorization_of_every_kind(filled: Any, authorization: str) -> None:
    headers = {"authorization": authorization.encode("latin-1")}
    answer = filled("GET", "/user", headers=headers)
    assert answer.status_code in {400, 403}
    check(answer)
