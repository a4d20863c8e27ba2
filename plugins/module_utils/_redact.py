# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes text of unknown origin fit to print: bounded, without control characters and known secrets."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "********"
#: A secret shorter than this is likely to be a part of ordinary words, and is masked only where it stands
#: alone.
SHORT = 4

_BLANKS = re.compile(r"\s+")


class Redactor:
    """Knows secrets and removes them, raw and in the forms in which they are usually carried."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = frozenset(value for value in secrets if value)

    def with_more(self, secrets: Iterable[str]) -> Redactor:
        """One that knows these secrets as well."""
        return Redactor(self._secrets.union(secrets))

    def clean(self, text: str, limit: int = 300) -> str:
        """Answer ``text`` on one line, masked, and cut to ``limit`` characters."""
        flat = _BLANKS.sub(" ", _printable(self.mask(text))).strip()
        # A second pass: a secret may have been split by the characters that were just dropped.
        flat = self.mask(flat)
        return flat if len(flat) <= limit else flat[: limit - 3] + "..."

    def mask(self, text: str) -> str:
        """Answer ``text`` with every known secret masked, and nothing else changed."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def head(self, content: bytes, count: int) -> str:
        """Answer the first ``count`` characters of a content, at most, masked.

        A secret that begins there is looked for as far as it may go on. Where that is not here, less comes.
        """
        looked = 4 * (count + self._longest)
        text = _printable(content[:looked].decode("utf-8", "replace"))
        end = count if len(content) <= looked else max(0, min(count, len(text) - self._longest))
        pieces, at = [], 0
        for found in self._pattern.finditer(text) if self._pattern else ():
            if found.start() >= end:
                break
            pieces += [text[at : found.start()], MASK]
            at = found.end()
        return "".join([*pieces, text[at:end]])

    def scrub(self, value: Any) -> Any:
        """Answer ``value`` with every text in it masked."""
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, Mapping):
            return {key: self.scrub(item) for key, item in value.items()}
        return [self.scrub(item) for item in value] if isinstance(value, list | tuple) else value

    @cached_property
    def _known(self) -> list[str]:
        # Made on first use only: most calls go well, and a fleet may have thousands of secrets.
        forms = {form for value in self._secrets if len(value) >= SHORT for form in _forms(value)}
        return sorted(forms, key=len, reverse=True)

    @property
    def _longest(self) -> int:
        return len(self._known[0]) if self._known else SHORT

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        alone = [f"(?<!\\w){re.escape(value)}(?!\\w)" for value in self._secrets if len(value) < SHORT]
        longest_first = [re.escape(form) for form in self._known]
        return re.compile("|".join(longest_first + alone), re.IGNORECASE) if self._secrets else None

    def __repr__(self) -> str:
        return "Redactor()"


def _forms(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    stripped = secret.strip()
    plain = {secret, repr(secret)[1:-1], ascii(secret)[1:-1], *_urls(secret), *_jsons(secret)}
    lines = {line for line in secret.splitlines() if len(line) >= 2 * SHORT}
    return {form for form in plain | lines | {stripped, raw.hex()} | _base64(raw) if len(form) >= SHORT}


def _urls(secret: str) -> Iterator[str]:
    """As usual libraries write it in URLs: they agree on letters and digits only."""
    for kept in ("", "/", "!'()*"):
        yield quote(secret, safe=kept, errors="replace")
    yield quote_plus(secret, errors="replace")


def _jsons(secret: str) -> Iterator[str]:
    """As usual libraries write it in JSON: some escape slashes (PHP), or what HTML would take (Go, .NET)."""
    plain = json.dumps(secret)[1:-1]
    yield from (plain, json.dumps(secret, ensure_ascii=False)[1:-1], plain.replace("/", "\\/"))
    for chars in ("<>&", "<>&'+`"):
        yield plain.translate({ord(char): f"\\u{ord(char):04x}" for char in chars})


def _base64(raw: bytes) -> set[str]:
    """The parts that stay the same wherever the secret stands in a longer encoded text."""
    found = set()
    for shift in range(3):
        code = base64.b64encode(bytes(shift) + raw).decode().rstrip("=")
        whole = (len(raw) + shift) * 8 // 6
        core = code[-(-shift * 8 // 6) : whole]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return {form for form in found if len(form) >= SHORT}


def _printable(text: str) -> str:
    return "".join(
        char for char in text if char in " \t\n\r" or not unicodedata.category(char).startswith("C")
    )


__all__ = ["MASK", "Redactor"]
