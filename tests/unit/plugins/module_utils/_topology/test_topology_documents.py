# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents of a topology and the user's schemas: what is wrong is told by place, and in bounded time."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.adsengineer.orchestrator.plugins.filter.config_problems import config_problems
from ansible_collections.adsengineer.orchestrator.plugins.module_utils._topology import (
    TopologyError,
    read_schemas,
    read_topology,
    schemas,
    told,
)
from ansible_collections.adsengineer.orchestrator.plugins.test.valid_config import valid_config
from topology_samples import GOOD

FLAGS = {
    "type": "object",
    "properties": {"beta": {"type": "boolean", "description": "true or false"}},
    "additionalProperties": False,
}


def topology(folder: Path, schema: Any = None, **documents: Any) -> Path:
    """A topology with documents in its weakest layer and in that of a tenant."""
    (folder / "schemas").mkdir()
    wanted = FLAGS if schema is None else schema
    text = wanted if isinstance(wanted, str) else json.dumps(wanted)
    (folder / "schemas" / "flags.json").write_text(text)
    data = yaml.safe_load(GOOD)
    data["configuration"] = {"schemas": "schemas"}
    data["defaults"] = {"documents": {"flags": {"beta": True}}}
    data["tenants"]["globex"]["documents"] = documents
    path = folder / "topology.yml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def problems(path: Path) -> list[str]:
    try:
        read_topology(path)
    except TopologyError as error:
        return str(error).splitlines()[1:]
    return []


def test_documents_are_layered(tmp_path: Path) -> None:
    planes = read_topology(topology(tmp_path, flags={"beta": False})).planes
    assert [plane.documents for plane in planes] == [{"flags": {"beta": True}}] * 2 + [
        {"flags": {"beta": False}}
    ]
    assert planes[2].origins["documents.flags.beta"] == "tenants.globex.documents"


@pytest.mark.parametrize(
    ("documents", "told_"),
    [
        (
            {"flags": {"beta": "yes"}},
            "tenants.globex.documents.flags.beta: 'yes' is text (in the plane globex-us); use true or false",
        ),
        (
            {"flags": {"bta": True}},
            "documents.flags.bta: unknown key 'bta' (in the plane globex-us); did you mean beta?",
        ),
        ({"prices": {}}, "the document 'prices' has no schema"),
        ({"gateway": {}}, "'gateway' is not a usable name"),
        ({"Flags": {}}, "'Flags' is not a usable name"),
        ({"flags/../x": {}}, "'flags/../x' is not a usable name"),
        ({"n" * 201: {}}, "is not a usable name"),
        ({"flags": [1]}, "tenants.globex.documents.flags: this is a list"),
    ],
)
def test_faults_of_documents(tmp_path: Path, documents: Any, told_: str) -> None:
    path = topology(tmp_path, **documents)
    found = problems(path)
    assert any(told_ in line for line in found), found
    assert all(line.startswith(f"{path}:") for line in found)


@pytest.mark.parametrize(
    ("schema", "told_"),
    [
        ({"type": "objekt"}, "flags.json:1:"),
        ({"properties": {"beta": {"pattern": "(["}}}, "is not a 'regex'"),
        ({"patternProperties": {"*": {}}}, "is not a 'regex'"),
        ([], "this is no schema"),
        ("{", "this is not YAML"),
        ('{"a": 1, "a": 2}', "the key 'a' stands here twice"),
        ("[" * 100, "nested deeper than 24"),
        ("a: &a [*a, *a]", "contains itself"),
        ({"minimum": "x"}, "flags.json:1:"),
    ],
)
def test_schemas_that_are_refused(tmp_path: Path, schema: Any, told_: str) -> None:
    found = problems(topology(tmp_path, schema))
    assert any(told_ in line for line in found), found
    assert "flags.json" in found[0]


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_patterns_that_search_for_ever_are_stopped(tmp_path: Path, pattern: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(schemas, "SECONDS", 0.2)
    path = topology(
        tmp_path, {"properties": {"text": {"pattern": pattern}}}, flags={"text": "a" * 40 + "x" * 40 + "!"}
    )
    begun = time.process_time()
    found = problems(path)
    assert time.process_time() - begun < 3
    assert any("takes longer than 0.2 s" in line for line in found), found


@pytest.mark.parametrize(
    ("schema", "told_"),
    [
        ({"$ref": "#"}, "refers to itself for ever"),
        ({"$ref": "https://example.com/schema.json"}, "nothing is fetched"),
        ({"$ref": "#/$defs/none"}, "which is not in it"),
        ({"required": ["gone"]}, "the key gone is missing; add it with a value"),
        ({"enum": [{"beta": 1}]}, "is not allowed here"),
        ({"not": {}}, "is not allowed here"),
        ({"dependentRequired": {"beta": ["x"]}}, "is not allowed here"),
        ({"properties": {"beta": False}}, "is not allowed here"),
    ],
)
def test_any_schema_is_answered_with_sentences(tmp_path: Path, schema: Any, told_: str) -> None:
    (tmp_path / "flags.json").write_text(json.dumps(schema))
    found = told(read_schemas(tmp_path), {"flags": {"beta": True}})
    assert any(told_ in text for text in found), found


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match="the folder of schemas cannot be read: No such file"):
        read_schemas(tmp_path / "gone")


def test_filter_and_test(tmp_path: Path) -> None:
    (tmp_path / "flags.json").write_text(json.dumps(FLAGS))
    assert config_problems({"max_batch": 5}) == []
    assert valid_config({"max_batch": 5})
    assert config_problems({"max_batch": 0}) == [
        "gateway.max_batch: 0 is less than 1; use a whole number from 1 to 1000"
    ]
    assert not valid_config({"beta": 1}, "flags", str(tmp_path))
    assert "half a character" in config_problems({"labels": {"a": "\ud800"}})[0]
