# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads multipart/form-data out of a body that is already bounded."""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from .errors import bad_request

MOST_PARTS = 1000


@dataclass(frozen=True)
class Part:
    """One part of a form."""

    name: str
    filename: str | None
    content_type: str
    content: bytes


@dataclass
class _Reader:
    """Collects what the parser reports."""

    parts: list[Part] = field(default_factory=list)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    data: bytearray = field(default_factory=bytearray)
    complete: bool = False

    def begin(self) -> None:
        self.headers, self.data = {}, bytearray()
        if len(self.parts) >= MOST_PARTS:
            raise bad_request(f"an upload has at most {MOST_PARTS} parts")

    def header_begin(self) -> None:
        self.name, self.value = bytearray(), bytearray()

    def header_end(self) -> None:
        self.headers[bytes(self.name).lower()] = bytes(self.value)

    def end(self) -> None:
        _kind, options = parse_options_header(self.headers.get(b"content-disposition", b""))
        if b"name" not in options:
            raise bad_request("a part of the form has no name in its Content-Disposition")
        filename = options.get(b"filename")
        self.parts.append(
            Part(
                name=_text(options[b"name"]),
                filename=_text(filename) if filename is not None else None,
                content_type=_text(self.headers.get(b"content-type", b"")).partition(";")[0].strip().lower(),
                content=bytes(self.data),
            )
        )

    def finish(self) -> None:
        self.complete = True


def parse_form(content_type: str, body: bytes) -> list[Part]:
    """Return the parts of a form in their order."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise bad_request(f"Content-Type must be multipart/form-data, not '{content_type[:80]}'")
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= 200:
        raise bad_request("multipart/form-data needs a boundary of 1 to 200 characters")
    reader = _Reader()
    try:
        parser = _parser(reader, boundary)
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise bad_request(f"the multipart body is malformed: {error}"[:300]) from None
    if not reader.complete:
        raise bad_request("the multipart body ends before its closing boundary")
    return reader.parts


def _parser(reader: _Reader, boundary: bytes) -> MultipartParser:
    return MultipartParser(
        boundary,
        {
            "on_part_begin": reader.begin,
            "on_header_begin": reader.header_begin,
            "on_header_field": lambda data, start, end: reader.name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: reader.value.extend(data[start:end]),
            "on_header_end": reader.header_end,
            "on_part_data": lambda data, start, end: reader.data.extend(data[start:end]),
            "on_part_end": reader.end,
            "on_end": reader.finish,
        },
    )


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
