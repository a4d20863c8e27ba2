# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a topology file: YAML to plain values that remember their line.

The file is read from parser events, without recursion and without YAML's object construction, so that hostile
input (alias bombs, deep nesting, tags) is refused instead of executed or expanded.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .problem import KeyPath, Problem, TopologyError, shown
from .scalar import NotFinite, plain_value

try:
    import yaml
except ImportError:  # ansible-core needs PyYAML itself; only import checks run without it
    yaml = None  # type: ignore[assignment]

MAX_BYTES = 4 * 1024 * 1024
MAX_VALUES = 500_000
MAX_DEPTH = 24
MAX_TEXT = 4096

Place = tuple[int, int]


@dataclass(frozen=True)
class Document:
    """The values of a file and where they stand; C(faults) were found while reading."""

    file: str
    data: Any
    keys: dict[KeyPath, Place]
    values: dict[KeyPath, Place]
    faults: tuple[Problem, ...] = ()

    def problem(self, path: KeyPath, message: str, remedy: str, *, key: bool = False) -> Problem:
        """A fault at a key path; C(key) points at the key, if it has one, instead of its value."""
        in_list = bool(path) and isinstance(path[-1], int)
        line, column = self._place(path, self.keys if key and not in_list else self.values)
        return Problem(line, column, path, message, remedy)

    def _place(self, path: KeyPath, places: dict[KeyPath, Place]) -> Place:
        while path and path not in places:
            path = path[:-1]
        return places.get(path, (1, 1))


@dataclass
class _Frame:
    """A mapping or list that is still open; with C(skip) the next value is read and thrown away."""

    value: dict[str, Any] | list[Any]
    path: KeyPath
    anchor: str | None
    size: int = 1
    key: str | None = None
    skip: bool = False


@dataclass
class _Reader:
    file: str
    data: Any = None
    documents: int = 0
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)
    faults: list[Problem] = field(default_factory=list)
    stack: list[_Frame] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)

    def feed(self, event: Any) -> None:
        name = type(event).__name__
        if name == "ScalarEvent":
            self._scalar(event)
        elif name in ("MappingStartEvent", "SequenceStartEvent"):
            self._open(event, {} if name == "MappingStartEvent" else [])
        elif name in ("MappingEndEvent", "SequenceEndEvent"):
            frame = self.stack.pop()
            self._done(frame.value, frame.size, frame.anchor)
        elif name == "AliasEvent":
            self._alias(event)
        elif name == "DocumentStartEvent":
            self.documents += 1
            if self.documents > 1:
                self._stop(event, "a second YAML document begins here", "keep one document in the file")

    def _scalar(self, event: Any) -> None:
        self._tag(event)
        if len(event.value) > MAX_TEXT:
            self._stop(
                event, f"a value of {len(event.value)} characters", f"keep every value under {MAX_TEXT}"
            )
        value = self._value(event)
        if self._wants_key():
            self._key(event, value)
        else:
            self.values.setdefault(self._path(), _place(event))
            self._done(value, 1, event.anchor)

    def _value(self, event: Any) -> Any:
        text: str = event.value
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            self._fault(event, f"{shown(text)} holds half a character", "write the whole Unicode character")
            return ""
        if event.style or not event.implicit[0]:
            return text
        try:
            return plain_value(text)
        except NotFinite:
            self._fault(event, f"{shown(text)} is not a finite number", "write a decimal number")
            return 0

    def _key(self, event: Any, value: Any) -> None:
        frame = self.stack[-1]
        frame.key = event.value
        path = (*frame.path, event.value)
        if event.value == "<<" and not event.style:
            remedy = "write the keys out, or use a settings layer"
            self._refuse_key(event, "merge keys are not used here", remedy)
        elif event.value in frame.value:
            message = f"the key {shown(event.value)} stands here twice, first in line {self.keys[path][0]}"
            self._refuse_key(event, message, "keep one of them")
        elif not isinstance(value, str):
            kind = "a boolean" if isinstance(value, bool) else "empty" if value is None else "a number"
            self._fault(event, f"the key {shown(event.value)} is {kind} in YAML", "put the key in quotes")
        self.keys.setdefault(path, _place(event))

    def _refuse_key(self, event: Any, message: str, remedy: str) -> None:
        self._fault(event, message, remedy)
        self.stack[-1].skip = True

    def _open(self, event: Any, value: dict[str, Any] | list[Any]) -> None:
        self._tag(event)
        if self._wants_key():
            self._stop(event, "a mapping or list is used as a key", "use plain text as key")
        if len(self.stack) >= MAX_DEPTH:
            self._stop(event, f"values are nested deeper than {MAX_DEPTH} levels", "flatten the file")
        path = self._path()
        self.values.setdefault(path, _place(event))
        self.stack.append(_Frame(value, path, event.anchor))

    def _alias(self, event: Any) -> None:
        if self._wants_key():
            self._stop(event, "an alias is used as a key", "use plain text as key")
        if event.anchor not in self.anchors:
            self._stop(
                event,
                f"the alias {shown('*' + event.anchor)} contains itself or has no anchor",
                "write the value out",
            )
        value, size = self.anchors[event.anchor]
        self.values.setdefault(self._path(), _place(event))
        self._grow(event, size)
        self._done(value, size, None)

    def _done(self, value: Any, size: int, anchor: str | None) -> None:
        if anchor:
            self.anchors[anchor] = (value, size)
        if not self.stack:
            self.data = value
            return
        frame = self.stack[-1]
        frame.size += size
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is not None and not frame.skip:
            frame.value[frame.key] = value
        frame.key, frame.skip = None, False

    def _grow(self, event: Any, size: int) -> None:
        if size + sum(frame.size for frame in self.stack) > MAX_VALUES:
            self._stop(
                event, f"aliases expand the file to more than {MAX_VALUES} values", "write fewer aliases"
            )

    def _wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, dict) and self.stack[-1].key is None

    def _path(self) -> KeyPath:
        if not self.stack:
            return ()
        frame = self.stack[-1]
        return (*frame.path, len(frame.value) if isinstance(frame.value, list) else frame.key or "")

    def _tag(self, event: Any) -> None:
        if event.tag is not None:
            remedy = (
                "keep secrets in vault files"
                if "vault" in event.tag
                else "write the plain value, it is never rendered"
            )
            self._fault(event, f"the tag {shown(event.tag)} is not used here", remedy)

    def _fault(self, event: Any, message: str, remedy: str) -> None:
        path = tuple(part for part in self._path() if part != "") if self.stack else ()
        self.faults.append(Problem(*_place(event), path, message, remedy))

    def _stop(self, event: Any, message: str, remedy: str) -> None:
        self._fault(event, message, remedy)
        raise TopologyError(self.file, self.faults)


def read_document(path: str | Path) -> Document:
    """Read a file, or raise TopologyError when it is not readable, not YAML, or larger than it may be."""
    return parse_document(_read_text(Path(path)), str(path))


def parse_document(text: str, file: str) -> Document:
    """Read YAML text; O(file) names it in errors."""
    reader = _Reader(file)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            reader.feed(event)
    except yaml.MarkedYAMLError as error:
        raise TopologyError(file, [*reader.faults, _syntax(error)]) from None
    except yaml.YAMLError:  # the reader's complaint about a character that YAML forbids
        raise TopologyError(file, [_forbidden(text)]) from None
    return Document(file, reader.data, reader.keys, reader.values, tuple(reader.faults))


def _read_text(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _whole_file(path, "is not a regular file", "name a YAML file")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _whole_file(path, f"cannot be read: {error.strerror}", "check the path and its mode") from None
    if len(content) > MAX_BYTES:
        raise _whole_file(
            path, f"is larger than {MAX_BYTES // 1024 // 1024} MiB", "split it into several topologies"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        problem = Problem(line, column, (), "this is not UTF-8 text", "save the file as UTF-8")
        raise TopologyError(str(path), [problem]) from None


def _whole_file(path: Path, message: str, remedy: str) -> TopologyError:
    return TopologyError(str(path), [Problem(1, 1, (), f"the file {message}", remedy)])


def _syntax(error: Any) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Problem(
        line, column, (), f"this is not YAML: {error.problem}", "check indentation, colons and quotes"
    )


def _forbidden(text: str) -> Problem:
    at = next((i for i, char in enumerate(text) if not char.isprintable() and char not in "\t\n\r\x85"), 0)
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return Problem(
        line, column, (), f"YAML does not allow the character {shown(text[at : at + 1])}", "remove it"
    )


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


__all__ = ["Document", "parse_document", "read_document"]
