# SPDX-License-Identifier: GPL-3.0-or-later
"""The service finds on its host each file of the library that it imports, and no more is sent there."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[4]
LIBRARY = ROOT / "plugins/module_utils"
ABSOLUTE = re.compile(
    r"^from ansible_collections\.adsengineer\.orchestrator\.plugins\.module_utils(\S*) import (.+)", re.M
)
RELATIVE = re.compile(r"^\s*from (\.+)(\S*) import (.+)", re.M)


def _file(package: Path, name: str, imported: str) -> list[Path]:
    """The files behind C(from package.name import imported)."""
    place = package.joinpath(*name.split(".")) if name else package
    if not place.is_dir():
        return [place.with_suffix(".py")]
    return [place / "__init__.py", *(place / f"{item.strip()}.py" for item in imported.split(","))]


def _imported(file: Path) -> set[Path]:
    text = file.read_text()
    found = [_file(LIBRARY, name.removeprefix("."), imported) for name, imported in ABSOLUTE.findall(text)]
    if file.is_relative_to(LIBRARY):
        found += [
            _file(file.parents[len(dots) - 1], name, what) for dots, name, what in RELATIVE.findall(text)
        ]
    return {one for some in found for one in some if one.is_file()}


def _closure(files: set[Path]) -> set[Path]:
    found: set[Path] = set()
    while files:
        found |= files
        files = {one for file in files for one in _imported(file)} - found
    return found


def test_what_the_service_imports_is_what_it_is_given() -> None:
    shared = yaml.safe_load((ROOT / "roles/relay/vars/main.yml").read_text())["__relay_shared"]
    own = set((ROOT / "roles/relay/files/relay").glob("*.py"))
    needed = {str(file.relative_to(LIBRARY)) for file in _closure(own) - own}
    packages = {f"{name.split('/')[0]}/__init__.py" for name in needed if "/" in name}
    assert sorted(shared) == sorted(needed | packages)
