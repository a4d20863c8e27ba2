# Copyright: (c) 2026, adsengineer.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a status tells, as JSON in a file for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..module_utils._files import write_atomically
from ._controller import Refusal


def written(dest: str, told: Any, check: bool) -> bool:
    """Write it whole or not at all; answers whether the file changes. Raises Refusal."""
    path, content = Path(dest), json.dumps(told, indent=2) + "\n"
    try:
        if path.is_file() and path.read_text() == content:
            return False
        if not check:
            write_atomically(path, content.encode(), 0o644)
    except OSError as error:
        raise Refusal(f"The status can't be written to {dest}: {error.strerror}.") from None
    return True


__all__ = ["written"]
