# SPDX-License-Identifier: GPL-3.0-or-later
"""Make ``ansible_collections.adsengineer.orchestrator`` importable from any clone path."""

from __future__ import annotations

import sys
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_NAME = "ansible_collections.adsengineer.orchestrator"

if _NAME not in sys.modules:
    name = ""
    for part in _NAME.split("."):
        name = f"{name}.{part}" if name else part
        module = types.ModuleType(name)
        module.__path__ = [str(ROOT)] if name == _NAME else []
        sys.modules.setdefault(name, module)

# Applications of their own, not part of the collection's import tree.
for _role in ("embedded_edge", "relay"):
    sys.path.insert(0, str(ROOT / "roles" / _role / "files"))
