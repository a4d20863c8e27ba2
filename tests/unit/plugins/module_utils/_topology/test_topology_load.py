# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology import TopologyError
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology.load import (
    MAX_BYTES,
    parse_document,
    read_document,
)

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


def faults(text: str) -> list[str]:
    try:
        return [str(problem) for problem in parse_document(text, "t.yml").faults]
    except TopologyError as error:
        return [str(problem) for problem in error.problems]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1: a: the key 'a' stands here twice, first in line 1; keep one of them"),
        ("x: {a: 1, a: 1}\n", "1:11: x.a: the key 'a' stands here twice, first in line 1; keep one of them"),
        ("no: 1\n", "1:1: no: the key 'no' is a boolean in YAML; put the key in quotes"),
        ("12: 1\n", "1:1: 12: the key '12' is a number in YAML; put the key in quotes"),
        ("? [a]\n: 1\n", "1:3: a mapping or list is used as a key; use plain text as key"),
        (
            "a: &a {b: 1}\nc: {<<: *a}\n",
            "2:5: c.'<<': merge keys are not used here; write the keys out, or use a settings layer",
        ),
        ("a: .nan\n", "1:4: a: '.nan' is not a finite number; write a decimal number"),
        ("a: [1, -.INF]\n", "1:8: a[1]: '-.INF' is not a finite number; write a decimal number"),
        ("a: 1e999\n", "1:4: a: '1e999' is not a finite number; write a decimal number"),
        ("a: !vault x\n", "1:4: a: the tag '!vault' is not used here; keep secrets in vault files"),
        (
            "a: !!python/object/apply:os.system ['id']\n",
            "1:4: a: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not used here; "
            "write the plain value, it is never rendered",
        ),
        ("a: &a [*a]\n", "1:8: a[0]: the alias '*a' contains itself or has no anchor; write the value out"),
        ("a: *b\n", "1:4: a: the alias '*b' contains itself or has no anchor; write the value out"),
        (BOMB, "6:25: a5[3]: aliases expand the file to more than 500000 values; write fewer aliases"),
        ("[" * 50_000, f"1:25: {'[0]' * 24}: values are nested deeper than 24 levels; flatten the file"),
        ("a: " + "x" * 5000, "1:4: a: a value of 5000 characters; keep every value under 4096"),
        ("a: 1\n---\nb: 2\n", "2:1: a second YAML document begins here; keep one document in the file"),
        (
            "a: [1\n",
            "2:1: this is not YAML: did not find expected ',' or ']'; check indentation, colons and quotes",
        ),
        ("a: 1\nb: x\x00y\n", "2:5: YAML does not allow the character '\\x00'; remove it"),
        ("a: 1\nb: \x1b[31m\n", "2:4: YAML does not allow the character '\\x1b'; remove it"),
    ],
    ids=lambda value: value[:24],
)
def test_what_is_refused(text: str, fault: str) -> None:
    assert fault in faults(text)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("yes", True),
        ("OFF", False),
        ("~", None),
        ("12", 12),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("010", "010"),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("yEs", "yEs"),
        (".", "."),
        ("-", "-"),
        ("e5", "e5"),
        ("'yes'", "yes"),
        ('"12"', "12"),
        ("'{{ now() }}'", "{{ now() }}"),
        ("$(id)", "$(id)"),
    ],
)
def test_words(word: str, value: Any) -> None:
    document = parse_document(f"a: {word}\n" if word != "-" else "a: '-'\n", "t.yml")
    assert document.faults == ()
    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)


def test_aliases_are_values() -> None:
    document = parse_document("a: &a {x: [1, {y: 2}]}\nb: *a\nc: [*a]\n", "t.yml")
    assert document.data["b"] == document.data["c"][0] == {"x": [1, {"y": 2}]}
    assert document.problem(("b", "x", 1, "y"), "m", "r").line == 2


def test_places() -> None:
    document = parse_document("a:\n  b: [1,\n    {c: 2}]\n", "t.yml")
    problem = document.problem(("a", "b", 1, "c"), "m", "r")
    assert (problem.line, problem.column) == (3, 9)
    assert str(document.problem(("a", "b", 1, "c"), "m", "r", key=True)) == "3:6: a.b[1].c: m; r"


def test_a_key_that_looks_like_an_inner_mark_is_kept() -> None:
    assert parse_document('"\\0skipped": 1\n"": 2\n', "t.yml").data == {"\0skipped": 1, "": 2}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "cannot be read: No such file or directory; check the path and its mode"),
        (b"a: \xff\n", "1:4: this is not UTF-8 text; save the file as UTF-8"),
        (b"#" * (MAX_BYTES + 1), "is larger than 4 MiB; split it into several topologies"),
    ],
    ids=["missing", "latin", "large"],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes | None, error: str) -> None:
    path = tmp_path / "t.yml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TopologyError) as caught:
        read_document(path)
    assert error in str(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.yml")
    with pytest.raises(TopologyError, match="is not a regular file"):
        read_document(tmp_path / "t.yml")


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "t.yml").write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_document(tmp_path / "t.yml").data == {"a": 1, "b": 2}
