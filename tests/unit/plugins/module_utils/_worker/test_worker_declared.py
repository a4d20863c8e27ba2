# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, bindings and fingerprint of a declared Worker."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._cloudflare.upload import (
    Module,
    Upload,
)
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._worker.declared import (
    Friendly,
    Undeclarable,
    bindings,
    fingerprint,
    inline,
    modules_of,
    public,
)

JS = "application/javascript+module"
UPLOAD = Upload(
    "a.js",
    (Module("a.js", JS, b"code"),),
    bindings=({"name": "A", "type": "plain_text", "text": "x"},),
    compatibility_date="2026-08-01",
    compatibility_flags=("a", "b"),
    placement={"mode": "smart"},
    secrets={"KEY": "value"},
)
JWK = {"name": "J", "type": "secret_key", "key_jwk": {"kty": "OKP", "d": "private"}}
CHANGES = {
    "content": {"modules": (Module("a.js", JS, b"other"),)},
    "name of a module": {"modules": (Module("b.js", JS, b"code"),)},
    "type of a module": {"modules": (Module("a.js", "text/plain", b"code"),)},
    "main module": {"main_module": "b.js"},
    "value of a variable": {"bindings": ({"name": "A", "type": "plain_text", "text": "y"},)},
    "one binding more": {"bindings": (*UPLOAD.bindings, {"name": "B", "type": "version_metadata"})},
    "compatibility date": {"compatibility_date": "2026-08-02"},
    "compatibility flags": {"compatibility_flags": ("a",)},
    "placement": {"placement": None},
    "kept bindings": {"keep_bindings": ("secret_text",)},
    "value of a secret": {"secrets": {"KEY": "value2"}},
    "name of a secret": {"secrets": {"KEY2": "value"}},
    "no secret": {"secrets": {}},
    "raw secret": {"bindings": (*UPLOAD.bindings, {"name": "R", "type": "secret_text", "text": "r"})},
    "private key": {"bindings": (*UPLOAD.bindings, JWK)},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_fingerprint_covers(change):
    assert fingerprint(replace(UPLOAD, **change), "salt") != fingerprint(UPLOAD, "salt")


@pytest.mark.parametrize(
    "change",
    [{"message": "other"}, {"tag": "fp:x"}, {"tags": ("t",)}, {"compatibility_flags": ("b", "a")}],
    ids=["message", "tag", "tags", "order of flags"],
)
def test_the_fingerprint_leaves_out(change):
    assert fingerprint(replace(UPLOAD, **change), "salt") == fingerprint(UPLOAD, "salt")


@pytest.mark.parametrize("field", ["text", "key"])
def test_a_raw_secret_changes_the_fingerprint(field):
    binding = (
        {"name": "R", "type": "secret_text", "text": "one"}
        if field == "text"
        else {"name": "R", "type": "secret_key", "key_jwk": {"d": "one"}}
    )
    changed = {key: {"d": "two"} if key == "key_jwk" else value for key, value in binding.items()}
    changed |= {"text": "two"} if field == "text" else {}
    first, second = (replace(UPLOAD, bindings=(item,)) for item in (binding, changed))
    assert fingerprint(first, "salt") != fingerprint(second, "salt")


def test_the_same_secret_elsewhere_has_another_fingerprint():
    assert fingerprint(UPLOAD, "account/a") != fingerprint(UPLOAD, "account/b")


def test_friendly_bindings():
    friendly = Friendly(
        vars={"TEXT": "1", "NUMBER": 1, "YES": True, "MAP": {"a": [1]}},
        kv_namespaces={"CONFIG": "title"},
        services={"SINK": "other"},
        version_metadata="VERSION",
        raw=({"name": "D", "type": "d1", "id": "1"},),
        secrets={"KEY": "value"},
    )
    assert bindings(friendly, {"title": "id1"}) == (
        {"name": "CONFIG", "type": "kv_namespace", "namespace_id": "id1"},
        {"name": "D", "type": "d1", "id": "1"},
        {"name": "MAP", "type": "json", "json": {"a": [1]}},
        {"name": "NUMBER", "type": "json", "json": 1},
        {"name": "SINK", "type": "service", "service": "other"},
        {"name": "TEXT", "type": "plain_text", "text": "1"},
        {"name": "VERSION", "type": "version_metadata"},
        {"name": "YES", "type": "json", "json": True},
    )


@pytest.mark.parametrize(
    ("friendly", "text"),
    [
        (Friendly(vars={"A": "1"}, secrets={"A": "2"}), "'A' is declared twice"),
        (Friendly(vars={"A": "1"}, version_metadata="A"), "'A' is declared twice"),
        (Friendly(raw=({"type": "d1"},)), "no name"),
        (Friendly(raw=({"name": "", "type": "d1"},)), "no name"),
    ],
)
def test_bindings_that_collide(friendly, text):
    with pytest.raises(Undeclarable, match=text):
        bindings(friendly, {})


@pytest.fixture
def folder(tmp_path):
    files = {"index.js": "i", "lib/x.js": "x", "page.html": "p", "README.md": "r", ".hidden.js": "h"}
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize(("main", "expected"), [(None, "index.js"), ("lib/x.js", "lib/x.js")])
def test_a_folder(folder, main, expected):
    name, modules = modules_of(folder, main)
    assert name == expected
    assert [module.name for module in modules] == ["index.js", "lib/x.js", "page.html"]


@pytest.mark.parametrize(("main", "expected"), [(None, "x.js"), ("renamed.js", "renamed.js")])
def test_a_file(folder, main, expected):
    name, (module,) = modules_of(folder / "lib" / "x.js", main)
    assert (name, module.name, module.content) == (expected, expected, b"x")


@pytest.mark.parametrize(
    ("path", "main", "text"),
    [
        (
            "",
            "none.js",
            r"no module 'none.js': set main_module to one of .* \(index.js, lib/x.js",
        ),
        ("README.md", None, "README.md is no module"),
        ("empty", None, r"\(none\)"),
        ("nothing", None, "nothing is no file or folder"),
    ],
)
def test_files_that_make_no_worker(folder, path, main, text):
    with pytest.raises(Undeclarable, match=text):
        modules_of(folder / path, main)


@pytest.mark.parametrize(("main", "expected"), [(None, "index.js"), ("a.mjs", "a.mjs")])
def test_inline(main, expected):
    assert inline("code", main) == (expected, (Module(expected, JS, b"code"),))


@pytest.mark.parametrize(
    ("binding", "shown"),
    [
        ({"name": "A", "type": "secret_text", "text": "s"}, {"name": "A", "type": "secret_text"}),
        (JWK, {"name": "J", "type": "secret_key"}),
        ({"name": "A", "type": "plain_text", "text": "t"}, {"name": "A", "type": "plain_text", "text": "t"}),
    ],
)
def test_a_binding_is_shown_without_its_secret(binding, shown):
    assert public(binding) == shown
