# SPDX-License-Identifier: GPL-3.0-or-later
"""The schemas of config documents: the built-in one of the gateway, and a folder of the user's own.

The document C(campaigns/spring) is checked against C(campaigns.json) of that folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .explain import faults, validator
from .load import Document, read_document
from .patience import TookTooLong, at_most
from .problem import KeyPath, Problem, TopologyError, dotted, shown
from .schema import DOCUMENT

try:
    from jsonschema.exceptions import SchemaError
    from referencing.exceptions import Unresolvable
except ImportError:  # the callers say so by JSONSCHEMA_MISSING
    SchemaError = Unresolvable = ValueError  # type: ignore[assignment, misc]

GATEWAY = "gateway"
SECONDS = 5.0
_MOST = 1000
_SUFFIXES = (".json", ".yml", ".yaml")


@dataclass(frozen=True)
class Schemas:
    """Validators by the first part of a document's name."""

    folder: str = ""
    validators: Mapping[str, Any] = field(default_factory=dict)

    def faults(self, name: str, document: Any, place: Any) -> Iterator[Problem]:
        """What is wrong with a document. The time for it is bounded."""
        kind = name.partition("/")[0]
        found = self.validators.get(kind)
        if found is None:
            remedy = f"add {kind}.json to the folder of schemas {self.folder or '(configuration.schemas)'}"
            yield place.problem((), f"the document {shown(name)} has no schema", remedy, key=True)
            return
        try:
            with at_most(SECONDS):
                yield from list(faults(place, document, found))
        except TookTooLong:
            message = f"checking it by the schema {kind} takes longer than {SECONDS:g} s"
            yield place.problem((), message, "simplify that schema's patterns, or shorten the document")
        except RecursionError:
            yield place.problem((), f"the schema {kind} refers to itself for ever", "correct its $ref")
        except Unresolvable as error:
            message = f"the schema {kind} refers to {shown(str(error.ref))}, which is not in it"
            yield place.problem((), message, "write what is meant under $defs; nothing is fetched")


@dataclass(frozen=True)
class Nowhere:
    """The place of data that has no file: problems carry the key path alone."""

    above: KeyPath = ()

    def problem(self, path: KeyPath, message: str, remedy: str, *, key: bool = False) -> Problem:
        return Problem(0, 0, (*self.above, *path), message, remedy)


def told(schemas: Schemas, documents: Mapping[str, Any]) -> list[str]:
    """What is wrong with documents that have no file: key path, fault and remedy."""
    found = []
    for name, document in documents.items():
        for problem in schemas.faults(name, document, Nowhere((name,))):
            found.append(f"{dotted(problem.path)}: {problem.message}; {problem.remedy}")
    return found


def read_schemas(folder: str | Path | None) -> Schemas:
    """The built-in schema and those of a folder. Raises TopologyError that names a file and what is wrong."""
    found = {GATEWAY: validator(DOCUMENT)}
    if not folder:
        return Schemas("", found)
    home = Path(folder)
    for file in _files(home):
        document = read_document(file)
        problems = [*document.faults, *_schema_problems(document, file.stem, found)]
        if problems:
            raise TopologyError(str(file), problems)
        found[file.stem] = validator(document.data)
    return Schemas(str(home), found)


def _files(home: Path) -> list[Path]:
    try:
        found = sorted(path for path in home.iterdir() if path.suffix in _SUFFIXES)
    except OSError as error:
        problem = Problem(1, 1, (), f"the folder of schemas cannot be read: {error.strerror}", "make it")
        raise TopologyError(str(home), [problem]) from None
    if len(found) > _MOST:
        raise TopologyError(str(home), [Problem(1, 1, (), f"{len(found)} schemas", f"keep at most {_MOST}")])
    return found


def _schema_problems(document: Document, name: str, known: Mapping[str, Any]) -> Iterator[Problem]:
    if name in known:
        yield document.problem((), f"there is a schema {shown(name)} already", "give it another name")
    if not isinstance(document.data, dict):
        yield document.problem((), "this is no schema", "use a mapping such as {type: object}")
        return
    try:
        with at_most(SECONDS):
            validator({}).check_schema(document.data)
    except SchemaError as error:
        yield document.problem(
            tuple(error.absolute_path), shown(error.message), "correct it; see JSON Schema"
        )
    except (TookTooLong, RecursionError):
        yield document.problem((), "this schema can't be checked in time", "simplify it")


def document_problems(document: Document, planes: Iterable[Any], schemas: Schemas) -> Iterator[Problem]:
    """What is wrong with the effective documents of planes, told where the file sets the value."""
    checked: set[str] = set()
    for plane in planes:
        for name, value in plane.documents.items():
            once = json.dumps([name, value], sort_keys=True)
            if once not in checked:
                checked.add(once)
                yield from schemas.faults(name, value, _Origin(document, plane, name))


@dataclass(frozen=True)
class _Origin:
    """Finds the layer of the file that a value of a plane's document comes from."""

    document: Document
    plane: Any
    name: str

    def problem(self, path: KeyPath, message: str, remedy: str, *, key: bool = False) -> Problem:
        file_path = (*self._layer(path), self.name, *path)
        told_ = f"{message} (in the plane {self.plane.name})"
        return self.document.problem(file_path, told_, remedy, key=key)

    def _layer(self, path: KeyPath) -> KeyPath:
        wanted = ".".join(["documents", self.name, *(part for part in path if isinstance(part, str))])
        origins: Mapping[str, str] = self.plane.origins
        while wanted != "documents":
            fits = [layer for key, layer in origins.items() if key == wanted or key.startswith(wanted + ".")]
            if fits:
                return tuple(fits[-1].split("."))
            wanted = wanted.rpartition(".")[0]
        return (*self.plane.path, "documents")


__all__ = ["GATEWAY", "Nowhere", "Schemas", "document_problems", "read_schemas", "told"]
