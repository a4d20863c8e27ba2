# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's program is beside no package of ours."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "roles" / "backup" / "files"))
