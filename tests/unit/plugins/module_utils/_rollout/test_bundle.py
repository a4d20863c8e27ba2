# SPDX-License-Identifier: GPL-3.0-or-later
"""Bundles are refused by name before anything is written."""

from __future__ import annotations

import os

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout import bundle
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._rollout.bundle import (
    Bundle,
    BundleError,
    load,
    reload,
)

GOOD = "export default { fetch() { return new Response('ok'); } };\n"


@pytest.fixture
def write(tmp_path):
    def made(name: str, content: str = GOOD) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        return str(path)

    return made


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        "var x = {};\nexport {\n  helper,\n  x as default\n};\n",
        'export { default } from "./gateway.js";',
        "export default{fetch(){}}",
    ],
    ids=["plain", "as default", "passed on", "minified"],
)
def test_a_default_export_is_seen(write, content):
    assert load(write("a.js", content)).bundle.main == "a.js"


def test_extra_modules_follow_the_main_one(write):
    main, extra = write("bad.js"), write("real/dist.js")
    loaded = load(main, {"gateway.js": extra})
    assert [module.name for module in loaded.modules] == ["bad.js", "gateway.js"]
    assert Bundle.from_dict(loaded.bundle.as_dict()) == loaded.bundle


def test_the_digest_sees_names_and_contents_and_not_folders(write):
    first = load(write("one/a.js")).bundle.digest()
    assert load(write("two/a.js")).bundle.digest() == first
    assert load(write("b.js")).bundle.digest() != first
    assert load(write("a.js", GOOD + "//")).bundle.digest() != first


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.js", "addEventListener('fetch', () => {});", "10021"),
        ("a.js", "export const x = 1;", "no default export"),
        ("a.wasm", "x", "must be an ES module"),
        ("a.exe", "x", "no use for"),
    ],
    ids=["service worker", "no default", "wasm", "suffix"],
)
def test_refused(write, name, content, words):
    path = write(name, content)
    with pytest.raises(BundleError) as caught:
        load(path)
    assert words in str(caught.value)
    assert path in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BundleError, match=r"nowhere\.js does not exist"):
        load(str(tmp_path / "nowhere.js"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_named(write, tmp_path):
    path = write("a.js")
    (tmp_path / "a.js").chmod(0)
    with pytest.raises(BundleError, match=r"a\.js can't be read"):
        load(path)


def test_a_folder_is_no_bundle(tmp_path):
    (tmp_path / "a.js").mkdir()
    with pytest.raises(BundleError, match="can't be read"):
        load(str(tmp_path / "a.js"))


def test_two_modules_of_one_name(write):
    with pytest.raises(BundleError, match=r"name 'a\.js'"):
        load(write("a.js"), {"a.js": write("b.js")})


def test_limits(write, monkeypatch):
    path = write("a.js", GOOD + "//" + "ab" * 500)
    monkeypatch.setattr(bundle, "MAX_COMPRESSED", 10)
    with pytest.raises(BundleError, match="compressed"):
        load(path)
    monkeypatch.setattr(bundle, "MAX_BYTES", 100)
    with pytest.raises(BundleError, match="limit is 100"):
        load(path)


def test_what_changed_after_the_plan_is_not_uploaded(write):
    path = write("a.js")
    planned = load(path).bundle
    assert reload(planned)[0].content == GOOD.encode()
    write("a.js", GOOD + "// other")
    with pytest.raises(BundleError, match=r"a\.js changed after the plan"):
        reload(planned)
