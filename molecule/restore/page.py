# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the commands of a page's section as a script: page.py PAGE SECTION [OLD=NEW...]."""

from __future__ import annotations

import sys
from pathlib import Path


def commands(text: str, section: str) -> list[str]:
    """What the console blocks of the section with that number tell to type. Raises ValueError for none."""
    found, typing, going_on = [], False, False
    inside = text.split(f"\n## {section}. ")[1].split("\n## ")[0]
    for line in inside.splitlines():
        if line.startswith("```"):
            typing = line == "```console"
        elif typing and (line.startswith("$ ") or going_on):
            found.append(line.removeprefix("$ "))
            going_on = line.endswith("\\")
    if not found:
        raise ValueError(f"section {section} tells nothing to type")
    return found


def main(page: str, section: str, *words: str) -> None:
    """Exchange the page's examples for what is here."""
    told = "\n".join(commands(Path(page).read_text(), section))
    for old, new in (word.split("=", 1) for word in words):
        told = told.replace(old, new)
    print(f"set -eu\n{told}")


if __name__ == "__main__":
    main(*sys.argv[1:])
